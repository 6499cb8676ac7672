import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JudgedProblem } from './outcomes.js';
import { seededBits } from './random.js';
import { varianceSplit } from './spread.js';

/** Problems given by which of their samples are right. */
function judged(samples: readonly (readonly boolean[])[]): JudgedProblem[] {
  return samples.map((outcomes, position) => {
    const right = outcomes.filter(Boolean).length;
    return {
      id: String(position),
      outcomes: outcomes.map((isRight, index) => ({
        problemId: String(position),
        index,
        answer: isRight ? '1' : '2',
        tokens: 1,
        answerEnd: 1,
        forced: null,
        finish: 'stop',
        logprob: 0,
        tailLogprob: 0,
        startedAt: 0,
        seconds: 0,
        right: isRight,
      })),
      right,
      votes: { right, wrong: [outcomes.length - right], silent: 0 },
      meanTokens: 1,
    };
  });
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('varianceSplit', () => {
  test('is the correlation of pairs of samples, counted pair by pair', () => {
    const pool = fc.array(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), {
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(pool, (samples) => {
        const split = varianceSplit(judged(samples));
        const shares = samples.map((outcomes) => average(outcomes.map(Number)));
        if (new Set(shares).size === 1) {
          expect(split).toBeNull();
          return;
        }
        const mean = average(shares);
        const pairs = samples.flatMap((outcomes) =>
          outcomes.flatMap((first, i) =>
            outcomes.flatMap((second, j) => (i === j ? [] : [Number(first) * Number(second)])),
          ),
        );
        const correlation = Math.max(0, (average(pairs) - mean ** 2) / (mean * (1 - mean)));
        expect(split!.correlation).toBeCloseTo(Math.min(1, correlation), 10);
        expect(split!.effectiveSamples).toBeCloseTo(5 / (1 + 4 * split!.correlation), 10);
        const between =
          average(shares.map((share) => (share - mean) ** 2)) * (shares.length / (shares.length - 1));
        expect(split!.standardError).toBeCloseTo(Math.sqrt(between / shares.length), 10);
        const within = average(shares.map((share) => (share * (1 - share)) / 4));
        expect(split!.samplingShare).toBeCloseTo(Math.min(1, within / between), 10);
      }),
    );
  });

  test('recovers what samples were drawn from', () => {
    // Chances 0.2 and 0.8 by turns: between problems 0.09, within 0.16, so correlation 0.09 / 0.25.
    const bits = seededBits(3);
    const samples = Array.from({ length: 4000 }, (_, position) =>
      Array.from({ length: 8 }, () => bits() / 2 ** 32 < (position % 2 ? 0.2 : 0.8)),
    );
    const split = varianceSplit(judged(samples))!;
    expect(Math.abs(split.correlation - 0.36)).toBeLessThan(0.01);
    expect(Math.abs(split.samplingShare - 0.02 / 0.11)).toBeLessThan(0.01);
    expect(Math.abs(split.effectiveSamples - 8 / (1 + 7 * 0.36))).toBeLessThan(0.05);
  });

  test('is nothing for one problem, one sample, or problems all alike', () => {
    expect(varianceSplit(judged([[true, false]]))).toBeNull();
    expect(varianceSplit(judged([[true], [false]]))).toBeNull();
    expect(
      varianceSplit(
        judged([
          [true, true],
          [true, true],
        ]),
      ),
    ).toBeNull();
  });
});
