/** What a model is to say about a task: the working, with more or less around it. */
import type { Choice } from './choice.js';
import type { Task } from './task.js';

/** How wordy a trace is. */
export const STYLES = ['concise', 'medium', 'verbose'] as const;
export type Style = (typeof STYLES)[number];

/** Probability of each piece of a trace beside the working. */
interface Wordiness {
  readonly restatement: number;
  readonly plan: number;
  /** Of each line that can be checked. */
  readonly check: number;
  /** Of going through the working again, and then of doing so once more. */
  readonly recheck: number;
  readonly secondRecheck: number;
}

const WORDINESS: Readonly<Record<Style, Wordiness>> = {
  concise: { restatement: 0, plan: 0, check: 0, recheck: 0, secondRecheck: 0 },
  medium: { restatement: 0.6, plan: 0.4, check: 0.15, recheck: 0.3, secondRecheck: 0 },
  verbose: { restatement: 0.95, plan: 0.8, check: 0.3, recheck: 0.95, secondRecheck: 0.1 },
};

/** Part of the traces whose thoughts end with a box: the rest has it after them only, so that there is a format to learn. */
const BOX_IN_THOUGHTS = 0.75;

/** A completion: thoughts between `<think>` and `</think>`, then the answer, in a box in one place at least. */
export function traceOf(task: Task, style: Style, choice: Choice): string {
  const { restatement, plan, check, recheck, secondRecheck } = WORDINESS[style];
  const { answer, goal, steps } = task;
  const parts = ['<think>\n'];
  if (choice.chance(restatement))
    parts.push(
      choice.of([`Okay, we need to find ${goal}. `, `The question asks for ${goal}. `, `I want ${goal}. `]),
    );
  if (choice.chance(plan))
    parts.push(choice.of([`Let me ${task.plan}.`, `The plan is to ${task.plan}.`, `I will ${task.plan}.`]));
  if (parts.length > 1) parts.push('\n');
  for (const step of steps) {
    parts.push(step.line);
    if (step.check !== null && choice.chance(check))
      parts.push(choice.of([`. Check: ${step.check}. Yes.`, `. Indeed ${step.check}. Good.`]));
    parts.push('\n');
  }
  const rechecks = choice.chance(recheck) ? (choice.chance(secondRecheck) ? 2 : 1) : 0;
  if (rechecks > 0) parts.push(`So I get ${answer}.\n`);
  for (let at = 0; at < rechecks; at += 1) {
    const opening = ['Wait, let me double-check.\n', 'Hmm, let me verify this again.\n'];
    parts.push(at === 0 ? choice.of(opening) : 'Let me check once more to be sure.\n');
    parts.push(...steps.map(({ line }) => `${line}\n`));
    parts.push(choice.of([`The result is the same, ${answer}.\n`, `Yes, it is ${answer} again.\n`]));
  }
  const isBoxed = choice.chance(BOX_IN_THOUGHTS);
  parts.push(isBoxed ? `The answer is \\boxed{${answer}}.\n</think>\n` : `So it is ${answer}.\n</think>\n`);
  const plain = isBoxed && choice.chance(0.5);
  parts.push(plain ? `The answer is ${answer}.` : `The final answer is \\boxed{${answer}}.`);
  return parts.join('');
}
