import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LengthForecast } from './lengthForecast.js';

describe('LengthForecast', () => {
  test('expects half of what is left while it knows nothing, then what samples of that length still drew', () => {
    const forecast = new LengthForecast();
    expect(forecast.more({ drawn: 100, maxTokens: 300 })).toBe(100);
    for (let at = 0; at < 20; at += 1) forecast.saw(at < 10 ? 50 : 150);
    expect(forecast.more({ drawn: 0, maxTokens: 8000 })).toBe(100);
    expect(forecast.more({ drawn: 60, maxTokens: 8000 })).toBe(90);
    expect(forecast.more({ drawn: 60, maxTokens: 70 })).toBe(10);
    // Longer than all that ended: nothing is known of it.
    expect(forecast.more({ drawn: 150, maxTokens: 350 })).toBe(100);
  });

  test('forgets what is long past', () => {
    const forecast = new LengthForecast();
    for (let at = 0; at < 300; at += 1) forecast.saw(1000);
    for (let at = 0; at < 300; at += 1) forecast.saw(10);
    expect(forecast.more({ drawn: 0, maxTokens: 8000 })).toBe(10);
  });

  test('finds the peak of rows that grow together and end one by one', () => {
    const row = fc.record({
      positions: fc.integer({ min: 0, max: 50 }),
      drawn: fc.constant(0),
      maxTokens: fc.integer({ min: 1, max: 40 }).map((half) => 2 * half),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
        let most = 0;
        for (let time = 0; time <= 40; time += 1) {
          const there = rows.filter(({ maxTokens }) => maxTokens / 2 >= time);
          most = Math.max(
            most,
            there.reduce((sum, { positions }) => sum + positions + time, 0),
          );
        }
        expect(new LengthForecast().peak(rows)).toBe(most);
      }),
    );
  });
});
