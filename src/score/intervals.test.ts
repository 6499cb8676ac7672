import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { regularizedBeta } from './distributions.js';
import { StatisticsInputError } from './errors.js';
import {
  clopperPearsonInterval,
  estimateShare,
  FEW_PROBLEMS,
  mean,
  tInterval,
  wilsonInterval,
} from './intervals.js';
import { seededBits } from './random.js';

describe('binary intervals', () => {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
  test.each([
    [81, 263, 0.2553, 0.3662, 0.2527, 0.3676],
    [15, 148, 0.0624, 0.1605, 0.0578, 0.1617],
    [0, 20, 0, 0.1611, 0, 0.1684],
    [1, 29, 0.0061, 0.1718, 0.0009, 0.1776],
  ])('%d of %d as published', (successes, n, wilsonLow, wilsonHigh, exactLow, exactHigh) => {
    const wilson = wilsonInterval(successes, n);
    const exact = clopperPearsonInterval(successes, n);
    expect([wilson.low, wilson.high].map((bound) => bound.toFixed(4))).toEqual(
      [wilsonLow, wilsonHigh].map((bound) => bound.toFixed(4)),
    );
    expect([exact.low, exact.high].map((bound) => bound.toFixed(4))).toEqual(
      [exactLow, exactHigh].map((bound) => bound.toFixed(4)),
    );
  });

  test('hold the share, mirror each other and stay in [0, 1]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const successes = Math.round(share * n);
          for (const interval of [wilsonInterval, clopperPearsonInterval]) {
            const { low, high } = interval(successes, n);
            const mirrored = interval(n - successes, n);
            expect(low).toBeLessThanOrEqual(successes / n);
            expect(high).toBeGreaterThanOrEqual(successes / n);
            expect(low).toBeGreaterThanOrEqual(0);
            expect(high).toBeLessThanOrEqual(1);
            expect(mirrored.low).toBeCloseTo(1 - high, 10);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the exact one leaves a fortieth on each side', () => {
    const { low, high } = clopperPearsonInterval(7, 50);
    expect(regularizedBeta(low, 7, 44)).toBeCloseTo(0.025, 10); // P(X >= 7 | low)
    expect(1 - regularizedBeta(high, 8, 43)).toBeCloseTo(0.025, 10); // P(X <= 7 | high)
  });

  test('refuse what is no share', () => {
    expect(() => wilsonInterval(5, 4)).toThrow(StatisticsInputError);
    expect(() => wilsonInterval(0, 0)).toThrow(StatisticsInputError);
    expect(() => clopperPearsonInterval(1.5, 4)).toThrow(StatisticsInputError);
  });
});

describe('tInterval', () => {
  test("gives Student's example: sleep data, mean 1.58 of ten, 95 % from 0.70 to 2.46", () => {
    const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
    const interval = tInterval(sleep);
    expect(mean(sleep)).toBeCloseTo(1.58, 12);
    expect(interval?.low).toBeCloseTo(0.7001, 4);
    expect(interval?.high).toBeCloseTo(2.4599, 4);
  });

  test('claims nothing from one value, or from values all alike', () => {
    expect(tInterval([0.4])).toBeNull();
    expect(tInterval([0.1, 0.1, 0.1])).toBeNull();
  });
});

describe('estimateShare', () => {
  test('is Wilson for 0/1 scores, t for fractions, and never certain because scores are alike', () => {
    expect(estimateShare([1, 0, 1, 1])).toEqual({ value: 0.75, interval: wilsonInterval(3, 4) });
    const many = Array.from({ length: FEW_PROBLEMS }, (_, position) => (position % 5) / 4);
    expect(estimateShare(many).interval).toEqual(tInterval(many));
    expect(estimateShare([0.5, 0.5]).interval).toEqual(wilsonInterval(1, 2));
    expect(estimateShare([0, 0, 0]).interval?.high).toBeGreaterThan(0.5);
  });

  test('of few problems is the hull of t and Wilson: nine solved problems of ten do not make the tenth rare', () => {
    const nearly = [...Array<number>(9).fill(1), 0.98];
    const { interval } = estimateShare(nearly);
    expect(interval?.method).toBe('t-and-wilson');
    expect(interval!.low).toBeCloseTo(wilsonInterval(9.98, 10).low, 12);
    expect(interval!.low).toBeLessThan(0.75);
    expect(estimateShare([0, 0.01, 0.99, 1]).interval).toMatchObject({ low: 0, high: 1 });
  });

  test('of few problems holds the truth where t alone does not, and of many does not claim too much', () => {
    // Nine problems of ten are solved at 97 %, one at 10 %: the mean is 0.883.
    const bits = seededBits(5);
    const uniform = (): number => bits() / 2 ** 32;
    const covered = (problems: number): number => {
      let hits = 0;
      for (let trial = 0; trial < 400; trial++) {
        const shares = Array.from({ length: problems }, () => {
          const chance = uniform() < 0.9 ? 0.97 : 0.1;
          return Array.from({ length: 16 }, () => (uniform() < chance ? 1 : 0)).filter(Boolean).length / 16;
        });
        const { low, high } = estimateShare(shares).interval!;
        if (low <= 0.883 && 0.883 <= high) hits++;
      }
      return hits / 400;
    };
    expect(covered(10)).toBeGreaterThan(0.95);
    expect(covered(FEW_PROBLEMS)).toBeGreaterThan(0.88);
  });

  test('of many problems nearly all alike is no narrower than of a perfect run', () => {
    const almost = [...Array<number>(254).fill(1), 0.75, 0.5];
    const { interval } = estimateShare(almost);
    const perfect = estimateShare(Array<number>(256).fill(1)).interval!;
    expect(interval!.low).toBeLessThanOrEqual(perfect.low);
    expect(interval!.high).toBe(1);
    const spread = [...Array<number>(246).fill(1), ...Array.from({ length: 10 }, (_, at) => at / 20)];
    expect(estimateShare(spread).interval?.method).toBe('t');
  });

  test('stays in [0, 1]', () => {
    const { interval } = estimateShare([1, 1, 1, 0.9]);
    expect(interval?.high).toBe(1);
    expect(() => estimateShare([])).toThrow(StatisticsInputError);
  });
});
