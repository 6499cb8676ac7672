import { describe, expect, test } from '@jest/globals';
import { BASE, GRPO, SFT, syntheticScore } from '../../test/support/syntheticRuns.js';
import { compareScores } from './comparison.js';
import { IncomparableRunsError } from './errors.js';
import { twoRunScore } from './twoRuns.js';

describe('compareScores', () => {
  test('finds the gain of one stage and the saving of the other', async () => {
    const scores = [await syntheticScore(BASE), await syntheticScore(SFT), await syntheticScore(GRPO)];
    const { pairs } = compareScores(scores);
    expect(pairs.map(({ a, b }) => [a, b])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    const [gain, , saving] = pairs;
    expect(gain!.accuracy.value).toBeCloseTo(scores[1]!.average.value - scores[0]!.average.value, 12);
    expect(gain!.accuracy.interval!.low).toBeGreaterThan(0.5);
    expect(gain!.accuracy.pHolm).toBeLessThan(0.001);
    expect(gain!.submission.onlyB).toBeGreaterThan(gain!.submission.onlyA);
    expect(Math.abs(saving!.accuracy.value)).toBeLessThan(0.04);
    expect(saving!.tokensChange!.value).toBeCloseTo(
      scores[2]!.meanTokens.value / scores[1]!.meanTokens.value - 1,
      12,
    );
    expect(saving!.tokensChange!.interval!.high).toBeLessThan(-0.3);
    for (const { accuracy, tokens, submission, problems } of pairs) {
      expect(problems).toBe(256);
      for (const { p, pHolm } of [accuracy, tokens, submission]) expect(pHolm).toBeGreaterThanOrEqual(p);
    }
  });

  test('a pair is narrower than its parts when the problems are shared', async () => {
    const first = await syntheticScore(SFT, { problems: 60, samples: 32 });
    const second = await syntheticScore(GRPO, { problems: 60, samples: 32 });
    const width = ({ interval }: { interval: { low: number; high: number } | null }): number =>
      interval!.high - interval!.low;
    const [pair] = compareScores([first, second]).pairs;
    expect(width(pair!.accuracy)).toBeLessThan(Math.hypot(width(first.average), width(second.average)));
  });

  test('of a run with itself claims no difference', async () => {
    const score = await syntheticScore(SFT, { problems: 12 });
    const [pair] = compareScores([score, score]).pairs;
    expect(pair!.accuracy).toEqual({ value: 0, interval: null, p: 1, method: 'exact', pHolm: 1 });
    expect(pair!.submission).toMatchObject({ onlyA: 0, onlyB: 0, p: 1 });
    expect(pair!.tokensChange!.value).toBe(0);
  });

  test('pairs problems by id, over those that both runs sampled', async () => {
    const score = await syntheticScore(SFT, { problems: 12 });
    const partial = { ...score, byProblem: [...score.byProblem].reverse().slice(4) };
    const [pair] = compareScores([score, partial]).pairs;
    expect(pair).toMatchObject({ problems: 8, accuracy: { value: 0 } });
    expect(() => compareScores([score, { ...score, byProblem: [] }])).toThrow('no sampled problem in common');
  });

  test('refuses other problems and other answers', async () => {
    const score = await syntheticScore(SFT, { problems: 12 });
    const elsewhere = await syntheticScore(SFT, { problems: 13 });
    expect(() => compareScores([score, elsewhere])).toThrow(IncomparableRunsError);
    const otherKey = { ...score, source: { ...score.source, answersDigest: 'other' } };
    expect(() => compareScores([score, otherKey])).toThrow('scored by different answers');
  });

  test('refuses forced answers that count in one run alone', async () => {
    const score = await syntheticScore(SFT, { problems: 12 });
    const forced = (counted: boolean) => ({ ...score, forced: { samples: 2, counted } });
    expect(() => compareScores([forced(true), forced(false)])).toThrow('forced answers count');
    expect(compareScores([forced(true), score]).pairs).toHaveLength(1);
  });

  test('says what the problems can show: more for runs that differ less from problem to problem', async () => {
    const first = await syntheticScore(SFT, { problems: 60, samples: 4 });
    const second = await syntheticScore(GRPO, { problems: 60, samples: 4 });
    const { power, accuracy } = compareScores([first, second]).pairs[0]!;
    const differences = first.byProblem.map(({ right }, at) => (second.byProblem[at]!.right - right) / 4);
    const centre = differences.reduce((sum, value) => sum + value, 0) / 60;
    const variance = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 59;
    expect(power!.deviation).toBeCloseTo(Math.sqrt(variance), 12);
    // Both runs draw from the same chances, so that nearly all of the spread is drawing.
    expect(power!.deviationOfProblems!).toBeLessThan(0.5 * power!.deviation);
    expect(power!.visible!).toBeGreaterThan(Math.abs(accuracy.value));
    expect(power!.problemsForObserved!).toBeGreaterThan(60);
    expect(compareScores([first, first]).pairs[0]!.power).toBeNull();
  });
});

describe('twoRunScore', () => {
  test('gives half a point a run', async () => {
    const first = await syntheticScore(SFT, { problems: 20, seed: 1 });
    const second = await syntheticScore(SFT, { problems: 20, seed: 2 });
    const result = twoRunScore(first, second)!;
    expect(result.points).toBe((first.submission.right + second.submission.right) / 2);
    expect(result.both + result.one + result.none).toBe(20);
    expect(result.points).toBe(result.both + result.one / 2);
  });

  test('is for one checkpoint under two seeds', async () => {
    const first = await syntheticScore(SFT, { problems: 20, seed: 1 });
    expect(twoRunScore(first, first)).toBeNull();
    expect(twoRunScore(first, await syntheticScore(GRPO, { problems: 20, seed: 2 }))).toBeNull();
  });
});
