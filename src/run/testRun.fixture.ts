/** A run and samples for the tests of this room. */
import type { Run, Sample } from '../core.js';
import { RUN_FORMAT } from './runFile.js';

export const RUN: Run = {
  format: RUN_FORMAT,
  program: '0.0.0',
  modelName: 'pebble',
  problemSet: 'tiny',
  order: ['b', '192e23', 'a'],
  settings: {
    samples: 4,
    maxTokens: 64,
    seed: 7,
    sampling: { greedy: false, temperature: 0.6, topK: 0, topP: 0.95, minP: 0, repetitionPenalty: 1 },
    edition: 'aime',
    vote: 'plurality',
    inFlight: 1,
    timeBudgetMs: null,
    budgetPolicy: 'equal',
    stop: 'none',
    stopTexts: [],
    stopAtAnswer: 'never',
    stopLoops: false,
    budgetForcing: false,
    difficulty: null,
    dtype: 'fp32',
    device: 'cpu',
    batchInvariant: false,
  },
  digests: { model: 'a'.repeat(64), problems: 'b'.repeat(64), prompt: 'c'.repeat(64) },
  versions: { node: '20' },
  sealed: null,
};

/** A sample of `RUN` whose text has what a line must survive: a newline, quotes, letters of several bytes. */
export function sampleOf(
  problemId: string,
  index: number,
  text = `"é\n\u{1f9ee}" \\boxed{${index}}`,
): Sample {
  return {
    problemId,
    index,
    seed: 7,
    promptTokens: 5,
    tokens: [3, 1, 4],
    text,
    finish: 'stop',
    answer: { value: 10n ** 30n + BigInt(index), rule: 'boxed', span: [4, 5], warning: null },
    answerEnd: 2,
    forced: null,
    logprob: -1.25,
    tailLogprob: -1.25,
    startedAt: 1_000 + index,
    seconds: 0.5,
  };
}
