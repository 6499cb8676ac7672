import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLooping, LONGEST_PERIOD, LOOK_INTERVAL, LOOP_TOKENS } from './repetition.js';

/** The tokens after which a row would be ended; `null` if it never is. */
function endOf(tokens: readonly number[]): number | null {
  for (let length = 1; length <= tokens.length; length += 1)
    if (isLooping(tokens.slice(0, length))) return length;
  return null;
}

const token = fc.nat(5);
const block = fc.array(token, { minLength: 1, maxLength: LONGEST_PERIOD });
const repeat = (tokens: readonly number[], length: number) =>
  Array.from({ length }, (_, at) => tokens[at % tokens.length]!);

test('ends a row at the first look after 512 tokens that repeat, whatever came before and whatever the period', () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 300 }), block, (before, period) => {
      const end = endOf([...before, ...repeat(period, 2 * LOOP_TOKENS)])!;
      const latest = before.length + period.length + LOOP_TOKENS + LOOK_INTERVAL;
      expect(end % LOOK_INTERVAL).toBe(0);
      expect(end).toBeLessThanOrEqual(latest);
    }),
  );
});

test('by definition: each of the last 512 tokens equals the one a period of at most 256 before it', () => {
  const loops = (tokens: readonly number[]) =>
    Array.from({ length: LONGEST_PERIOD }, (_, at) => at + 1).some(
      (period) =>
        tokens.length >= LOOP_TOKENS + period &&
        tokens.slice(-LOOP_TOKENS).every((each, at) => each === tokens.slice(-LOOP_TOKENS - period)[at]),
    );
  const broken = fc
    .record({ period: fc.array(fc.nat(1), { minLength: 1, maxLength: 280 }), flips: fc.array(fc.nat(900)) })
    .map(({ period, flips }) => {
      const tokens = repeat(period, 1024);
      for (const at of flips.slice(0, 2)) tokens[at] = 7;
      return tokens;
    });
  fc.assert(
    fc.property(broken, fc.integer({ min: 0, max: 15 }), (tokens, look) => {
      const seen = tokens.slice(0, 64 * (look + 1));
      expect(isLooping(seen)).toBe(loops(seen));
    }),
  );
});

test('never ends text that says something new at least every 511 tokens', () => {
  const writing = fc.record({
    period: block,
    news: fc.array(fc.integer({ min: 100, max: 10 ** 6 }), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(writing, ({ period, news }) => {
      // The longest stretch in which every token repeats: from one piece of news to the next.
      const tokens = [...new Set(news)].flatMap((each) => [each, ...repeat(period, LOOP_TOKENS - 1)]);
      expect(endOf(tokens)).toBeNull();
    }),
    { numRuns: 30 },
  );
});

test('never ends lists that count, tables whose lines differ, or long decimals with a period that moves', () => {
  const digits = (value: number) => [...String(value)].map(Number);
  const counting = Array.from({ length: 1500 }, (_, at) => [50, 51, ...digits(at), 52]).flat();
  const table = Array.from({ length: 60 }, (_, at) => [
    ...repeat([60, 61, 0, 61], 120),
    ...digits(at),
    62,
  ]).flat();
  const champernowne = Array.from({ length: 2000 }, (_, at) => digits(at)).flat();
  for (const tokens of [counting, table, champernowne]) expect(endOf(tokens.slice(0, 6000))).toBeNull();
});

test('copies are three or more: two of the longest period are not enough', () => {
  const period = Array.from({ length: LONGEST_PERIOD }, (_, at) => at);
  expect(endOf(repeat(period, 2 * LONGEST_PERIOD))).toBeNull();
  expect(endOf(repeat(period, 3 * LONGEST_PERIOD))).toBe(3 * LONGEST_PERIOD);
});
