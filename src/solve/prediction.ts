/** From the answers of a problem's samples to the prediction. Derived from the journal alone, so a resume gives the same. */
import { plurality } from '../answers/vote.js';
import type { Prediction } from '../core.js';

/** Submitted for a problem without a single vote. */
export const FALLBACK_ANSWER = 0n;

/** Plurality over `answers` (by sample index, in any order; `null`: no answer). */
export function predict(problemId: string, answers: ReadonlyMap<number, bigint | null>): Prediction {
  const inOrder = [...answers.entries()].sort(([a], [b]) => a - b).map(([, value]) => value);
  return { problemId, ...plurality(inOrder, FALLBACK_ANSWER) };
}
