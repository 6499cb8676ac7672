/** A total time budget shared over the problems of a run. */
import { BoxedError } from '../errors.js';
import type { Clock } from './clock.js';

/** A time budget in which not even one problem can be tried. */
export class BudgetTooSmallError extends BoxedError {
  override readonly name = 'BudgetTooSmallError';
}

/** Less than this for a problem does not pay for its prompt. */
export const MIN_SHARE_MS = 50;

/** Part of a budget, and its bounds, kept back for writing and sealing the submission. */
const RESERVE_SHARE = 0.02;
const RESERVE_BOUNDS_MS = [250, 60_000] as const;

/** Milliseconds of a budget that are kept back for finishing. */
export function reserveMs(totalMs: number): number {
  return Math.min(Math.max(totalMs * RESERVE_SHARE, RESERVE_BOUNDS_MS[0]), RESERVE_BOUNDS_MS[1]);
}

/** Below this, what is left after the reserve does not even load a small model. */
const MIN_SOLVING_MS = 1_000;

/** Refuses a budget that cannot hold one problem, before anything is loaded. @throws BudgetTooSmallError */
export function checkBudget(totalMs: number): void {
  const needed = MIN_SOLVING_MS + reserveMs(totalMs);
  if (totalMs >= needed) return;
  throw new BudgetTooSmallError(
    `${totalMs} ms is too little to load a model and try one problem`,
    `Give at least ${Math.ceil(needed)} ms; ${Math.round(reserveMs(totalMs))} ms are kept for writing the submission.`,
    { field: '--time-budget' },
  );
}

export interface TimeBudgetOptions {
  readonly clock: Clock;
  /** When drawing must end, milliseconds since the Unix epoch; `null` without a limit. */
  readonly deadlineMs: number | null;
  /** Problems still to be opened. */
  readonly problems: number;
  /** Problems that are open at the same time and so share the machine. */
  readonly inFlight: number;
}

/**
 * The policy `equal`: a problem's share, when it is opened, is the time left divided by the problems left, times those
 * that run beside it. What a problem leaves unused is thereby shared by those that come after it.
 */
export class TimeBudget {
  readonly #options: TimeBudgetOptions;
  #left: number;
  #opened = 0;

  constructor(options: TimeBudgetOptions) {
    this.#options = options;
    this.#left = options.problems;
  }

  /**
   * Deadline of the next problem, milliseconds since the Unix epoch; infinite without a budget.
   * @throws BudgetTooSmallError when the first problem's share is below `MIN_SHARE_MS`.
   */
  open(): number {
    const { clock, deadlineMs, inFlight } = this.#options;
    if (deadlineMs === null) return Number.POSITIVE_INFINITY;
    const now = clock.now();
    const left = Math.max(1, this.#left);
    const share = ((deadlineMs - now) / left) * Math.min(inFlight, left);
    if (this.#opened === 0 && share < MIN_SHARE_MS) {
      const missing = (MIN_SHARE_MS * left) / Math.min(inFlight, left) - (deadlineMs - now);
      throw new BudgetTooSmallError(
        `once the model is loaded, the time budget leaves ${Math.max(0, Math.round(share))} ms for a problem`,
        `Give at least ${Math.ceil(missing / 1000)} s more, or fewer problems.`,
        { field: '--time-budget' },
      );
    }
    this.#opened += 1;
    this.#left -= 1;
    return Math.min(deadlineMs, now + share);
  }
}
