/** How likely counts are under a distribution. */
import { logGamma } from '../../src/score/distributions.js';

/** Tokens expected more rarely share a bin, since the approximation does not hold for them. */
const FEWEST_EXPECTED = 10;

/**
 * Probability of counts that fit worse than these, by Pearson's chi-square test; 0 where an impossible token was drawn.
 */
export function goodnessOfFit(counts: ArrayLike<number>, probabilities: readonly number[]): number {
  const draws = Array.from(counts).reduce((sum, count) => sum + count, 0);
  let [statistic, bins] = [0, 0];
  const rare = { count: 0, expected: 0 };
  const take = (count: number, expected: number) => {
    statistic += (count - expected) ** 2 / expected;
    bins += 1;
  };
  for (const [token, probability] of probabilities.entries()) {
    const expected = probability * draws;
    if (probability === 0 && counts[token]! > 0) return 0;
    if (expected >= FEWEST_EXPECTED) take(counts[token]!, expected);
    else {
      rare.count += counts[token]!;
      rare.expected += expected;
    }
  }
  if (rare.expected >= FEWEST_EXPECTED) take(rare.count, rare.expected);
  return bins < 2 ? 1 : 1 - lowerGamma((bins - 1) / 2, statistic / 2);
}

/** Regularised lower incomplete gamma function P(a, x): DLMF 8.11.4. */
function lowerGamma(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-16; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return x === 0 ? 0 : Math.exp(a * Math.log(x) - x - logGamma(a + 1)) * sum;
}
