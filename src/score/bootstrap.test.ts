import { describe, expect, test } from '@jest/globals';
import { bootstrapInterval, quantile } from './bootstrap.js';
import { StatisticsInputError } from './errors.js';
import { mean, tInterval } from './intervals.js';
import { bitsFromState, seededBits, uniformBelow } from './random.js';

describe('random bits', () => {
  test('are xoshiro128**: the first values from state 1, 2, 3, 4 of the reference program', () => {
    const bits = bitsFromState([1, 2, 3, 4]);
    expect([bits(), bits(), bits(), bits()]).toEqual([11520, 0, 5927040, 70819200]);
  });

  test('depend on the seed and on nothing else', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededBits(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('fill a range evenly', () => {
    const bits = seededBits(3);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let drawn = 0; drawn < 60_000; drawn++) counts[uniformBelow(bits, 6)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(20.5); // 99.9 % quantile at 5 degrees of freedom
  });
});

describe('bootstrapInterval', () => {
  const values = Array.from({ length: 80 }, (_, index) => (index * 37) % 80);
  const meanOf = (drawn: Uint32Array): number => mean(Array.from(drawn, (position) => values[position]!));

  test('of a mean agrees with the t interval on many problems', () => {
    const t = tInterval(values)!;
    const resampled = bootstrapInterval(values.length, meanOf);
    const width = t.high - t.low;
    expect(Math.abs(resampled.low - t.low) / width).toBeLessThan(0.05);
    expect(Math.abs(resampled.high - t.high) / width).toBeLessThan(0.05);
  });

  test('repeats itself for a seed', () => {
    expect(bootstrapInterval(80, meanOf, 4)).toEqual(bootstrapInterval(80, meanOf, 4));
    expect(bootstrapInterval(80, meanOf, 4)).not.toEqual(bootstrapInterval(80, meanOf, 5));
  });

  test('needs problems', () => {
    expect(() => bootstrapInterval(0, () => 0)).toThrow(StatisticsInputError);
  });

  test('reads quantiles between neighbours', () => {
    const sorted = Float64Array.of(0, 10, 20, 30);
    expect([0, 0.5, 0.75, 1].map((probability) => quantile(sorted, probability))).toEqual([0, 15, 22.5, 30]);
  });
});
