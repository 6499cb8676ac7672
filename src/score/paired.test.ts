import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { holmAdjust, mcnemarTest, signFlipTest } from './paired.js';

/** Share of all 2^n sign patterns at least as far from 0, by recursion over whole numbers. */
function bruteForce(differences: readonly number[]): number {
  const observed = Math.abs(differences.reduce((a, b) => a + b, 0));
  const sums = differences.reduce<number[]>(
    (all, size) => all.flatMap((sum) => [sum + size, sum - size]),
    [0],
  );
  return sums.filter((sum) => Math.abs(sum) >= observed).length / sums.length;
}

describe('signFlipTest', () => {
  test('equals brute force, zeros included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 10 }), (eighths) => {
        const { p, method } = signFlipTest(eighths.map((count) => count / 8));
        expect(p).toBeCloseTo(bruteForce(eighths), 12);
        expect(method).toBe('exact');
      }),
      { numRuns: 80 },
    );
  });

  test('is McNemar for differences of one', () => {
    expect(signFlipTest([1, 1, 1, 1, 1, 1, 0, 0]).p).toBeCloseTo(mcnemarTest(0, 6).p, 12);
    expect(signFlipTest([1, -1, 1, 1, 1, 1, 1]).p).toBeCloseTo(mcnemarTest(1, 6).p, 12);
  });

  test('samples patterns above 20 differences, close to the exact value and the same for a seed', () => {
    const differences = [...Array<number>(17).fill(1), ...Array<number>(8).fill(-1)];
    const sampled = signFlipTest(differences, 1);
    const exact = mcnemarTest(8, 17).p;
    expect(sampled.method).toBe('monte-carlo');
    // Five standard errors of 100,000 patterns.
    expect(Math.abs(sampled.p - exact)).toBeLessThan(5 * Math.sqrt((exact * (1 - exact)) / 1e5));
    expect(signFlipTest(differences, 1)).toEqual(sampled);
  });

  test('never gives 0, and 1 where nothing differs', () => {
    expect(signFlipTest(Array<number>(200).fill(0.5)).p).toBeCloseTo(1 / 100_001, 12);
    expect(signFlipTest([0, 0, 0])).toEqual({ p: 1, method: 'exact' });
  });

  test('counts equal sums as equal in spite of rounding', () => {
    expect(signFlipTest([0.1, 0.2, 0.3]).p).toBe(0.25);
    expect(signFlipTest([0.3, 0.1, -0.2]).p).toBe(0.75);
  });
});

describe('mcnemarTest', () => {
  test.each([
    [6, 0, 0.03125],
    [5, 0, 0.0625],
    [0, 0, 1],
    [3, 3, 1],
    [2, 8, 0.109375],
  ])('%d against %d: p = %f', (onlyFirst, onlySecond, p) => {
    expect(mcnemarTest(onlyFirst, onlySecond).p).toBeCloseTo(p, 12);
    expect(mcnemarTest(onlySecond, onlyFirst).p).toBeCloseTo(p, 12);
  });

  test('serves thousands of problems and refuses what is no count', () => {
    expect(mcnemarTest(2000, 2100).p).toBeGreaterThan(0.1);
    expect(mcnemarTest(2000, 2100).p).toBeLessThan(0.13);
    expect(() => mcnemarTest(-1, 2)).toThrow('no counts');
  });
});

describe('holmAdjust', () => {
  test("gives Holm's worked steps, in the order given", () => {
    const adjusted = holmAdjust([0.03, 0.01, 0.04, 0.005]);
    [0.06, 0.03, 0.06, 0.02].forEach((p, index) => {
      expect(adjusted[index]).toBeCloseTo(p, 12);
    });
  });

  test('is at least the p-value, at most 1, and keeps the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), (pValues) => {
        const adjusted = holmAdjust(pValues);
        expect(adjusted).toHaveLength(pValues.length);
        pValues.forEach((p, index) => {
          expect(adjusted[index]).toBeGreaterThanOrEqual(p);
          expect(adjusted[index]).toBeLessThanOrEqual(1);
          pValues.forEach((q, other) => {
            if (p < q) expect(adjusted[index]!).toBeLessThanOrEqual(adjusted[other]!);
          });
        });
      }),
    );
  });
});
