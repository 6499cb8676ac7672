/** AIMO3's score: the whole submission made twice, and each problem worth half a point a run. */
import type { Score } from './score.js';

export interface TwoRunScore {
  /** Sum over problems of 1, 0.5 or 0 for two, one or no run right. */
  readonly points: number;
  readonly both: number;
  readonly one: number;
  readonly none: number;
}

/** The two-run score of one checkpoint under two seeds; `null` when the runs are anything else. */
export function twoRunScore(first: Score, second: Score): TwoRunScore | null {
  const sameWork =
    first.digests.model === second.digests.model &&
    first.digests.prompt === second.digests.prompt &&
    first.digests.problems === second.digests.problems;
  if (!sameWork || first.settings.seed === second.settings.seed) return null;
  const inSecond = new Set(second.submission.rightIds);
  const both = first.submission.rightIds.filter((id) => inSecond.has(id)).length;
  const one = first.submission.right + second.submission.right - 2 * both;
  return { points: both + one / 2, both, one, none: first.problems - both - one };
}
