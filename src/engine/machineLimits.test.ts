import { expect, test } from '@jest/globals';
import { bestLimits } from './machineLimits.js';

test('keeps the better of two measurements of each limit', () => {
  const first = { readBytes: 10, flops: { fp32: 5, 'int8/128': 9 } };
  const second = { readBytes: 8, flops: { fp32: 6, 'int4/32': 7 } };
  expect(bestLimits(first, second)).toEqual({
    readBytes: 10,
    flops: { fp32: 6, 'int8/128': 9, 'int4/32': 7 },
  });
});
