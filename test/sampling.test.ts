/** Draws of the graph against exact probabilities, and log-probabilities against the logits they come from. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Sampling } from '../src/core.js';
import { SampleNoise } from '../src/engine/noise.js';
import type { Chunk, RowInput } from '../src/engine/types.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { exportForTest, GREEDY, goldenFolder, readGolden } from './support/models.js';
import { runChunks } from './support/session.js';

const ROWS = 1000;
const CHUNKS = 20;
const VOCABULARY = 320;
/** Tokens that a repetition penalty applies to, one of them twice. */
const HISTORY = [39, 17, 11, 17];
const NEUTRAL: Sampling = { ...GREEDY, greedy: false };

let model: ExportedModel;
let prompt: readonly number[];
let logits: readonly number[];

beforeAll(async () => {
  const golden = await readGolden('qwen2-tied-fp32');
  model = await exportForTest(goldenFolder('qwen2-tied-fp32'), true);
  prompt = golden.prompts[1]!.slice(0, 1);
  const [first] = await runChunks(model, [prompt], [draw([row(NEUTRAL)], VOCABULARY, 0)]);
  logits = [...first!.logits!];
});

const row = (sampling: Sampling): RowInput => ({
  nextToken: prompt[0]!,
  position: 0,
  history: HISTORY,
  sampling,
  stopTokens: [],
  remaining: 1,
});

function draw(rows: readonly RowInput[], candidates: number, chunk: number) {
  const uniform = Float32Array.from(rows, (_, at) => new SampleNoise(chunk, 'draw', at).at(0));
  return { rows, chunk: { steps: 1, minActive: 1, candidates, uniform } };
}

/** Probabilities after temperature, top-k, top-p and min-p, computed in double precision as the definitions say. */
function exactProbabilities(sampling: Sampling): number[] {
  const penalty = sampling.repetitionPenalty;
  const scaled = logits.map((logit, token) => {
    const factor = logit > 0 ? 1 / penalty : penalty;
    return (HISTORY.includes(token) ? logit * factor : logit) / sampling.temperature;
  });
  const top = Math.max(...scaled);
  const weights = scaled.map((logit) => Math.exp(logit - top));
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!);
  const afterTopK = sampling.topK > 0 ? order.slice(0, sampling.topK) : order;
  const mass = afterTopK.reduce((sum, token) => sum + weights[token]!, 0);
  const kept: number[] = [];
  let before = 0;
  for (const token of afterTopK) {
    if (before >= sampling.topP * mass || weights[token]! < sampling.minP) break;
    kept.push(token);
    before += weights[token]!;
  }
  const result = new Array<number>(VOCABULARY).fill(0);
  for (const token of kept) result[token] = weights[token]! / before;
  return result;
}

/** Chi-square statistic in standard deviations above its mean; rare tokens share a bin. */
function chiSquareExcess(counts: readonly number[], probabilities: readonly number[], draws: number): number {
  let [statistic, bins, rareCount, rareExpected] = [0, 0, 0, 0];
  for (const [token, probability] of probabilities.entries()) {
    const expected = probability * draws;
    if (expected >= 10) {
      statistic += (counts[token]! - expected) ** 2 / expected;
      bins += 1;
    } else {
      rareCount += counts[token]!;
      rareExpected += expected;
    }
  }
  if (rareExpected >= 10) {
    statistic += (rareCount - rareExpected) ** 2 / rareExpected;
    bins += 1;
  }
  const freedom = Math.max(1, bins - 1);
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

async function drawMany(sampling: Sampling, candidates = VOCABULARY): Promise<Chunk[]> {
  const rows = Array.from({ length: ROWS }, () => row(sampling));
  const chunks = Array.from({ length: CHUNKS }, (_, chunk) => draw(rows, candidates, chunk + 1));
  const prompts = rows.map(() => prompt);
  return runChunks(model, prompts, chunks);
}

describe.each<[string, Partial<Sampling>]>([
  ['as it is', {}],
  ['temperature 6', { temperature: 6 }],
  ['top-k', { temperature: 4, topK: 12 }],
  ['top-p', { temperature: 4, topP: 0.8 }],
  ['min-p', { temperature: 4, minP: 0.1 }],
  ['a repetition penalty', { temperature: 4, repetitionPenalty: 1.7 }],
  ['all together', { repetitionPenalty: 1.2, temperature: 5, topK: 40, topP: 0.9, minP: 0.05 }],
])('sampling with %s', (_, changes) => {
  test('follows the exact distribution', async () => {
    const sampling = { ...NEUTRAL, ...changes };
    const probabilities = exactProbabilities(sampling);
    const counts = new Array<number>(VOCABULARY).fill(0);
    for (const { tokens } of await drawMany(sampling)) for (const token of tokens) counts[token]! += 1;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ROWS * CHUNKS);
    const outside = counts.filter((count, token) => count > 0 && probabilities[token] === 0);
    expect(outside).toEqual([]);
    expect(probabilities.filter((probability) => probability > 0).length).toBeGreaterThan(3);
    // Four standard deviations: seeds are fixed, so this cannot come and go.
    expect(chiSquareExcess(counts, probabilities, ROWS * CHUNKS)).toBeLessThan(4);
  });
});

test('says that a draw needs more candidates, and else draws the same with few as with all', async () => {
  const sampling = { ...NEUTRAL, temperature: 4, topP: 0.8 };
  const kept = exactProbabilities(sampling).filter((probability) => probability > 0).length;
  const rows = Array.from({ length: 64 }, () => row(sampling));
  const prompts = rows.map(() => prompt);
  const [few] = await runChunks(model, prompts, [draw(rows, kept - 1, 1)]);
  expect([few!.cut, few!.steps]).toEqual([true, 0]);
  const [enough] = await runChunks(model, prompts, [draw(rows, kept + 1, 1)]);
  const [all] = await runChunks(model, prompts, [draw(rows, VOCABULARY, 1)]);
  expect(enough!.cut).toBe(false);
  expect([...enough!.tokens]).toEqual([...all!.tokens]);
});

test('asks for all that top-k leaves where top-p is a share of it', async () => {
  const sampling = { ...NEUTRAL, temperature: 4, topK: 100, topP: 0.3 };
  const rows = Array.from({ length: 64 }, () => row(sampling));
  const prompts = rows.map(() => prompt);
  const [few] = await runChunks(model, prompts, [draw(rows, 99, 1)]);
  expect([few!.cut, few!.steps]).toEqual([true, 0]);
  const [enough] = await runChunks(model, prompts, [draw(rows, 100, 1)]);
  const [all] = await runChunks(model, prompts, [draw(rows, VOCABULARY, 1)]);
  expect(enough!.cut).toBe(false);
  expect([...enough!.tokens]).toEqual([...all!.tokens]);
});

test('log-probabilities are those of the whole vocabulary at temperature 1', async () => {
  const rows = Array.from({ length: 64 }, () => row({ ...NEUTRAL, temperature: 5, topP: 0.9 }));
  const [chunk] = await runChunks(
    model,
    rows.map(() => prompt),
    [draw(rows, VOCABULARY, 3)],
  );
  const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  for (const [at, token] of chunk!.tokens.entries()) {
    expect(Math.abs(chunk!.logprobs[at]! - (logits[token]! - logSum))).toBeLessThan(1e-4);
  }
});
