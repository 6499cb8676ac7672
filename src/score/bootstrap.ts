/** Bootstrap over problems: intervals of statistics that have no formula, such as a ratio of means. */
import { StatisticsInputError } from './errors.js';
import { type Interval, TAIL } from './intervals.js';
import { seededBits, uniformBelow } from './random.js';

/** Resamples: the Monte Carlo error of a 2.5 % quantile is then below a tenth of the interval's width. */
export const RESAMPLES = 10_000;

/**
 * Percentile bootstrap (Efron 1979) with problems drawn with replacement.
 * `statistic` gets the drawn problems as indices in [0, `problems`), in an array that is reused between calls.
 */
export function bootstrapInterval(
  problems: number,
  statistic: (drawn: Uint32Array) => number,
  seed = 0,
): Interval {
  if (!(Number.isInteger(problems) && problems > 0))
    throw new StatisticsInputError(`cannot resample ${problems} problems`, 'Give at least one problem.');
  const bits = seededBits(seed);
  const drawn = new Uint32Array(problems);
  const outcomes = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    for (let position = 0; position < problems; position++) drawn[position] = uniformBelow(bits, problems);
    outcomes[resample] = statistic(drawn);
  }
  outcomes.sort();
  return { low: quantile(outcomes, TAIL), high: quantile(outcomes, 1 - TAIL), method: 'bootstrap' };
}

/** The quantile of sorted values, linear between neighbours (Hyndman and Fan 1996, definition 7). */
export function quantile(sorted: Float64Array, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
