import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatisticsInputError, SubsetSizeError } from './errors.js';
import { majAtK, pluralityScore, type VoteCounts } from './majAtK.js';
import { passAtK } from './passAtK.js';

/** Every subset of `k` of the pool, by bit mask. */
function subsets<T>(pool: readonly T[], k: number): T[][] {
  const chosen: T[][] = [];
  for (let mask = 0; mask < 1 << pool.length; mask++) {
    const subset = pool.filter((_, index) => (mask >> index) & 1);
    if (subset.length === k) chosen.push(subset);
  }
  return chosen;
}

/** The votes one by one: 0 is right, 1, 2, … are wrong, null is silent. */
function pool({ right, wrong, silent }: VoteCounts): (number | null)[] {
  return [
    ...Array<number>(right).fill(0),
    ...wrong.flatMap((votes, index) => Array<number>(votes).fill(index + 1)),
    ...Array<null>(silent).fill(null),
  ];
}

function pluralityOf(subset: readonly (number | null)[]): number {
  const tally = new Map<number, number>();
  for (const vote of subset) if (vote !== null) tally.set(vote, (tally.get(vote) ?? 0) + 1);
  const most = Math.max(0, ...tally.values());
  const leaders = [...tally].filter(([, votes]) => votes === most).map(([answer]) => answer);
  return leaders.includes(0) ? 1 / leaders.length : 0;
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const smallVotes: fc.Arbitrary<VoteCounts> = fc
  .record({
    right: fc.nat(4),
    wrong: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    silent: fc.nat(2),
  })
  .filter((votes) => pool(votes).length > 0);

describe('passAtK', () => {
  test('equals the share of subsets that hold a right sample', () => {
    for (let n = 1; n <= 9; n++)
      for (let right = 0; right <= n; right++)
        for (let k = 1; k <= n; k++) {
          const samples = Array.from({ length: n }, (_, index) => index < right);
          const hits = subsets(samples, k).map((subset) => (subset.includes(true) ? 1 : 0));
          expect(passAtK(n, right, k)).toBeCloseTo(average(hits), 12);
        }
  });

  test('is undefined, not 1, for more samples than there are', () => {
    expect(() => passAtK(8, 8, 16)).toThrow(SubsetSizeError);
    expect(() => passAtK(8, 1, 0)).toThrow(SubsetSizeError);
    expect(() => passAtK(8, 9, 1)).toThrow(StatisticsInputError);
  });

  test('does not overflow', () => {
    expect(passAtK(100_000, 1, 50_000)).toBeCloseTo(0.5, 9);
  });
});

describe('majAtK', () => {
  test('equals brute force over all subsets', () => {
    fc.assert(
      fc.property(smallVotes, (votes) => {
        const samples = pool(votes);
        for (let k = 1; k <= samples.length; k++)
          expect(majAtK(votes, k)).toBeCloseTo(average(subsets(samples, k).map(pluralityOf)), 11);
      }),
      { numRuns: 120 },
    );
  });

  test('at k = 1 is the share right, at k = n the plurality', () => {
    fc.assert(
      fc.property(smallVotes, (votes) => {
        const n = pool(votes).length;
        expect(majAtK(votes, 1)).toBeCloseTo(votes.right / n, 12);
        expect(majAtK(votes, n)).toBe(pluralityScore(votes));
      }),
    );
  });

  test('never exceeds pass@k', () => {
    fc.assert(
      fc.property(smallVotes, fc.nat(100), (votes, pick) => {
        const n = pool(votes).length;
        const k = 1 + (pick % n);
        expect(majAtK(votes, k)).toBeLessThanOrEqual(passAtK(n, votes.right, k) + 1e-12);
      }),
    );
  });

  test('grows towards 1 for a right answer that leads, and stays finite at thousands of samples', () => {
    const votes = { right: 1600, wrong: [1200, 800, ...Array<number>(300).fill(1)], silent: 96 };
    const scores = [1, 4, 16, 64].map((k) => majAtK(votes, k));
    expect(scores[0]).toBeCloseTo(1600 / 3996, 10);
    for (let step = 1; step < scores.length; step++) expect(scores[step]).toBeGreaterThan(scores[step - 1]!);
    expect(scores[3]).toBeLessThan(1);
  });

  test('shares ties and gives an empty vote nothing', () => {
    expect(majAtK({ right: 2, wrong: [2], silent: 0 }, 4)).toBe(0.5);
    expect(majAtK({ right: 0, wrong: [], silent: 5 }, 3)).toBe(0);
  });

  test('refuses subsets and counts that do not exist', () => {
    expect(() => majAtK({ right: 1, wrong: [1], silent: 0 }, 3)).toThrow(SubsetSizeError);
    expect(() => majAtK({ right: 1.5, wrong: [], silent: 0 }, 1)).toThrow(StatisticsInputError);
  });
});
