/** From a problem to the message the model is shown. */
import type { Problem } from '../core.js';
import { UsageError } from '../errors.js';

const SLOT = '{problem}';

/** The usual wording for models that were not trained on another one. */
export const DEFAULT_PROMPT = `${SLOT}\n\nPlease reason step by step, and put your final answer within \\boxed{}.`;

/** Checks a prompt template. @throws UsageError when it has no place for the problem. */
export function checkPrompt(template: string): string {
  if (template.includes(SLOT)) return template;
  throw new UsageError('the prompt has no place for the problem', `Write ${SLOT} where its text belongs.`, {
    field: '--prompt',
  });
}

/** The user's message for a problem. */
export function promptFor(problem: Problem, template: string): string {
  return template.split(SLOT).join(problem.text);
}
