import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BASE,
  GRPO,
  SFT,
  sampleOf,
  syntheticKey,
  syntheticRun,
  syntheticSamples,
  syntheticScore,
} from '../../test/support/syntheticRuns.js';
import type { AnswerValue, Sample } from '../core.js';
import { EmptyRunError, KeyCoverageError, SubmissionGapError } from './errors.js';
import { collectRecords } from './records.js';
import type { Score } from './score.js';
import { scoreRun } from './scoreRun.js';
import { curveBudgets, tableBudgets } from './truncation.js';

const run = syntheticRun(BASE, { problems: 3, samples: 4, maxTokens: 64 });
const key = syntheticKey(3); // answers 0, 7, 14
const submission = new Map([
  ['p000', 0n],
  ['p001', 8n],
  ['p002', 14n],
]);

async function score(samples: readonly Sample[], budgets: readonly number[] = []): Promise<Score> {
  return scoreRun(run, await collectRecords(run, samples), key, submission, { name: 'by-hand', budgets });
}

describe('scoreRun on samples written by hand', () => {
  const samples = [
    sampleOf('p000', 0, { value: 0n, tokens: 10, answerEnd: 8 }),
    sampleOf('p000', 1, { value: 0n, tokens: 30, answerEnd: 20 }),
    sampleOf('p000', 2, { value: 5n, tokens: 20 }),
    sampleOf('p000', 3, { value: null, tokens: 64, finish: 'length' }),
    sampleOf('p001', 0, { value: 7n, tokens: 40, answerEnd: 40 }),
    sampleOf('p001', 1, { value: 8n, tokens: 20 }),
    sampleOf('p001', 2, { value: 7n, tokens: 5, finish: 'cancelled' }),
  ];

  test('counts what is there', async () => {
    const result = await score(samples);
    expect(result).toMatchObject({
      problems: 3,
      problemsSampled: 2,
      samples: 6,
      fewestSamples: 2,
      mostSamples: 4,
      finishes: { stop: 5, length: 1, deadline: 0, cancelled: 1, loop: 0, error: 0 },
      source: { samples: 7 },
    });
    expect(result.average.value).toBeCloseTo((2 / 4 + 1 / 2) / 2, 12);
    expect(result.majority.value).toBeCloseTo((1 + 1 / 2) / 2, 12);
    expect(result.pass.value).toBe(1);
    expect(result.submission).toMatchObject({ right: 2, rightIds: ['p000', 'p002'] });
    expect(result.submission.accuracy.value).toBeCloseTo(2 / 3, 12);
    expect(result.meanTokens.value).toBeCloseTo((124 / 4 + 60 / 2) / 2, 12);
    expect(result.tokensByOutcome.right).toMatchObject({ samples: 3, median: 30 });
    expect(result.tokensByOutcome.right!.mean).toBeCloseTo((10 + 30 + 40) / 3, 12);
    expect(result.tokensByOutcome.wrong).toMatchObject({ samples: 2, mean: 20, p5: 20, p95: 20 });
    expect(result.tokensByOutcome.silent).toMatchObject({ samples: 1, mean: 64 });
    expect(result.drawnTokens).toBe(124 + 60 + 5);
    expect(result.truncationRate).toBeCloseTo(1 / 6, 12);
    expect(result.noAnswerRate).toBeCloseTo(1 / 6, 12);
    expect(result.accuracyOfStopped).toBeCloseTo(3 / 5, 12);
    expect(result.byProblem).toEqual([
      { id: 'p000', samples: 4, right: 2, rightIndices: [0, 1], majority: 1, meanTokens: 31, answers: 2 },
      { id: 'p001', samples: 2, right: 1, rightIndices: [0], majority: 0.5, meanTokens: 30, answers: 2 },
    ]);
  });

  test('holds a budget against the end of the answer and the tokens spent', async () => {
    const { curve } = await score(samples, [8, 19, 20, 5000]);
    const at = (budget: number) => curve.find((point) => point.budget === budget);
    expect(at(8)?.accuracy.value).toBeCloseTo((1 / 4 + 0) / 2, 12);
    expect(at(8)?.meanTokens).toBe(8);
    expect(at(19)?.accuracy.value).toBeCloseTo((1 / 4 + 0) / 2, 12);
    expect(at(20)?.accuracy.value).toBeCloseTo((2 / 4 + 0) / 2, 12);
    expect(at(20)?.meanTokens).toBeCloseTo(((10 + 20 + 20 + 20) / 4 + 20) / 2, 12);
    expect(at(64)?.accuracy.value).toBeCloseTo(1 / 2, 12);
    expect(at(5000)).toBeUndefined();
  });

  test('gives pass@k and maj@k for the samples that every problem has', async () => {
    const { byVotes } = await score(samples);
    expect(byVotes.map(({ k }) => k)).toEqual([1, 2]);
    expect(byVotes[0]?.pass.value).toBeCloseTo(0.5, 12);
    expect(byVotes[0]?.majority.value).toBeCloseTo(0.5, 12);
    // Of six pairs of p000 five hold a right sample; p001 has one pair, tied.
    expect(byVotes[1]?.pass.value).toBeCloseTo((5 / 6 + 1) / 2, 12);
    // 00 and twice 0- win, twice 05 tie, 5- loses.
    expect(byVotes[1]?.majority.value).toBeCloseTo((4 / 6 + 1 / 2) / 2, 12);
    expect(byVotes[0]?.lost.value).toBe(0);
    expect(byVotes[1]?.lost.value).toBeCloseTo((1 / 6 + 1 / 2) / 2, 12);
  });

  test('free answers are right when their canonical texts are those of the key', async () => {
    const freeRun = { ...run, settings: { ...run.settings, edition: 'free' } };
    const texts = new Map<string, AnswerValue>([
      ['p000', '1/2'],
      ['p001', 'yes'],
      ['p002', 14n],
    ]);
    const records = await collectRecords(freeRun, [
      sampleOf('p000', 0, { value: '1/2', tokens: 10, answerEnd: 8 }),
      sampleOf('p000', 1, { value: '1/3', tokens: 10, answerEnd: 8 }),
      sampleOf('p002', 0, { value: 14n, tokens: 10, answerEnd: 8 }),
    ]);
    const handedIn = new Map<string, AnswerValue>([...texts, ['p000', '1/3']]);
    const result = scoreRun(freeRun, records, { file: 'free', answers: texts }, handedIn, { name: 'free' });
    expect(result.average.value).toBe(0.75);
    expect(result.submission.rightIds).toEqual(['p001', 'p002']);
  });

  test('refuses an empty run, a key with gaps and a submission with gaps', async () => {
    await expect(score([])).rejects.toThrow(EmptyRunError);
    await expect(
      score([sampleOf('p000', 0, { value: null, tokens: 3, finish: 'cancelled' })]),
    ).rejects.toThrow(EmptyRunError);
    const records = await collectRecords(run, samples);
    const partial = { file: 'answers.csv', answers: new Map([['p001', 7n]]) };
    const attempt = (): Score => scoreRun(run, records, partial, submission, { name: 'x' });
    expect(attempt).toThrow(KeyCoverageError);
    expect(attempt).toThrow("answers.csv: no answer for 2 of the run's 3 problems: p000, p002");
    expect(() => scoreRun(run, records, key, new Map([['p000', 0n]]), { name: 'x' })).toThrow(
      SubmissionGapError,
    );
  });

  test("is right only for the key's answer to that problem, compared to the last digit", async () => {
    const long = 90071992547409931234567890n;
    const wide = { file: 'answers.csv', answers: new Map([...key.answers, ['p000', long] as const]) };
    const records = await collectRecords(run, [
      sampleOf('p000', 0, { value: long, tokens: 5 }),
      sampleOf('p000', 1, { value: long + 1n, tokens: 5 }),
    ]);
    expect(scoreRun(run, records, wide, submission, { name: 'x' }).byProblem[0]?.right).toBe(1);
  });
});

