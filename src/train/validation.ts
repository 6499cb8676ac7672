/** How a model in training does on problems that it does not train on. */
import { extractAnswer } from '../answers/extract.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import type { Sampling } from '../core.js';
import type { AnsweredProblems } from './answeredProblems.js';
import type { Tensors } from './modelFolder.js';
import { drawSamples, type RolloutOptions } from './rollouts.js';

/** As the paper draws (arXiv 2507.08267), and as `make evaluate` does. */
export const TRAINING_SAMPLING: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 0.9,
  minP: 0.05,
  repetitionPenalty: 1,
};

export interface ValidationOptions extends RolloutOptions {
  readonly samples: number;
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly seed: number;
}

export interface ValidationResult {
  /** Share of all samples whose answer is right. */
  readonly accuracy: number;
  /** Mean tokens of a sample, its end token included. */
  readonly meanTokens: number;
  /** Share of the samples that ended by themselves. */
  readonly stopped: number;
  readonly seconds: number;
}

/** Draws `samples` answers to each problem and reads them as `boxed evaluate` does. */
export async function validate(
  tensors: Tensors,
  { problems, edition }: AnsweredProblems,
  tokenizer: ChatTokenizer,
  options: ValidationOptions,
): Promise<ValidationResult> {
  const startedAt = performance.now();
  const { samples, maxTokens, stopTokens, seed } = options;
  const requests = problems.map(({ id, promptTokens }) => ({
    ...{ id, promptTokens, samples, maxTokens, stopTokens, seed },
    sampling: TRAINING_SAMPLING,
  }));
  const answers = new Map(problems.map(({ id, answer }) => [id, answer]));
  const drawn = await drawSamples(tensors, requests, options);
  let [right, tokens, stopped] = [0, 0, 0];
  for (const completion of drawn) {
    const text = textOf(completion.tokens, tokenizer, stopTokens);
    if (extractAnswer(text, edition).value === answers.get(completion.id)) right += 1;
    if (completion.finish === 'stop') stopped += 1;
    tokens += completion.tokens.length;
  }
  return {
    accuracy: right / drawn.length,
    meanTokens: tokens / drawn.length,
    stopped: stopped / drawn.length,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Text of a continuation without the token that ended it. */
export function textOf(
  tokens: Int32Array,
  tokenizer: Pick<ChatTokenizer, 'decode'>,
  stopTokens: readonly number[],
): string {
  const ended = stopTokens.includes(tokens.at(-1) ?? -1);
  return tokenizer.decode([...(ended ? tokens.subarray(0, -1) : tokens)]);
}
