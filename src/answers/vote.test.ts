import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnswerValue, TAIL_TOKENS } from '../core.js';
import {
  type Ballot,
  countVotes,
  plurality,
  UnknownVoteRuleError,
  VOTE_RULES,
  type VoteRule,
  voteRuleOf,
} from './vote.js';

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

/** One ballot a row: index, value, tokens, nats a token, nats a token over its end. */
function ballotsOf(
  rows: readonly (readonly [
    index: number,
    value: AnswerValue | null,
    tokens: number,
    entropy: number,
    tail?: number,
  ])[],
): Ballot[] {
  return rows.map(([index, value, tokens, entropy, tail = entropy]) => ({
    index,
    value,
    tokens,
    logprob: -entropy * tokens,
    tailLogprob: -tail * Math.min(tokens, TAIL_TOKENS),
  }));
}

const winner = (rule: VoteRule, rows: Parameters<typeof ballotsOf>[0]) =>
  countVotes(rule, ballotsOf(rows), 0n).value;
const weightsOf = (rule: VoteRule, rows: Parameters<typeof ballotsOf>[0]) =>
  new Map(countVotes(rule, ballotsOf(rows), 0n).votes);

describe('entropy', () => {
  const rows = [
    [0, 1n, 100, 0.5],
    [1, 1n, 100, 1],
    [2, 2n, 100, 0.25],
  ] as const;

  test('a sample weighs the inverse of its mean nats a token', () => {
    expect(weightsOf('entropy', rows)).toEqual(
      new Map([
        ['2', 4],
        ['1', 3],
      ]),
    );
  });

  test('certainty is bounded, so that no sample weighs more than 100', () => {
    expect(weightsOf('entropy', [[0, 1n, 10, 0]]).get('1')).toBe(100);
    expect(
      winner('entropy', [
        [0, 1n, 10, 0],
        [1, 2n, 10, 0.001],
        [2, 2n, 10, 0.002],
      ]),
    ).toBe(2n);
  });

  test('equal weights go to more votes, then to the first', () => {
    expect(
      winner('entropy', [
        [0, 5n, 10, 0.25],
        [1, 3n, 10, 0.5],
        [2, 3n, 10, 0.5],
      ]),
    ).toBe(3n);
    expect(
      winner('entropy', [
        [0, 9n, 10, 0.5],
        [1, 3n, 10, 0.5],
      ]),
    ).toBe(9n);
  });
});

describe('blend', () => {
  test('adds share of votes, certainty at the median of the ends, and a bonus for a sure leader', () => {
    const rows = [
      [0, 1n, 1000, 2, 0.5],
      [1, 1n, 1000, 2, 0.7],
      [2, 1n, 1000, 2, 0.6],
      [3, 2n, 1000, 2, 0.3],
    ] as const;
    const weights = weightsOf('blend', rows);
    expect(weights.get('1')).toBeCloseTo(2 * 0.75 + 0.3 / 0.6 + 0.5, 12);
    expect(weights.get('2')).toBeCloseTo(2 * 0.25 + 0.3 / 0.3, 12);
  });

  test('a leader with doubts has no bonus', () => {
    expect(weightsOf('blend', [[0, 1n, 10, 2]]).get('1')).toBeCloseTo(2 + 0.15, 12);
  });
});

describe('small-round', () => {
  test.each([
    [[20n, 21n], 21n],
    [[300n, 21n], 21n],
    [[300n, 300n, 21n], 300n],
    [[21n, 22n], 22n],
    [[22n, 21n], 22n],
    [['x + 1', 21n], 21n],
    [['x + 1', 'x'], 'x + 1'],
    [[5n, 'x'], 'x'],
  ] as const)('of %p the answer is %p', (values, expected) => {
    expect(
      winner(
        'small-round',
        values.map((value, index) => [index, value, 10, 1] as const),
      ),
    ).toBe(expected);
  });
});

describe('longest-agreeing', () => {
  test('the longest sample that another agrees with decides', () => {
    expect(
      winner('longest-agreeing', [
        [0, 1n, 50, 1],
        [1, 1n, 60, 1],
        [2, 2n, 55, 1],
        [3, 2n, 80, 1],
        [4, 3n, 500, 1],
      ]),
    ).toBe(2n);
  });

  test('where no two agree, the longest decides; of equally long ones the first', () => {
    expect(
      winner('longest-agreeing', [
        [0, 1n, 50, 1],
        [1, 2n, 70, 1],
        [2, 3n, 60, 1],
      ]),
    ).toBe(2n);
    expect(
      winner('longest-agreeing', [
        [0, 7n, 50, 1],
        [1, 2n, 50, 1],
      ]),
    ).toBe(7n);
  });
});

describe('every rule', () => {
  const ballots = fc.uniqueArray(fc.nat(40), { maxLength: 24 }).chain((indices) =>
    fc.tuple(
      ...indices.map((index) =>
        fc.record({
          index: fc.constant(index),
          value: fc.oneof(fc.constantFrom(null, 1n, 7n, 100n, 2n ** 70n), fc.constantFrom('x', '1/2')),
          tokens: fc.nat(600),
          logprob: fc.double({ min: -900, max: 0, noNaN: true }),
          tailLogprob: fc.double({ min: -300, max: 0, noNaN: true }),
        }),
      ),
    ),
  ) as fc.Arbitrary<Ballot[]>;

  test.each(VOTE_RULES)(
    '%s depends on the ballots and not on their order, and elects what was voted for',
    (rule) => {
      fc.assert(
        fc.property(ballots, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (given, dice) => {
          const shuffled = given
            .map((ballot) => ({ ballot, at: dice.next().value }))
            .sort((a, b) => a.at - b.at);
          const outcome = countVotes(rule, given, 'none');
          expect(
            countVotes(
              rule,
              shuffled.map(({ ballot }) => ballot),
              'none',
            ),
          ).toEqual(outcome);
          const values = new Set(given.flatMap(({ value }) => (value === null ? [] : [value])));
          expect(outcome.fallback).toBe(values.size === 0);
          expect(outcome.votes.length).toBe(values.size);
          if (!outcome.fallback) expect(values.has(outcome.value)).toBe(true);
          for (const [, weight] of outcome.votes) expect(Number.isFinite(weight) && weight >= 0).toBe(true);
        }),
      );
    },
  );

  test.each(VOTE_RULES)('%s: one answer alone wins, whatever the samples are like', (rule) => {
    expect(
      winner(rule, [
        [0, 100n, 5, 9],
        [3, null, 700, 0],
        [7, 100n, 1, 0],
      ]),
    ).toBe(100n);
  });

  test.each(VOTE_RULES)('%s: without an answer the fallback is given', (rule) => {
    expect(countVotes(rule, ballotsOf([[0, null, 5, 1]]), 4n)).toEqual({
      value: 4n,
      votes: [],
      fallback: true,
    });
  });

  test('an unknown one is refused with those there are', () => {
    const refusal = (() => {
      try {
        return voteRuleOf('majority');
      } catch (error) {
        return error as UnknownVoteRuleError;
      }
    })();
    expect(refusal).toBeInstanceOf(UnknownVoteRuleError);
    for (const rule of VOTE_RULES) {
      expect((refusal as UnknownVoteRuleError).hint).toContain(rule);
      expect(voteRuleOf(rule)).toBe(rule);
    }
  });
});
