import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BusyClock } from './busyClock.js';

describe('BusyClock', () => {
  // 0-2 s, 1-4 s and, after a pause, 10-10.5 s.
  const records = [
    { startedAt: 10_000, seconds: 0.5 },
    { startedAt: 0, seconds: 2 },
    { startedAt: 1000, seconds: 3 },
  ];

  test('counts overlaps once and pauses not at all', () => {
    const clock = new BusyClock(records);
    expect(clock.seconds).toBeCloseTo(4.5, 9);
    expect(records.map((record) => clock.elapsedAtEnd(record))).toEqual([4.5, 2, 4]);
    expect(new BusyClock([]).seconds).toBe(0);
  });

  test('equals a count of the seconds in which a sample ran', () => {
    const record = fc.record({ startedAt: fc.nat(40).map((s) => 1000 * s), seconds: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), (drawn) => {
        const busy = (until: number): number =>
          Array.from({ length: until }, (_, second) => second).filter((second) =>
            drawn.some(
              ({ startedAt, seconds }) => startedAt / 1000 <= second && second < startedAt / 1000 + seconds,
            ),
          ).length;
        const clock = new BusyClock(drawn);
        expect(clock.seconds).toBe(busy(50));
        for (const one of drawn)
          expect(clock.elapsedAtEnd(one)).toBe(busy(one.startedAt / 1000 + one.seconds));
      }),
    );
  });
});
