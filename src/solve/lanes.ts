/** Problems that are open at the same time run side by side, as in lanes; one that comes starts where one ends. */

/** Halvings after which the share is closer to the exact one than any two candidates are for a million problems. */
const HALVINGS = 40;

/**
 * The largest share that `problems` problems can have alike when they are run one after another in lanes that are free
 * for `lanesMs` milliseconds each: the largest s with sum over lanes of floor(lane / s) >= problems.
 */
export function fairShare(lanesMs: readonly number[], problems: number): number {
  const longest = Math.max(0, ...lanesMs);
  if (lanesMs.length === 1 || longest === 0) return longest / problems;
  const fits = (share: number) =>
    lanesMs.reduce((sum, lane) => sum + Math.floor(lane / share), 0) >= problems;
  // One more fits than needed, so that rounding cannot make it one too few.
  let low = longest / (problems + 1);
  let high = longest;
  if (fits(high)) return high;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  // The exact share is a lane divided by a whole number: the smallest such that is not below `low`.
  const exact = lanesMs.map((lane) => lane / Math.floor(lane / low)).filter(Number.isFinite);
  return Math.min(...exact);
}
