/** A total time budget shared over the problems of a run. */
import type { RunSettings } from '../core.js';
import { BoxedError } from '../errors.js';
import { type Clock, steady } from './clock.js';
import { fairShare } from './lanes.js';
import type { BudgetPolicy } from './policies/policy.js';

/** A time budget in which not even one problem can be tried. */
export class BudgetTooSmallError extends BoxedError {
  override readonly name = 'BudgetTooSmallError';
}

/** Less than this for a problem does not pay for its prompt. */
export const MIN_SHARE_MS = 50;

/** Part of a budget, and its bounds, kept back for writing and sealing the submission. */
const RESERVE_SHARE = 0.02;
const RESERVE_BOUNDS_MS = [500, 60_000] as const;

/** Writing down a sample that the last deadline cuts. */
const RESERVE_PER_SAMPLE_MS = 0.2;

type Width = Pick<RunSettings, 'samples' | 'inFlight'>;

/** Milliseconds of a budget that are kept back for finishing. */
export function reserveMs(totalMs: number, problems: number, width: Width): number {
  const [least, most] = RESERVE_BOUNDS_MS;
  return Math.min(Math.max(totalMs * RESERVE_SHARE, least) + closingMs(problems, width), most);
}

/** For the samples that the last deadline may cut. */
function closingMs(problems: number, { samples, inFlight }: Width): number {
  return RESERVE_PER_SAMPLE_MS * samples * Math.min(inFlight, problems);
}

/** What loading even a small model takes. */
const MIN_LOADING_MS = 1_000;

/**
 * Refuses a budget in which a problem's share would be below `MIN_SHARE_MS`, before anything is loaded.
 * @throws BudgetTooSmallError
 */
export function checkBudget(totalMs: number, problems: number, width: Width): void {
  const { inFlight } = width;
  const rounds = Math.ceil(problems / Math.max(1, Math.min(inFlight, problems)));
  const neededMs = MIN_LOADING_MS + MIN_SHARE_MS * rounds;
  if (totalMs - reserveMs(totalMs, problems, width) >= neededMs) return;
  // The reserve grows with the budget that is asked for.
  const afterMs = neededMs + closingMs(problems, width);
  const budgetMs = Math.max(afterMs + RESERVE_BOUNDS_MS[0], afterMs / (1 - RESERVE_SHARE));
  throw new BudgetTooSmallError(
    `${totalMs} ms is too little to load a model and try ${problems === 1 ? 'one problem' : `${problems} problems, ${inFlight} at a time`}`,
    `Give at least ${Math.ceil(budgetMs)} ms: ${MIN_LOADING_MS} to load, ${MIN_SHARE_MS} a problem, and what is kept for writing things down.`,
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
  readonly policy: BudgetPolicy;
}

/** The time of one open problem. */
export interface Share {
  readonly openedMs: number;
  /** When drawing for the problem must end, milliseconds since the Unix epoch; infinite without a budget. */
  readonly deadlineMs: number;
  /** The latest that `revise` can move the deadline to. */
  readonly latestMs: number;
  /** Moves the deadline to where it would be had this demand (see `Standing`) been known when the problem was opened. */
  revise(demand: number): void;
  /** Gives back what is left of it. */
  close(): void;
}

/** Opens problems, each with a share by the policy. Every deadline is at or before the end, whatever the policy or the clock do. */
export class TimeBudget {
  readonly #options: TimeBudgetOptions;
  readonly #clock: Clock;
  readonly #open = new Set<Share>();
  #unopened: number;
  #baseMs: number | null = null;

  constructor(options: TimeBudgetOptions) {
    this.#options = options;
    this.#clock = steady(options.clock);
    this.#unopened = options.problems;
  }

  /**
   * The share of the next problem.
   * @param demand tokens it is expected to need, as a multiple of what problems need on average
   * @throws BudgetTooSmallError when the first problem's share is below `MIN_SHARE_MS`.
   */
  open(demand = 1): Share {
    const now = this.#clock.now();
    const shareMs = this.#policyAt(now);
    const end = this.#options.deadlineMs ?? Number.POSITIVE_INFINITY;
    const deadline = (wanted: number) => Math.min(end, now + Math.max(0, shareMs(wanted)));
    const share = {
      openedMs: now,
      deadlineMs: deadline(demand),
      latestMs: deadline(Number.MAX_VALUE),
      revise: (revised: number) => {
        share.deadlineMs = deadline(revised);
      },
      close: () => {
        this.#open.delete(share);
      },
    };
    this.#open.add(share);
    this.#unopened = Math.max(0, this.#unopened - 1);
    return share;
  }

  /** From a demand to milliseconds, as things stand now. */
  #policyAt(now: number): (demand: number) => number {
    const { deadlineMs, policy } = this.#options;
    if (deadlineMs === null) return () => Number.POSITIVE_INFINITY;
    const unopened = Math.max(1, this.#unopened);
    const fairMs = fairShare(this.#lanesMs(now, deadlineMs, unopened), unopened);
    if (this.#baseMs === null) this.#requireFloor(fairMs, unopened);
    const baseMs = this.#baseMs ?? fairMs;
    this.#baseMs = baseMs;
    // Nobody comes after the last one.
    if (unopened === 1) return () => fairMs;
    return (demand) => policy.share({ fairMs, baseMs, unopened, demand });
  }

  /** Milliseconds that each lane is free before the end; the first is the one of the problem about to be opened. */
  #lanesMs(now: number, end: number, unopened: number): number[] {
    const lanes = Math.max(1, Math.min(this.#options.inFlight - this.#open.size, unopened));
    const free = Array.from({ length: lanes }, () => Math.max(0, end - now));
    return [
      ...free,
      ...Array.from(this.#open, ({ deadlineMs }) => Math.max(0, end - Math.max(now, deadlineMs))),
    ];
  }

  #requireFloor(fairMs: number, unopened: number): void {
    if (fairMs >= MIN_SHARE_MS) return;
    const rounds = Math.ceil(unopened / Math.min(this.#options.inFlight, unopened));
    const missingMs = (MIN_SHARE_MS - fairMs) * rounds;
    throw new BudgetTooSmallError(
      `once the model is loaded, the time budget leaves ${Math.round(fairMs)} ms for a problem`,
      `Give at least ${Math.ceil(missingMs / 1000)} s more, or fewer problems.`,
      { field: '--time-budget' },
    );
  }
}
