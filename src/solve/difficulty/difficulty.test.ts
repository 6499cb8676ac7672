import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DemandGauge } from './gauge.js';
import { normalQuantile } from './normal.js';
import { forecast } from './predictor.js';
import { spearman } from './ranks.js';
import { ridge, times } from './ridge.js';
import { TooFewProblemsError, trainPredictor } from './training.js';
import { BUCKETS, COUNTS, countsOf, wordsOf } from './words.js';

describe('features', () => {
  test('count what the text has', () => {
    const [characters, words, digits, longest, operators, commands] = countsOf('What is $48^9 \\bmod 7$?');
    expect(characters).toBeCloseTo(Math.log1p(23));
    expect(words).toBeCloseTo(Math.log1p(10));
    expect([digits, longest, operators, commands]).toEqual([4, 2, 1, 1].map(Math.log1p));
  });

  test('do not tell numbers of equal length apart', () => {
    expect(wordsOf('the remainder of 3625')).toEqual(wordsOf('the remainder of 1984'));
    expect(wordsOf('the remainder of 3625')).not.toEqual(wordsOf('the remainder of 19'));
  });

  test('of any text are finite, in their buckets, and of length 1', () => {
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '__proto__', '\\', '\ud800'));
    fc.assert(
      fc.property(anyText, (text) => {
        expect(countsOf(text)).toHaveLength(COUNTS.length);
        expect(countsOf(text).every(Number.isFinite)).toBe(true);
        const words = wordsOf(text);
        const norm = words.reduce((sum, [, value]) => sum + value ** 2, 0);
        if (words.length > 0) expect(norm).toBeCloseTo(1);
        expect(words.every(([at]) => at >= 0 && at < BUCKETS)).toBe(true);
      }),
    );
  });
});

test('ridge finds the minimum: its gradient vanishes', () => {
  const value = fc.double({ min: -10, max: 10, noNaN: true });
  const row = fc.array(value, { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(row, value), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0.1, 1, 10),
      (data, penalty) => {
        const rows = data.map(([values]) => values.map((entry, at) => [at, entry] as const));
        const targets = data.map(([, target]) => target);
        const weights = ridge(rows, targets, penalty, 4);
        const size = Math.hypot(...targets) * Math.hypot(...data.flatMap(([values]) => values));
        for (let at = 0; at < 4; at += 1) {
          const gradient = data.reduce(
            (sum, [values, target], index) => sum + values[at]! * (times(rows[index]!, weights) - target),
            penalty * weights[at]!,
          );
          expect(Math.abs(gradient)).toBeLessThan(1e-5 * size + 1e-90);
        }
      },
    ),
  );
});

test('quantiles of the normal distribution', () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 6);
  expect(normalQuantile(0.5)).toBe(0);
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232, 6);
});

test('rank correlation, ties sharing their ranks', () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 40, 30])).toBeCloseTo(0.8);
  expect(spearman([1, 1, 2, 3], [1, 1, 2, 3])).toBeCloseTo(1);
  expect(spearman([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1);
  expect(spearman([1, 2, 3], [7, 7, 7])).toBe(0);
});

describe('a predictor', () => {
  const families = ['What is the remainder of', 'Solve the equation', 'How many lattice paths from'];
  /** Tokens go by the family of the problem, and a little by its number. */
  const examples = Array.from({ length: 45 }, (_, at) => ({
    run: 'run',
    problemId: `p${at}`,
    text: `${families[at % 3]} ${7 ** (1 + (at % 4))}?`,
    tokens: [100, 110, 95].map((tokens) => tokens * (1 + (at % 3)) * (1 + 0.01 * (at % 4))),
  }));

  test('learns which words are long, and ranks problems it has not seen', () => {
    const predictor = trainPredictor(examples);
    expect(predictor.training.heldOutSpearman).toBeGreaterThan(0.8);
    expect(predictor.forecastSd).toBeLessThan(0.1);
    expect(predictor.sampleSd).toBeCloseTo(0.075, 2);
    const of = (family: number) => Math.exp(forecast(predictor, `${families[family]} 50?`));
    expect(of(2) / of(0)).toBeGreaterThan(2.5);
    // A predictor survives its file.
    expect(JSON.parse(JSON.stringify(predictor))).toEqual(predictor);
  });

  test('does not claim to know what it cannot: without a pattern, held-out ranks are no better than chance', () => {
    const noise = examples.map((example, at) => ({ ...example, tokens: [100 + ((at * 7919) % 61)] }));
    expect(trainPredictor(noise).training.heldOutSpearman).toBeLessThan(0.4);
  });

  test('is refused for a handful of problems', () => {
    expect(() => trainPredictor(examples.slice(0, 10))).toThrow(TooFewProblemsError);
  });
});

describe('DemandGauge', () => {
  const law = { typicalLog: Math.log(1000), forecastSd: 0.3, sampleSd: 0.4 };

  test('a problem forecast at twice the average asks for more than the others', () => {
    const gauge = new DemandGauge(law);
    const [typical, long] = [law.typicalLog, Math.log(2000)];
    expect(gauge.open(typical, 8).demand).toBeCloseTo(1);
    expect(gauge.open(long, 8).demand).toBeCloseTo(2000 / ((1000 + 1000 + 2000) / 3));
  });

  test('the first samples in flight correct the forecast; that they end first does not make them short', () => {
    const gauge = new DemandGauge(law);
    const asForecast = gauge.open(law.typicalLog, 16);
    // The shortest of 16 samples of mean log 1000 lies near its order statistic.
    for (const rank of [1, 2, 3])
      asForecast.saw(1000 * Math.exp(0.4 * normalQuantile((rank - 0.375) / 16.25)));
    expect(Math.exp(asForecast.expectedLog)).toBeCloseTo(1000, -1);
    const longer = gauge.open(law.typicalLog, 16);
    for (const tokens of [1500, 1800, 2000]) longer.saw(tokens);
    expect(longer.expectedLog).toBeGreaterThan(Math.log(1500));
  });

  test('a model that writes longer on the whole shifts what is expected of the next problem', () => {
    const gauge = new DemandGauge(law);
    const first = gauge.open(law.typicalLog, 1);
    for (let sample = 0; sample < 50; sample += 1) first.saw(4000);
    gauge.close(first, law.typicalLog);
    expect(gauge.open(law.typicalLog, 1).expectedLog).toBeGreaterThan(Math.log(1500));
  });

  test('stays finite and positive whatever samples say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.integer({ min: 0, max: 64 }),
        (tokens, concurrent) => {
          const problem = new DemandGauge(law).open(law.typicalLog, concurrent);
          for (const count of tokens) problem.saw(count);
          expect(problem.demand).toBeGreaterThan(0);
          expect(Number.isFinite(problem.demand)).toBe(true);
        },
      ),
    );
  });
});