test('a sample that repeated itself was cut', async () => {
  const result = await score([
    sampleOf('p000', 0, { value: null, tokens: 60, finish: 'loop' }),
    sampleOf('p000', 1, { value: 0n, tokens: 10 }),
  ]);
  expect(result.finishes.loop).toBe(1);
  expect(result.truncationRate).toBe(0.5);
  expect(result.meanTokens.value).toBe(35);
});

describe('answers of budget forcing', () => {
  const forced = {
    ...{ tokens: [1], text: '\\boxed{7}' },
    answer: { value: 7n, rule: 'budget-forcing', span: null, warning: 'forced' },
  };
  const cut = { ...sampleOf('p001', 1, { value: null, tokens: 64, finish: 'deadline' }), forced };
  const samples = [sampleOf('p001', 0, { value: 7n, tokens: 9 }), cut];

  test('count in no average, and are counted apart', async () => {
    const result = await score(samples);
    expect(result.average.value).toBe(0.5);
    expect(result.forced).toEqual({ samples: 1, counted: false });
    expect(result.noAnswerRate).toBe(0.5);
  });

  test('count as their samples where that is asked for', async () => {
    const records = await collectRecords(run, samples);
    const result = scoreRun(run, records, key, submission, { name: 'x', countForced: true });
    expect(result.average.value).toBe(1);
    expect(result.forced).toEqual({ samples: 1, counted: true });
    expect(result.curve.find(({ budget }) => budget === 64)?.accuracy.value).toBe(1);
    // The samples are the same, however they are counted.
    expect(result.source).toEqual((await score(samples)).source);
  });
});

