import { describe, expect, test } from '@jest/globals';
import {
  betaQuantile,
  logChoose,
  logGamma,
  regularizedBeta,
  studentTCdf,
  studentTQuantile,
} from './distributions.js';

describe('logGamma', () => {
  test('gives factorials and the half-integer value', () => {
    let logFactorial = 0;
    for (let n = 1; n <= 170; n++) {
      logFactorial += Math.log(n);
      expect(Math.abs(logGamma(n + 1) - logFactorial)).toBeLessThan(1e-12 * Math.max(1, logFactorial));
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13);
    expect(logGamma(0.25)).toBeCloseTo(1.2880225246980774, 12);
  });

  test('gives binomial coefficients', () => {
    expect(Math.exp(logChoose(52, 5))).toBeCloseTo(2_598_960, 4);
    expect(logChoose(7, 0)).toBe(0);
  });
});

describe('regularizedBeta', () => {
  test('equals the binomial tail it stands for (DLMF 8.17.5)', () => {
    for (const [n, k, p] of [
      [10, 3, 0.2],
      [25, 20, 0.9],
      [256, 100, 0.4],
    ] as const) {
      let tail = 0;
      for (let x = k; x <= n; x++)
        tail += Math.exp(logChoose(n, x) + x * Math.log(p) + (n - x) * Math.log(1 - p));
      expect(regularizedBeta(p, k, n - k + 1)).toBeCloseTo(tail, 11);
    }
  });

  test('is inverted by betaQuantile', () => {
    expect(regularizedBeta(betaQuantile(0.31, 4.5, 11), 4.5, 11)).toBeCloseTo(0.31, 12);
  });
});

describe('studentTQuantile', () => {
  // Critical values of Student's t, two-sided 95 % and 99 % (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
  test.each([
    [1, 0.975, 12.706],
    [2, 0.975, 4.303],
    [5, 0.975, 2.571],
    [9, 0.975, 2.262],
    [10, 0.995, 3.169],
    [29, 0.975, 2.045],
    [49, 0.975, 2.01],
    [100, 0.975, 1.984],
  ])('%d degrees of freedom at %f: %f', (degrees, probability, published) => {
    expect(studentTQuantile(probability, degrees)).toBeCloseTo(published, 3);
    expect(studentTQuantile(1 - probability, degrees)).toBeCloseTo(-published, 3);
  });

  test('is Cauchy at one degree of freedom and normal at many', () => {
    expect(studentTCdf(1, 1)).toBeCloseTo(0.75, 14);
    expect(studentTQuantile(0.975, 1e7)).toBeCloseTo(1.959964, 5);
    expect(studentTQuantile(0.5, 3)).toBe(0);
  });
});
