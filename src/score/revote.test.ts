import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BASE, sampleOf, syntheticKey, syntheticRun } from '../../test/support/syntheticRuns.js';
import { type Ballot, countVotes, VOTE_RULES } from '../answers/vote.js';
import type { Sample } from '../core.js';
import { collectRecords } from './records.js';
import { revote } from './revote.js';
import { voteAtK } from './voteAtK.js';

const run = syntheticRun(BASE, { problems: 2, samples: 3, maxTokens: 64 });
const key = syntheticKey(2); // answers 0, 7

async function replay(samples: readonly Sample[], withKey = true) {
  return revote(run, await collectRecords(run, samples), VOTE_RULES, withKey ? key : null);
}

describe('revote', () => {
  const samples = [
    sampleOf('p000', 0, { value: 5n, tokens: 60 }),
    sampleOf('p000', 1, { value: 0n, tokens: 10 }),
    sampleOf('p000', 2, { value: 0n, tokens: 20 }),
    sampleOf('p001', 0, { value: 8n, tokens: 50 }),
    sampleOf('p001', 1, { value: 7n, tokens: 60 }),
    sampleOf('p001', 2, { value: null, tokens: 64, finish: 'length' }),
  ];

  test('gives what each rule hands in, against the own rule and the key', async () => {
    const { ownRule, rules } = await replay(samples);
    expect(ownRule).toBe('plurality');
    const by = new Map(rules.map((replayed) => [replayed.rule, replayed]));
    expect(Object.fromEntries(by.get('plurality')!.answers)).toEqual({ p000: '0', p001: '8' });
    expect(by.get('plurality')).toMatchObject({ changed: 0, fallbacks: 0, right: 1 });
    // 0.6 for each 0, which is small: 1.2 against 0.6; 8 and 7 tie, and the larger wins.
    expect(Object.fromEntries(by.get('small-round')!.answers)).toEqual({ p000: '0', p001: '8' });
    expect(Object.fromEntries(by.get('longest-agreeing')!.answers)).toEqual({ p000: '0', p001: '7' });
    expect(by.get('longest-agreeing')).toMatchObject({ changed: 1, right: 2 });
    for (const { byVotes } of rules) {
      expect(byVotes.map(({ k }) => k)).toEqual([1, 2, 3]);
      // Of one sample every rule makes the same.
      expect(byVotes[0]!.accuracy.value).toBeCloseTo((2 / 3 + 1 / 3) / 2, 12);
    }
  });

  test('without a key says nothing about right and wrong', async () => {
    const { rules } = await replay(samples, false);
    for (const { right, accuracy, byVotes } of rules)
      expect([right, accuracy, byVotes]).toEqual([null, null, []]);
  });

  test('every sample truncated without an answer: fallbacks, and never right by a vote', async () => {
    const cut = samples.map(({ problemId, index }) =>
      sampleOf(problemId, index, { value: null, tokens: 64, finish: 'length' }),
    );
    for (const { fallbacks, byVotes, changed } of (await replay(cut)).rules) {
      expect([fallbacks, changed]).toEqual([2, 0]);
      for (const { accuracy } of byVotes) expect(accuracy.value).toBe(0);
    }
  });

  test('every answer the same, and every answer different', async () => {
    const same = samples.map(({ problemId, index }) => sampleOf(problemId, index, { value: 7n, tokens: 9 }));
    for (const { right, byVotes } of (await replay(same)).rules) {
      expect(right).toBe(1);
      for (const { accuracy } of byVotes) expect(accuracy.value).toBe(0.5);
    }
    const different = samples.map(({ problemId, index }) =>
      sampleOf(problemId, index, { value: BigInt(index) + 30n, tokens: 9 + index }),
    );
    const first = (rule: string, rules: Awaited<ReturnType<typeof replay>>['rules']) =>
      rules.find((replayed) => replayed.rule === rule)!.answers[0]![1];
    const { rules } = await replay(different);
    expect([
      first('plurality', rules),
      first('small-round', rules),
      first('longest-agreeing', rules),
    ]).toEqual(['30', '32', '32']);
  });
});

describe('voteAtK', () => {
  const ballots = fc.array(
    fc.record({
      value: fc.constantFrom(null, 1n, 2n, 50n),
      tokens: fc.integer({ min: 1, max: 400 }),
      logprob: fc.double({ min: -300, max: -1, noNaN: true }),
      tailLogprob: fc.double({ min: -200, max: -1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 7 },
  );

  test('is exact where all subsets are looked at', () => {
    fc.assert(
      fc.property(ballots, fc.constantFrom(...VOTE_RULES), (rows, rule) => {
        const all: Ballot[] = rows.map((row, index) => ({ index, ...row }));
        const problem = { ballots: all, votes: { right: 0, wrong: [], silent: 0 }, gold: 2n };
        if (rule === 'plurality') return;
        for (let k = 1; k <= all.length; k++) {
          let [right, subsets] = [0, 0];
          for (let mask = 0; mask < 1 << all.length; mask++) {
            const subset = all.filter((_, index) => (mask >> index) & 1);
            if (subset.length !== k) continue;
            subsets++;
            if (countVotes(rule, subset, 0n).value === 2n) right++;
          }
          const point = voteAtK([problem], rule, k, 0);
          expect(point.accuracy.value).toBeCloseTo(right / subsets, 12);
          expect(point.monteCarloError).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('is drawn where there are too many, the same for the same seed, and near the truth by its own error', () => {
    // 24 of 40 right with equal weights: of three samples, two or three right make the vote right, ties cannot be.
    const all: Ballot[] = Array.from({ length: 40 }, (_, index) => ({
      index,
      value: index % 5 < 3 ? 2n : 1n,
      tokens: 10,
      logprob: -10,
      tailLogprob: -10,
    }));
    const problem = { ballots: all, votes: { right: 24, wrong: [16], silent: 0 }, gold: 2n };
    const point = voteAtK(Array(20).fill(problem), 'entropy', 3, 5);
    expect(voteAtK(Array(20).fill(problem), 'entropy', 3, 5)).toEqual(point);
    const truth = voteAtK([problem], 'plurality', 3, 5).accuracy.value;
    expect(point.monteCarloError).toBeGreaterThan(0);
    expect(Math.abs(point.accuracy.value - truth)).toBeLessThan(5 * point.monteCarloError);
  });
});
