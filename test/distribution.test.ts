/** 200,000 draws of the graph, and of the host, against exact probabilities; nuclei of a flat distribution to the token. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Sampling } from '../src/core.js';
import { drawCandidate } from '../src/engine/draw.js';
import { SampleNoise } from '../src/engine/noise.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { goodnessOfFit } from './support/chiSquare.js';
import { drawTokens } from './support/draws.js';
import { logitCheckpoint } from './support/logitCheckpoint.js';
import { exportForTest, GREEDY } from './support/models.js';

const DRAWS = 200_000;
/** Seeds are fixed, so a test that passes goes on to: a right sampler fails one in 10,000 times when it is written. */
const FAITHFUL = 1e-4;
const NEUTRAL: Sampling = { ...GREEDY, greedy: false };

/** As a model gives them: a few likely tokens, many that are not, and two alike. */
const LOGITS = Float32Array.from({ length: 48 }, (_, at) => 5 * Math.exp(-at / 8) - 0.04 * at);
LOGITS[5] = LOGITS[4]!;

const UNIFORM = (() => {
  const noise = new SampleNoise(1, 'draws', 0);
  return Float32Array.from({ length: DRAWS }, (_, at) => noise.at(at));
})();
const ROWS = 8000;

const CASES: readonly (readonly [string, Partial<Sampling>])[] = [
  ['nothing', {}],
  ['temperature 0.5', { temperature: 0.5 }],
  ['temperature 3', { temperature: 3 }],
  ['top-k', { topK: 7 }],
  ['top-p', { topP: 0.8 }],
  ['min-p', { minP: 0.1 }],
  ['top-k and top-p', { topK: 20, topP: 0.7 }],
  ['top-p and min-p', { temperature: 2, topP: 0.95, minP: 0.05 }],
  ['top-k and min-p', { temperature: 2, topK: 12, minP: 0.02 }],
  ['all of them', { temperature: 1.7, topK: 30, topP: 0.9, minP: 0.02 }],
];

/** Tokens, likeliest first, and their probabilities at a temperature, in double precision. */
function ranked(temperature: number) {
  const total = LOGITS.reduce((sum, logit) => sum + Math.exp(logit / temperature), 0);
  return Array.from(LOGITS, (logit, token) => ({
    token,
    probability: Math.exp(logit / temperature) / total,
  })).sort((a, b) => b.probability - a.probability);
}

/** What each token is drawn with after top-k, top-p and min-p, as the definitions say. */
function exactProbabilities(sampling: Sampling): number[] {
  const order = ranked(sampling.temperature);
  const { topK, topP, minP } = sampling;
  const left = topK > 0 ? order.slice(0, topK) : order;
  const mass = left.reduce((sum, { probability }) => sum + probability, 0);
  let kept = 0;
  const result = new Array<number>(LOGITS.length).fill(0);
  for (const { token, probability } of left) {
    if (kept >= topP * mass || probability < minP * order[0]!.probability) break;
    result[token] = probability;
    kept += probability;
  }
  return result.map((probability) => probability / kept);
}

describe.each(CASES)('%s', (_, changes) => {
  const sampling = { ...NEUTRAL, ...changes };
  const exact = exactProbabilities(sampling);

  test('in the graph', async () => {
    const candidates = LOGITS.length;
    const tokens = await drawTokens(model, { sampling, candidates, rows: ROWS, uniform: UNIFORM });
    const counts = new Float64Array(LOGITS.length);
    for (const token of tokens) counts[token]! += 1;
    expect(tokens).toHaveLength(DRAWS);
    expect(goodnessOfFit(counts, exact)).toBeGreaterThan(FAITHFUL);
  });

  test('on the host', () => {
    const order = ranked(sampling.temperature);
    const probabilities = Float32Array.from(order, ({ probability }) => probability);
    const counts = new Float64Array(LOGITS.length);
    for (const uniform of UNIFORM) {
      const drawn = drawCandidate(probabilities, sampling, uniform, LOGITS.length)!;
      counts[order[drawn]!.token]! += 1;
    }
    expect(goodnessOfFit(counts, exact)).toBeGreaterThan(FAITHFUL);
  });
});

test('the test itself sees a distribution that is a little off', () => {
  const exact = exactProbabilities({ ...NEUTRAL, topP: 0.8 });
  const off = exactProbabilities({ ...NEUTRAL, topP: 0.8, temperature: 1.03 });
  const counts = off.map((probability) => Math.round(probability * DRAWS));
  expect(goodnessOfFit(counts, exact)).toBeLessThan(FAITHFUL);
});

let model: ExportedModel;
beforeAll(async () => {
  model = await exportForTest(await logitCheckpoint(LOGITS));
});
