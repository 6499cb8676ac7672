import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerValue } from '../core.js';
import { plurality } from './vote.js';

describe('plurality', () => {
  test.each([
    [[42n], 42n, [['42', 1]]],
    [
      [1n, 2n, 2n],
      2n,
      [
        ['2', 2],
        ['1', 1],
      ],
    ],
    [
      [null, 3n, null, 3n, 7n],
      3n,
      [
        ['3', 2],
        ['7', 1],
      ],
    ],
    // A tie goes to the answer whose first vote has the lowest index, not to the smaller one.
    [
      [9n, 1n, 1n, 9n],
      9n,
      [
        ['9', 2],
        ['1', 2],
      ],
    ],
    [
      [null, 5n, 9n, 1n, 1n, 9n],
      9n,
      [
        ['9', 2],
        ['1', 2],
        ['5', 1],
      ],
    ],
    // Beyond 2^53 neighbours are different answers.
    [
      [9007199254740993n, 9007199254740992n, 9007199254740992n],
      9007199254740992n,
      [
        ['9007199254740992', 2],
        ['9007199254740993', 1],
      ],
    ],
  ])('%p', (answers, value, votes) => {
    expect(plurality(answers, 0n)).toEqual({ value, votes, fallback: false });
  });

  test.each([[[]], [[null, null]]])('without a vote the fallback is given and said so: %p', (answers) => {
    expect(plurality(answers, 17n)).toEqual({ value: 17n, votes: [], fallback: true });
  });

  test('a vote for the value of the fallback is a vote', () => {
    expect(plurality([0n], 0n).fallback).toBe(false);
  });

  test('the winner has most votes, and of those the earliest first vote', () => {
    const answers = fc.array(fc.option(fc.bigInt({ min: 0n, max: 4n })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(answers, (given) => {
        const { value, votes, fallback } = plurality(given, 99n);
        const countOf = (answer: AnswerValue) => given.filter((other) => other === answer).length;
        expect(votes.reduce((sum, [, weight]) => sum + weight, 0)).toBe(
          given.filter((a) => a !== null).length,
        );
        if (fallback) return;
        for (const other of given) {
          if (other === null) continue;
          expect(countOf(other)).toBeLessThanOrEqual(countOf(value));
          if (countOf(other) === countOf(value))
            expect((given as (AnswerValue | null)[]).indexOf(value)).toBeLessThanOrEqual(
              given.indexOf(other),
            );
        }
      }),
    );
  });
});
