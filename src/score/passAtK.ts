/** pass@k: the chance that at least one of k samples is right. */
import { StatisticsInputError, SubsetSizeError } from './errors.js';

/**
 * Unbiased pass@k of one problem with `right` of `n` samples right: 1 - C(n - right, k) / C(n, k)
 * (Chen et al. 2021, "Evaluating large language models trained on code"), as a product, which cannot overflow.
 * @throws SubsetSizeError unless 1 <= k <= n.
 */
export function passAtK(n: number, right: number, k: number): number {
  checkSubset(n, k);
  if (!(Number.isInteger(right) && right >= 0 && right <= n))
    throw new StatisticsInputError(`${right} of ${n} samples right is no count`, 'Count between 0 and n.');
  let allWrong = 1;
  for (let drawn = 0; drawn < k && allWrong > 0; drawn++) allWrong *= (n - right - drawn) / (n - drawn);
  return 1 - Math.max(0, allWrong);
}

/** @throws SubsetSizeError unless `k` whole samples can be drawn from `n`. */
export function checkSubset(n: number, k: number): void {
  if (!(Number.isInteger(k) && k >= 1 && k <= n)) throw new SubsetSizeError(k, n);
}
