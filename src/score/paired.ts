/** Tests of two runs on the same problems, and the price of testing several pairs. */
import { logChoose } from './distributions.js';
import { StatisticsInputError } from './errors.js';
import { seededBits } from './random.js';

/** A two-sided p-value, and whether every arrangement was counted or a seeded part of them. */
export interface TestResult {
  readonly p: number;
  readonly method: 'exact' | 'monte-carlo';
}

/** Differences other than 0 up to which all 2^n sign patterns are counted: a million sums, some milliseconds. */
export const EXACT_DIFFERENCES = 20;
/** Random sign patterns above that: the smallest p is 1e-5, and p = 0.05 has a standard error of 0.0007. */
export const SIGN_PATTERNS = 100_000;
/** Sums closer than this share of the largest possible sum count as equal; they differ by rounding only. */
const ROUNDING = 1e-12;

/**
 * Sign-flip permutation test (Fisher 1935) of the mean paired difference: the share of sign patterns whose sum is at least
 * as far from 0. The Monte Carlo p counts the observed pattern too, (1 + hits) / (1 + patterns) (Phipson and Smyth 2010).
 */
export function signFlipTest(differences: readonly number[], seed = 0): TestResult {
  const sizes = Float64Array.from(differences.filter((difference) => difference !== 0));
  const reach = sizes.reduce((sum, size) => sum + Math.abs(size), 0);
  const observed = Math.abs(sizes.reduce((sum, size) => sum + size, 0)) - ROUNDING * reach;
  return sizes.length <= EXACT_DIFFERENCES
    ? { p: exactShare(sizes, observed), method: 'exact' }
    : { p: sampledShare(sizes, observed, seed), method: 'monte-carlo' };
}

function exactShare(sizes: Float64Array, observed: number): number {
  if (sizes.length === 0) return 1;
  // A pattern and its mirror image are equally far from 0, so the first sign stays fixed.
  const patterns = 2 ** (sizes.length - 1);
  let hits = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let sum = sizes[0]!;
    for (let position = 1; position < sizes.length; position++)
      sum += (pattern >>> (position - 1)) & 1 ? -sizes[position]! : sizes[position]!;
    if (Math.abs(sum) >= observed) hits++;
  }
  return hits / patterns;
}

function sampledShare(sizes: Float64Array, observed: number, seed: number): number {
  const bits = seededBits(seed);
  let hits = 0;
  for (let pattern = 0; pattern < SIGN_PATTERNS; pattern++) {
    let sum = 0;
    let signs = 0;
    for (let position = 0; position < sizes.length; position++) {
      if (position % 32 === 0) signs = bits();
      sum += signs & 1 ? -sizes[position]! : sizes[position]!;
      signs >>>= 1;
    }
    if (Math.abs(sum) >= observed) hits++;
  }
  return (1 + hits) / (1 + SIGN_PATTERNS);
}

/**
 * McNemar's exact test (1947) of two 0/1 outcomes per problem, from the problems that only one side got right:
 * min(1, 2 P(X <= min)) with X binomial(onlyFirst + onlySecond, 1/2).
 */
export function mcnemarTest(onlyFirst: number, onlySecond: number): TestResult {
  if (![onlyFirst, onlySecond].every((count) => Number.isInteger(count) && count >= 0))
    throw new StatisticsInputError(
      `${onlyFirst} and ${onlySecond} are no counts of problems`,
      'Count from 0.',
    );
  const discordant = onlyFirst + onlySecond;
  let tail = 0;
  for (let count = 0; count <= Math.min(onlyFirst, onlySecond); count++)
    tail += Math.exp(logChoose(discordant, count) - discordant * Math.LN2);
  return { p: Math.min(1, 2 * tail), method: 'exact' };
}

/** Holm's step-down adjustment (1979) of the p-values of one family, in the order given. */
export function holmAdjust(pValues: readonly number[]): number[] {
  const ascending = pValues.map((p, index) => ({ p, index })).sort((x, y) => x.p - y.p);
  const adjusted = new Array<number>(pValues.length);
  let floor = 0;
  ascending.forEach(({ p, index }, rank) => {
    floor = Math.max(floor, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = floor;
  });
  return adjusted;
}
