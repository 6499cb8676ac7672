import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fairShare } from './lanes.js';

test('in one lane, problems share it', () => {
  expect(fairShare([1000], 4)).toBe(250);
});

test('with a lane each, problems have all of it', () => {
  expect(fairShare([1000, 1000, 1000], 3)).toBe(1000);
});

test('a last round that is not full is a round all the same', () => {
  expect(fairShare([900, 900], 3)).toBe(450);
  expect(fairShare([1100, 1100], 21)).toBe(100);
});

test('lanes that come free later hold fewer problems', () => {
  expect(fairShare([900, 300], 4)).toBe(300);
  expect(fairShare([900, 300], 5)).toBe(225);
});

test('rounding does not make it too large', () => {
  for (let problems = 1; problems < 500; problems += 1)
    expect(fairShare([74_881, 1], problems)).toBeLessThanOrEqual(74_881 / problems);
});

test('without time there is none to share', () => {
  expect(fairShare([0, 0], 3)).toBe(0);
});

test('is the largest share that fits, of any lanes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      (lanes, problems) => {
        fc.pre(Math.max(...lanes) > 0);
        const share = fairShare(lanes, problems);
        const held = (each: number) => lanes.reduce((sum, lane) => sum + Math.floor(lane / each), 0);
        expect(held(share * (1 - 1e-9))).toBeGreaterThanOrEqual(problems);
        expect(held(share * (1 + 1e-9))).toBeLessThan(problems);
      },
    ),
  );
});
