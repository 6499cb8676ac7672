/** Rows that share long prompts, beside rows of their own, against one pass over each text. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Engine, type EngineOptions } from '../src/engine/engine.js';
import { LEAST_SAVED } from '../src/engine/sharedPrompts.js';
import type { Completion } from '../src/engine/types.js';
import { scorerOf } from '../src/export/scorer.js';
import { BLOCK_LENGTH } from '../src/model/loopAttention.js';
import { exportForTest, goldenFolder } from './support/models.js';
import { NEWLINE, request, SAMPLING } from './support/requests.js';
import { runModel } from './support/runGraph.js';
import { RemoteSession } from './support/session.js';

/** A checkpoint that allows 1,024 positions. */
const NAME = 'llama3-ropescaled-fp32';
/** As between the decoder and PyTorch transformers. */
const LOGIT_TOLERANCE = 2e-4;
const STEPS = 24;
/** Everything can be drawn, so that rows of one prompt go different ways. */
const FLAT = { ...SAMPLING, temperature: 2, topP: 1, minP: 0 };
const SHARED_LENGTH = 420;
const SHARERS = Math.ceil(LEAST_SAVED / (SHARED_LENGTH - 1)) + 1;

interface Sample {
  readonly text: number[];
  readonly logits: { readonly position: number; readonly logits: Float32Array }[];
}

test('logits of rows that share a prompt are those of one pass, while rows come and go', async () => {
  const model = await exportForTest(goldenFolder(NAME), true);
  const { vocabSize } = model.manifest.config;
  const file = join(model.folder, 'scorer.onnx');
  await writeFile(file, await scorerOf(goldenFolder(NAME), model));
  const textOf = (length: number, salt: number) =>
    Array.from({ length }, (_, at) => (salt * 31 + at * at * 7) % vocabSize);
  // Two that are shared, of different lengths; one with a full block of its own, a short one.
  const prompts = [
    textOf(SHARED_LENGTH, 1),
    textOf(SHARED_LENGTH + 45, 2),
    textOf(BLOCK_LENGTH + 60, 3),
    textOf(9, 4),
  ];
  const counts = [SHARERS, SHARERS, 1, 1];

  const session = await RemoteSession.open(model, { maxRows: 2 * SHARERS + 2, kvMemoryBytes: 2 ** 28 });
  const computed = await session.prefill(prompts);
  const before = await session.promptBlocks();
  const samples: Sample[] = [];
  const rows: Sample[] = [];
  const begin = async (row: number, prompt: number) => {
    rows[row] = { text: [...prompts[prompt]!], logits: [] };
    samples.push(rows[row]);
    await session.seat(row, computed[prompt]!);
  };
  for (const [prompt, count] of counts.entries())
    for (let at = 0; at < count; at += 1) await begin(rows.length, prompt);
  const draw = async (chunk: number) => {
    const inputs = rows.map(({ text }, row) => ({
      nextToken: text.at(-1)!,
      position: text.length - 1,
      history: text,
      sampling: FLAT,
      stopTokens: [],
      // One row rests for a chunk.
      remaining: chunk === 1 && row === 2 ? 0 : STEPS,
    }));
    const uniform = Float32Array.from(
      { length: STEPS * rows.length },
      (_, at) => (at * 0.618 + chunk / 7) % 1,
    );
    const options = { steps: STEPS, minActive: 1, candidates: vocabSize, uniform };
    const result = await session.decode(inputs, options);
    expect(result.steps).toBe(STEPS);
    for (let step = 0; step < STEPS; step += 1)
      for (const [row, { text, logits }] of rows.entries()) {
        const at = step * rows.length + row;
        if (result.tokens[at]! < 0) continue;
        const slice = result.logits!.subarray(at * vocabSize, (at + 1) * vocabSize);
        logits.push({ position: text.length - 1, logits: slice });
        text.push(result.tokens[at]!);
      }
  };

  await draw(0);
  for (const prompt of computed) await session.forget(prompt);
  // The copied ones are given back, those that rows share are not.
  const blocksOf = (at: number) => Math.ceil((prompts[at]!.length - 1) / 64);
  expect(await session.promptBlocks()).toBe(before - blocksOf(2) - blocksOf(3));
  await session.release(0);
  rows[0] = rows.pop()!;
  await draw(1);
  // All rows of the first prompt end, and the other one is alone.
  for (let row = SHARERS - 1; row >= 1; row -= 1) {
    await session.release(row);
    const last = rows.pop()!;
    if (row < rows.length) rows[row] = last;
  }
  expect(await session.promptBlocks()).toBe(blocksOf(1));
  await draw(2);
  // Rows of a third prompt come beside it.
  const [another] = await session.prefill([prompts[0]!]);
  computed[0] = another!;
  for (let at = 0; at < SHARERS; at += 1) await begin(rows.length, 0);
  await draw(3);
  await session.close();

  const sharers = samples.filter(({ text }) => text[0] === prompts[0]![0]);
  expect(new Set(sharers.map(({ text }) => text.slice(SHARED_LENGTH).join())).size).toBeGreaterThan(
    SHARERS / 2,
  );
  let compared = 0;
  for (const { text, logits } of samples) {
    const data = BigInt64Array.from(text, BigInt);
    const results = await runModel(file, { tokens: { type: 'int64', data, dims: [1, text.length] } });
    const expected = results.logits!.data as Float32Array;
    for (const { position, logits: mine } of logits) {
      let worst = 0;
      for (let token = 0; token < vocabSize; token += 1)
        worst = Math.max(worst, Math.abs(mine[token]! - expected[position * vocabSize + token]!));
      expect(worst).toBeLessThan(LOGIT_TOLERANCE);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(6 * SHARERS * STEPS);
});

test('samples of a long prompt are those that its rows draw alone, with guesses too', async () => {
  const model = await exportForTest('models/pebble-sft');
  const digits = Array.from({ length: 400 }, (_, at) => 20 + ((at * at + 3 * at) % 10));
  const samples = Math.ceil(LEAST_SAVED / digits.length) + 1;
  const asked = request('shared', {
    promptTokens: [1, NEWLINE, ...digits, NEWLINE, 2, NEWLINE],
    samples,
    maxTokens: 60,
    stopTokens: [],
  });
  const draw = async (options: EngineOptions) => {
    const engine = await Engine.open(model, options);
    try {
      const drawn: Completion[] = [];
      await engine.generate([asked], { onSample: (completion) => drawn.push(completion) });
      return drawn.sort((a, b) => a.index - b.index);
    } finally {
      await engine.close();
    }
  };
  const alone = await draw({ rows: 1 });
  expect(new Set(alone.map(({ tokens }) => tokens.join())).size).toBe(samples);
  for (const options of [{ rows: samples }, { rows: samples, draftTokens: 4 }]) {
    const shared = await draw(options);
    expect(shared.map(({ tokens }) => [...tokens])).toEqual(alone.map(({ tokens }) => [...tokens]));
    const differences = shared.flatMap(({ logprobs }, index) =>
      Array.from(logprobs, (logprob, at) => Math.abs(logprob - alone[index]!.logprobs[at]!)),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  }
});
