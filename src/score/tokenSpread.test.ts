import { describe, expect, test } from '@jest/globals';
import { spreadOfTokens } from './tokenSpread.js';

describe('spreadOfTokens', () => {
  test('gives the quantiles of R and NumPy', () => {
    const tokens = [10, 2, 33, 4, 5].map((count) => ({ tokens: count }));
    // quantile(c(10, 2, 33, 4, 5), c(.05, .25, .5, .75, .95)), type 7.
    expect(spreadOfTokens(tokens)).toEqual({
      samples: 5,
      mean: 10.8,
      p5: 2.4,
      p25: 4,
      median: 5,
      p75: 10,
      p95: expect.closeTo(28.4, 12),
    });
  });

  test('is nothing without samples, and one number for samples all alike', () => {
    expect(spreadOfTokens([])).toBeNull();
    const alike = spreadOfTokens([{ tokens: 7 }, { tokens: 7 }]);
    expect(alike).toEqual({ samples: 2, mean: 7, p5: 7, p25: 7, median: 7, p75: 7, p95: 7 });
  });
});
