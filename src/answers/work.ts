/** Counts the arithmetic done for one text, so that its time is bounded by construction and never by a timer. */
import { RefusedAnswerError } from './refusal.js';

/** Units that the reading of one text may spend; a unit takes about a microsecond. */
export const MAX_WORK = 2_500;

// Reading is synchronous, so that one counter serves; it is bottomless outside of `withinWork`.
let left = Number.POSITIVE_INFINITY;

/** Runs `compute` with a full allowance; within another such call, with what that one has left. */
export function withinWork<Result>(compute: () => Result): Result {
  if (left !== Number.POSITIVE_INFINITY) return compute();
  left = MAX_WORK;
  try {
    return compute();
  } finally {
    left = Number.POSITIVE_INFINITY;
  }
}

/** Takes units off the allowance. @throws RefusedAnswerError once it is used up */
export function spend(units: number): void {
  left -= units;
  if (left < 0) throw new RefusedAnswerError('it takes more work than a text may cost');
}

/** Units of one operation on numbers of so many bits; products and quotients grow with the square. */
export function workOf(bits: number): number {
  return 0.2 + (bits / 2048) ** 2;
}
