import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lastEndMs, spentMs } from './spent.js';

const sample = (startedAt: number, seconds: number) => ({ startedAt, seconds });

describe('spentMs', () => {
  test.each([
    ['nothing', [], 0],
    ['one', [sample(1_000, 2)], 2_000],
    ['two at once', [sample(1_000, 2), sample(2_000, 3)], 4_000],
    ['one within another', [sample(1_000, 9), sample(2_000, 1)], 9_000],
    ['a pause between them, out of order', [sample(100_000, 1), sample(1_000, 2)], 3_000],
  ])('counts %s', (_, samples, expected) => {
    expect(spentMs(samples)).toBe(expected);
  });

  test('property: as many as the seconds that some interval covers', () => {
    const second = fc.record({ startedAt: fc.nat(40).map((n) => n * 1_000), seconds: fc.nat(10) });
    fc.assert(
      fc.property(fc.array(second), (samples) => {
        const covered = new Set<number>();
        for (const { startedAt, seconds } of samples) {
          for (let n = 0; n < seconds; n += 1) covered.add(startedAt / 1_000 + n);
        }
        expect(spentMs(samples)).toBe(covered.size * 1_000);
      }),
    );
  });
});

test('lastEndMs is the end of the sample that ended last, whichever began last', () => {
  expect(lastEndMs([sample(1_000, 9), sample(5_000, 1)])).toBe(10_000);
  expect(lastEndMs([])).toBe(Number.NEGATIVE_INFINITY);
});
