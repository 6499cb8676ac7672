import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boxesOf } from './boxes.js';

describe('boxesOf', () => {
  test.each([
    ['a \\boxed{42} b', [[2, 12, '42', false]]],
    [
      '\\fbox{4}\\boxed{2}',
      [
        [0, 8, '4', false],
        [8, 17, '2', false],
      ],
    ],
    ['\\boxed{\\frac{1}{2}}', [[0, 19, '\\frac{1}{2}', false]]],
    ['\\boxed{\\{1\\}}', [[0, 13, '\\{1\\}', false]]],
    ['\\boxed{\\}}', [[0, 10, '\\}', false]]],
    ['\\boxed{a\\\\}', [[0, 11, 'a\\\\', false]]],
    [
      '\\boxed{\\boxed{1}2}',
      [
        [7, 16, '1', false],
        [0, 18, '\\boxed{1}2', false],
      ],
    ],
    ['\\boxed{1 \\boxed{2}', [[9, 18, '2', false]]],
    [
      '\\boxed {1}\\boxed\n{2}',
      [
        [0, 10, '1', false],
        [10, 20, '2', false],
      ],
    ],
    ['\\boxed 42.', [[0, 9, '42', true]]],
    ['\\boxed\t-4.5!', [[0, 11, '-4.5', true]]],
    ['\\boxed\n42', []],
    ['\\boxed', []],
    ['\\boxed x', []],
    ['\\boxedness{42}', []],
    ['boxed{42}', []],
    ['\\boxed{42', []],
    ['}}\\boxed{{}', []],
    ['\\\\boxed{42}', [[1, 11, '42', false]]],
  ] as const)('%j', (text, boxes) => {
    expect(boxesOf(text).map(({ start, end, content, bare }) => [start, end, content, bare])).toEqual(boxes);
  });

  test('a prefix holds the boxes that end in it', () => {
    const pieces = fc.constantFrom('\\boxed{', '\\fbox{', '\\boxed', '{', '}', '\\', '\\{', 'x', ' ', '\\\\');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), fc.nat(80), (parts, cut) => {
        const text = parts.join('');
        expect(boxesOf(text.slice(0, cut))).toEqual(boxesOf(text).filter(({ end }) => end <= cut));
      }),
    );
  });
});
