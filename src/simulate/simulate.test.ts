import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { POLICIES } from '../solve/policies/named.js';
import { simulateContest } from './contest.js';
import { type Job, Machine, type Outcome } from './machine.js';
import type { DrawnSample, SimulatedProblem } from './problem.js';
import { Random } from './random.js';
import { replayed } from './replayed.js';
import { simulate } from './simulation.js';
import { lengthLawOf, synthetic } from './synthetic.js';
import { measureRates, rateOf } from './throughput.js';

/** A machine of `rows` rows that draw 1000 tokens a second each. */
const evenRates = (rows: number) => Float64Array.from({ length: rows + 1 }, (_, active) => 1000 * active);

function runMachine(jobs: { lengths: number[]; deadlineMs: number }[], rows: number) {
  const machine = new Machine(evenRates(rows), 0);
  const ended: (Outcome & { job: number; atMs: number })[] = [];
  for (const [at, job] of jobs.entries())
    machine.submit({ ...job, onEnd: (outcome) => ended.push({ ...outcome, job: at, atMs: machine.now() }) });
  while (machine.advance()) {
    // Until nothing is left to do.
  }
  return { machine, ended };
}

describe('Machine', () => {
  test('draws rows side by side, and gives a free row to the job with the fewest samples begun', () => {
    const { ended, machine } = runMachine(
      [
        { lengths: [100, 100], deadlineMs: 1e9 },
        { lengths: [300, 50], deadlineMs: 1e9 },
      ],
      2,
    );
    expect(ended.map(({ job, index, atMs }) => [job, index, atMs])).toEqual([
      [0, 0, 100],
      [0, 1, 200],
      [1, 1, 250],
      [1, 0, 300],
    ]);
    expect(machine.drawnTokens).toBe(550);
  });

  test('cuts what is past its deadline, and says how much was drawn', () => {
    const { ended } = runMachine([{ lengths: [100, 500, 500], deadlineMs: 250 }], 2);
    expect(ended.map(({ index, tokens, how }) => [index, tokens, how])).toEqual([
      [0, 100, 'complete'],
      [1, 250, 'deadline'],
      [2, 150, 'deadline'],
    ]);
  });

  test('cancels rows and waiting samples at once', () => {
    const machine = new Machine(evenRates(1), 0);
    const ended: Outcome[] = [];
    const job: Job = {
      lengths: [100, 100, 100],
      deadlineMs: 1e9,
      onEnd: (outcome) => {
        ended.push(outcome);
        if (outcome.how === 'complete') machine.cancel(job);
      },
    };
    machine.submit(job);
    while (machine.advance()) {
      // Until nothing is left to do.
    }
    expect(ended.map(({ how }) => how)).toEqual(['complete', 'cancelled', 'cancelled']);
    expect(machine.now()).toBe(100);
  });
});

describe('rates', () => {
  test('between points by straight lines, below them in proportion, above them constant', () => {
    const rates = rateOf(
      [
        { rows: 2, tokensPerSecond: 100 },
        { rows: 4, tokensPerSecond: 160 },
      ],
      6,
    );
    expect([...rates]).toEqual([0, 50, 100, 130, 160, 160, 160]);
  });

  test('are read out of a journal', () => {
    // Four rows at 100 tokens/s each for 10 s, then one of them at 200 tokens/s for 10 s more.
    const spans = [1, 2, 3].map(() => ({ startedAt: 0, seconds: 10, tokens: 1000 }));
    const measured = measureRates([
      ...spans,
      { startedAt: 0, seconds: 10, tokens: 1000 },
      { startedAt: 10_000, seconds: 10, tokens: 2000 },
      { startedAt: 10_000, seconds: 0, tokens: 0 },
    ]);
    expect(measured.rows).toBe(4);
    expect(measured.points).toEqual([
      { rows: 4, tokensPerSecond: 400 },
      { rows: 1, tokensPerSecond: 200 },
    ]);
  });
});

const LAW = {
  accuracy: { a: 1, b: 1 },
  zipf: 1,
  rightTokens: { median: 1000, sigma: 0.4 },
  wrongTokens: { median: 1500, sigma: 0.4 },
  problemSigma: 0.3,
  hardness: 0,
  wrongEntropy: 1.1,
  forecastSigma: 0.1,
  maxTokens: 4000,
};

describe('synthetic problems', () => {
  const [problem] = synthetic(LAW).problems(1, new Random(5));

  test('more samples begin with the same ones', () => {
    expect(problem!.draw(20, new Random(1)).slice(0, 5)).toEqual(problem!.draw(5, new Random(1)));
  });

  test('have the accuracies, lengths and limit of their law', () => {
    const problems = synthetic(LAW).problems(400, new Random(2));
    const samples = problems.flatMap((each, at) =>
      each.draw(20, new Random(3, at)).map((sample) => ({ ...sample, isRight: sample.value === each.right })),
    );
    const ended = samples.filter(({ finish }) => finish === 'stop');
    const right = ended.filter(({ isRight }) => isRight);
    const median = (of: readonly DrawnSample[]) =>
      of.map(({ tokens }) => tokens).sort((a, b) => a - b)[of.length >> 1]!;
    expect(right.length / ended.length).toBeGreaterThan(0.45);
    expect(right.length / ended.length).toBeLessThan(0.6);
    expect(median(right) / 1000).toBeCloseTo(1, 0);
    expect(median(ended.filter(({ isRight }) => !isRight)) / 1500).toBeCloseTo(1, 0);
    expect(Math.max(...samples.map(({ tokens }) => tokens))).toBe(4000);
    expect(samples.filter(({ finish }) => finish === 'length').every(({ value }) => value === null)).toBe(
      true,
    );
  });
});

