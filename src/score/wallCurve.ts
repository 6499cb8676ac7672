/** Accuracy against wall time: how right the votes were while the run went on. */
import type { BusyClock } from './busyClock.js';
import { type Estimate, estimateShare } from './intervals.js';
import { pluralityScore } from './majAtK.js';
import { countVotes, type JudgedProblem } from './outcomes.js';

/** The run as it would have ended after `seconds`. */
export interface WallPoint {
  /** Seconds worked, pauses left out. */
  readonly seconds: number;
  /** Samples finished by then. */
  readonly samples: number;
  /** Plurality of the finished samples, ties shared; a problem without a vote is wrong. */
  readonly majority: Estimate;
}

/** Points of the curve, evenly spaced: a table reads eighths of it, and a plot needs no more. */
export const WALL_POINTS = 64;

/**
 * The vote of each problem over the samples that had finished at evenly spaced moments, the last of which is the end of the
 * run and so maj@n. Problems are the denominator from the start: one that is not begun yet is wrong.
 */
export function wallCurve(problems: readonly JudgedProblem[], clock: BusyClock): WallPoint[] {
  if (!(clock.seconds > 0)) return [];
  const finished = problems.map(({ outcomes }) =>
    outcomes
      .map((outcome) => ({ outcome, at: clock.elapsedAtEnd(outcome) }))
      .sort((first, second) => first.at - second.at),
  );
  return Array.from({ length: WALL_POINTS }, (_, step) => {
    // The last moment is not held against rounding.
    const isLast = step === WALL_POINTS - 1;
    const seconds = isLast ? clock.seconds : (clock.seconds * (step + 1)) / WALL_POINTS;
    const limit = isLast ? Number.POSITIVE_INFINITY : seconds;
    const counted = finished.map((samples) => samples.filter(({ at }) => at <= limit));
    return {
      seconds,
      samples: counted.reduce((sum, samples) => sum + samples.length, 0),
      majority: estimateShare(
        counted.map((samples) => pluralityScore(countVotes(samples.map(({ outcome }) => outcome)))),
      ),
    };
  });
}