describe('scoreRun on any samples', () => {
  const anySample = fc.record({
    problem: fc.nat(2),
    value: fc.option(fc.constantFrom(0n, 7n, 14n, 3n)),
    tokens: fc.integer({ min: 1, max: 64 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    finish: fc.constantFrom('stop', 'length', 'deadline', 'loop', 'error'),
  });

  test('rates and estimates are shares, and the curve climbs to the average', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySample, { minLength: 1, maxLength: 24 }), async (drawn) => {
        const result = await score(
          drawn.map(({ problem, value, tokens, share, finish }, index) =>
            sampleOf(`p00${problem}`, index, { value, tokens, finish, answerEnd: Math.ceil(share * tokens) }),
          ),
        );
        const shares = [
          result.truncationRate,
          result.noAnswerRate,
          ...[result.average, result.majority, result.pass, result.submission.accuracy].flatMap(
            ({ value, interval }) => [value, interval!.low, interval!.high],
          ),
        ];
        for (const share of shares) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        const accuracies = result.curve.map(({ accuracy }) => accuracy.value);
        expect(accuracies).toEqual([...accuracies].sort((a, b) => a - b));
        expect(accuracies.at(-1)).toBeCloseTo(result.average.value, 12);
        expect(result.curve.at(-1)?.meanTokens).toBeCloseTo(result.meanTokens.value, 12);
        expect(result.majority.value).toBeLessThanOrEqual(result.pass.value + 1e-12);
        expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      }),
      { numRuns: 60 },
    );
  });

  test('splits the variance: none of it from sampling when the samples of a problem agree', async () => {
    const agreeing = [0, 1, 2].flatMap((problem) =>
      [0, 1, 2, 3].map((index) =>
        sampleOf(`p00${problem}`, index, { value: problem === 0 ? 0n : 1n, tokens: 4 }),
      ),
    );
    const agreed = (await score(agreeing)).spread;
    expect(agreed!.samplingShare).toBe(0);
    expect(agreed!.correlation).toBeCloseTo(1, 12);
    expect(agreed!.effectiveSamples).toBeCloseTo(1, 12);
    const { spread } = await syntheticScore(SFT);
    expect(spread!.samplingShare).toBeGreaterThan(0.05);
    expect(spread!.samplingShare).toBeLessThan(0.95);
    expect(spread!.effectiveSamples).toBeGreaterThan(1);
    expect((await score([sampleOf('p000', 0, { value: 0n, tokens: 4 })])).spread).toBeNull();
  });

  test('more samples of the same problems cannot narrow the interval beyond the spread of the problems', async () => {
    const few = await syntheticScore(GRPO, { problems: 40, samples: 2 });
    const many = await syntheticScore(GRPO, { problems: 40, samples: 64 });
    const width = ({ average }: Score): number => average.interval!.high - average.interval!.low;
    expect(width(many)).toBeGreaterThan(0.4 * width(few));
  });

  test('scores from a stream', async () => {
    async function* stream() {
      yield* syntheticSamples(SFT, { problems: 5, samples: 2 });
    }
    expect(await collectRecords(syntheticRun(SFT, { problems: 5 }), stream())).toHaveLength(10);
  });
});

describe('budgets', () => {
  test('of a table are powers of two and steps of 1.5 up to the limit', () => {
    expect(tableBudgets(512)).toEqual([32, 64, 96, 128, 192, 256, 512]);
    expect(tableBudgets(8192)).toEqual([512, 1024, 1536, 2048, 3072, 4096, 8192]);
    expect(tableBudgets(1000)).toEqual([32, 64, 96, 128, 192, 256, 512, 1000]);
    expect(tableBudgets(4)).toEqual([1, 2, 4]);
  });

  test('of a curve hold those of the table and the extra ones within the limit', () => {
    const budgets = curveBudgets(512, [100, 513]);
    expect(budgets).toEqual(expect.arrayContaining([8, 32, 64, 96, 100, 128, 512]));
    expect(budgets).not.toContain(513);
    expect(budgets).toEqual([...new Set(budgets)].sort((a, b) => a - b));
  });
});