describe('replayed problems', () => {
  const samples = [1n, 2n, 3n].map((value, index) => ({
    ...{ index, value, tokens: 10, answerEnd: 8, startedAt: 0, seconds: 1, logprob: -1, tailLogprob: -1 },
    finish: 'stop' as const,
  }));
  const source = replayed([{ id: 'p', right: 1n, samples }], new Map());

  test('draw every sample of the pool before one comes again', () => {
    const [problem] = source.problems(1, new Random(1));
    const drawn = problem!.draw(6, new Random(1)).map(({ value }) => value);
    expect([...drawn.slice(0, 3)].sort()).toEqual([1n, 2n, 3n]);
    expect([...drawn.slice(3)].sort()).toEqual([1n, 2n, 3n]);
  });
});

/** A problem all of whose samples say the same, after so many tokens. */
const plain = (id: string, value: bigint | null, tokens: number): SimulatedProblem => ({
  ...{ id, right: 1n, forecastLog: null },
  draw: (count) =>
    Array.from(
      { length: count },
      () =>
        ({
          value,
          tokens,
          answerEnd: value && tokens - 1,
          finish: 'stop',
          logprob: -1,
          tailLogprob: -1,
        }) as never,
    ),
});

const SCENE = { loadMs: 0, inFlight: 1, law: null, rates: evenRates(4) };
const contest = (problems: SimulatedProblem[], more: object) => {
  const drawn = problems.map((problem) => problem.draw(8, new Random(0)));
  const strategy = { policy: 'equal', stop: 'none', samples: 8, vote: 'plurality', timeBudgetMs: null };
  return simulateContest({ ...SCENE, problems, drawn, ...strategy, ...more });
};

describe('a simulated run', () => {
  test('without a budget draws everything, and counts what is right', () => {
    const result = contest([plain('a', 1n, 1000), plain('b', 2n, 1000), plain('c', null, 1000)], {});
    expect(result).toMatchObject({ right: 1, samples: 24, tokens: 24_000, usedMs: 6000, unusedMs: null });
  });

  test('stops a problem by its rules, and leaves the time to the others', () => {
    const result = contest([plain('a', 1n, 1000), plain('b', 1n, 1000)], { stop: 'agree:4' });
    // Four samples side by side end together and agree; the other four are not drawn.
    expect(result).toMatchObject({ right: 2, samples: 8, usedMs: 2000 });
  });

  test('reads samples that a deadline cuts as they stand', () => {
    const cut = (answerEnd: number) =>
      contest(
        [
          {
            ...plain('a', 1n, 3000),
            draw: () => [
              { value: 1n, tokens: 3000, answerEnd, finish: 'stop', logprob: -1, tailLogprob: -1 },
            ],
          },
        ],
        {
          ...{ samples: 1, timeBudgetMs: 2501 },
        },
      ).right;
    expect([cut(2000), cut(2001)]).toEqual([1, 0]);
  });

  test.each(POLICIES)(
    'never overruns under the policy $name, with one problem in flight or several',
    ({ name }) => {
      const law = lengthLawOf(LAW);
      fc.assert(
        fc.property(
          fc.nat(),
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 5_000, max: 60_000 }),
          fc.constantFrom('none', 'leader', 'agree:2+arbitration'),
          (seed, inFlight, timeBudgetMs, stop) => {
            const problems = synthetic(LAW).problems(12, new Random(seed));
            const drawn = problems.map((problem, at) => problem.draw(8, new Random(seed, at)));
            const strategy = { policy: name, stop, samples: 8, vote: 'plurality' };
            const scene = { ...SCENE, law, inFlight, problems, drawn, timeBudgetMs };
            const result = simulateContest({ ...scene, ...strategy });
            expect(result.overrunMs).toBeLessThan(1e-6);
            expect(result.right).toBeLessThanOrEqual(12);
            expect(result.samples).toBeLessThanOrEqual(12 * 8);
          },
        ),
        { numRuns: 50 },
      );
    },
  );
});

describe('simulate', () => {
  const options = {
    ...SCENE,
    source: synthetic(LAW),
    problems: 10,
    runs: 40,
    seed: 3,
    timeBudgetMs: 60_000,
    rateSpread: 0.1,
    strategies: [
      { policy: 'equal', stop: 'none', samples: 1, vote: 'plurality' },
      { policy: 'equal', stop: 'none', samples: 16, vote: 'plurality' },
    ],
  };

  test('gives the same again from the same seed, best first, and sees that votes help', () => {
    const results = simulate(options);
    expect(simulate(options)).toEqual(results);
    expect(results.map(({ samples }) => samples)).toEqual([16, 1]);
    expect(results[0]!.right.mean).toBeGreaterThan(results[1]!.right.mean + 0.5);
    expect(results.map(({ overruns }) => overruns)).toEqual([0, 0]);
    const { low, mean, high } = results[0]!.right;
    expect(low).toBeLessThan(mean);
    expect(mean).toBeLessThan(high);
  });
});
