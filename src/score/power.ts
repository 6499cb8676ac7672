/** What a paired comparison can see: how many problems a difference takes, and which difference the problems there can show. */
import { StatisticsInputError } from './errors.js';
import { standardDeviation } from './intervals.js';

/** Standard normal quantiles at 1 - 0.05 / 2 and at 0.8: a two-sided test at 5 % that sees a true difference four times in five. */
const Z_TEST = 1.959963984540054;
const Z_POWER = 0.8416212335729143;
/** The chance of seeing a true difference for which problems are counted. */
export const POWER = 0.8;

/** What the spread of the differences between two runs allows. */
export interface PairPower {
  /** Standard deviation over problems of the difference of avg@n. */
  readonly deviation: number;
  /** The same with samples without end: what is left is between the problems. `null` where a problem has one sample. */
  readonly deviationOfProblems: number | null;
  /** The smallest true difference that as many problems show four times in five; `null` for too few problems. */
  readonly visible: number | null;
  /** Problems in which a true difference as large as the one observed would be seen; `null` for a difference of 0. */
  readonly problemsForObserved: number | null;
}

/**
 * Problems needed to see a true difference of means, two-sided at 5 %, with power 80 %:
 * n = (z_(1 - a/2) + z_power)^2 s^2 / d^2 (Miller 2024, arXiv 2411.00640, section 5, with s^2 = w^2 + s_A^2 / K_A + s_B^2 / K_B, of
 * which the variance of the paired differences is an unbiased estimate), plus z_(1 - a/2)^2 / 2 for the t distribution
 * (Guenther 1981, "Sample size formulas for normal theory t tests").
 * @param deviation s, of the paired differences
 * @throws StatisticsInputError unless the deviation is at least 0 and the difference is above 0
 */
export function problemsNeeded(deviation: number, difference: number): number {
  if (!(deviation >= 0 && difference > 0))
    throw new StatisticsInputError(
      `no number of problems shows a difference of ${difference} with a deviation of ${deviation}`,
      'Ask for a difference above 0.',
    );
  return Math.ceil(((Z_TEST + Z_POWER) * deviation) ** 2 / difference ** 2 + Z_TEST ** 2 / 2);
}

/** The difference that `problems` problems show, by the same formula solved for d; `null` when they are too few for any. */
export function visibleDifference(deviation: number, problems: number): number | null {
  const rest = problems - Z_TEST ** 2 / 2;
  return rest > 0 ? ((Z_TEST + Z_POWER) * deviation) / Math.sqrt(rest) : null;
}

/**
 * Power of a pair from its differences, one a problem, and the part of their variance that comes from drawing samples
 * (mean over problems of p_A (1 - p_A) / K_A + p_B (1 - p_B) / K_B, unbiased); `null` where the differences do not vary.
 */
export function pairPower(differences: readonly number[], samplingVariance: number | null): PairPower | null {
  const deviation = standardDeviation(differences);
  if (!deviation) return null;
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0) / differences.length);
  return {
    deviation,
    deviationOfProblems:
      samplingVariance === null ? null : Math.sqrt(Math.max(0, deviation ** 2 - samplingVariance)),
    visible: visibleDifference(deviation, differences.length),
    problemsForObserved: observed > 0 ? problemsNeeded(deviation, observed) : null,
  };
}
