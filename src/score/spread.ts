/** Where the uncertainty of a mean accuracy comes from: the choice of problems, or the draw of samples. */
import { mean, standardDeviation } from './intervals.js';
import type { JudgedProblem } from './outcomes.js';

/** The variance of avg@n in its two parts. */
export interface Spread {
  /** Standard error of avg@n over problems, as a share. */
  readonly standardError: number;
  /** The part of its square that more samples a problem would remove, in [0, 1]. */
  readonly samplingShare: number;
  /** Intraclass correlation of the samples of a problem; 1 when they all agree. */
  readonly correlation: number;
  /** Samples a problem are worth this many independent ones: n / (1 + (n - 1) correlation). */
  readonly effectiveSamples: number;
}

/**
 * Var(avg) = (Var_i(p_i) + E_i[p_i (1 - p_i) / n_i]) / problems, with the unbiased within term c (n - c) / (n (n - 1)) (Miller
 * 2024, arXiv 2411.00640) and the pooled correlation (mean of c (c - 1) / (n (n - 1)) - p^2) / (p (1 - p)) (arXiv 2603.27844).
 * `null` where that is undefined: fewer than two problems, a problem with one sample, or every score alike.
 */
export function varianceSplit(problems: readonly JudgedProblem[]): Spread | null {
  if (problems.some(({ outcomes }) => outcomes.length < 2)) return null;
  const shares = problems.map(({ right, outcomes }) => right / outcomes.length);
  const deviation = standardDeviation(shares);
  if (!deviation) return null;
  const total = deviation ** 2 / problems.length;
  const sampling =
    mean(problems.map(({ right: c, outcomes: { length: n } }) => (c * (n - c)) / (n * n * (n - 1)))) /
    problems.length;
  const average = mean(shares);
  const together = mean(
    problems.map(({ right: c, outcomes: { length: n } }) => (c * (c - 1)) / (n * (n - 1))),
  );
  const correlation = Math.min(1, Math.max(0, (together - average ** 2) / (average * (1 - average))));
  const samples = mean(problems.map(({ outcomes }) => outcomes.length));
  return {
    standardError: Math.sqrt(total),
    samplingShare: Math.min(1, sampling / total),
    correlation,
    effectiveSamples: samples / (1 + (samples - 1) * correlation),
  };
}
