import { describe, expect, test } from '@jest/globals';
import type { Estimate } from '../score/intervals.js';
import {
  byteCount,
  changeWithInterval,
  duration,
  percentWithHalf,
  percentWithInterval,
  points,
  pointsWithInterval,
  pValue,
  threeDigits,
  tokenCount,
} from './format.js';

const estimate = (value: number, low: number, high: number): Estimate => ({
  value,
  interval: { low, high, method: 't' },
});

describe('numbers in tables', () => {
  test('shares are per cent', () => {
    expect(percentWithInterval(estimate(0.792, 0.768, 0.815))).toBe('79.2 [76.8, 81.5]');
    expect(percentWithHalf(estimate(0.792, 0.768, 0.816))).toBe('79.2 ± 2.4');
    expect(percentWithInterval({ value: 1, interval: null })).toBe('100.0');
  });

  test('differences carry a sign, and none where they round to 0', () => {
    expect(pointsWithInterval(estimate(-0.002, -0.031, 0.0274))).toBe('−0.2 [−3.1, +2.7]');
    expect(pointsWithInterval(estimate(-0.0001, -0.01, 0.01))).toBe('0.0 [−1.0, +1.0]');
    expect(changeWithInterval(estimate(-0.444, -0.46, -0.427))).toBe('−44.4% [−46.0, −42.7]');
    expect(changeWithInterval(estimate(2.383, 2.33, 2.434))).toBe('+238% [+233, +243]');
    expect(changeWithInterval(null)).toBe('–');
  });

  test.each([
    [219.04, '219.0'],
    [11_026.3, '11,026'],
    [null, '–'],
  ])('%s tokens are %s', (tokens, written) => {
    expect(tokenCount(tokens)).toBe(written);
  });

  test('p-values and durations', () => {
    expect([0.0009, 0.0125, 1].map(pValue)).toEqual(['<0.001', '0.013', '1.000']);
    expect([41.4, 725, 12_000].map(duration)).toEqual(['41 s', '12 min 5 s', '3 h 20 min']);
  });

  test('rates keep three digits', () => {
    expect([0.012345, 4.5678, 789.4, 12_345.6, 0].map(threeDigits)).toEqual([
      '0.0123',
      '4.57',
      '789',
      '12,346',
      '0',
    ]);
    expect([0.038, null].map(points)).toEqual(['3.8', '–']);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [3_401_728, '3.40 MB'],
    [9_996_000, '10.0 MB'],
    [99_960_000, '100 MB'],
    [999_600_000, '1.00 GB'],
    [25_276_502_016, '25.3 GB'],
    [4e15, '4000 TB'],
  ])('%s bytes are %s', (bytes, written) => {
    expect(byteCount(bytes)).toBe(written);
  });
});
