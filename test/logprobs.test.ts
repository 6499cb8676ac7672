/** Log-probabilities that the engine keeps, against one teacher-forced pass over the same tokens. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ChatTokenizer } from '../src/checkpoint/tokenizer.js';
import { Engine } from '../src/engine/engine.js';
import type { Completion } from '../src/engine/types.js';
import { scorerOf } from '../src/export/scorer.js';
import { readProblems } from '../src/problems/problemSet.js';
import { exportForTest, GREEDY } from './support/models.js';
import { runModel } from './support/runGraph.js';

const TOLERANCE = 1e-4;
const PROBLEMS = 8;

/** ln of each token's probability given those before it, in double precision from the logits. */
function logprobsOf(logits: Float32Array, vocabSize: number, tokens: readonly number[]): number[] {
  return tokens.slice(1).map((token, at) => {
    const row = logits.subarray(at * vocabSize, (at + 1) * vocabSize);
    const top = row.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    return row[token]! - top - Math.log(total);
  });
}

test.each(['pebble-base', 'pebble-sft', 'pebble-grpo'])('%s', async (name) => {
  const checkpoint = join('models', name);
  const model = await exportForTest(checkpoint);
  const tokenizer = await ChatTokenizer.open(checkpoint);
  const { problems } = await readProblems(join('problems', 'pebble'));
  const prompts = new Map(
    problems
      .slice(0, PROBLEMS)
      .map(({ id, text }) => [id, tokenizer.encodeChat([{ role: 'user', content: text }])]),
  );
  const engine = await Engine.open(model, { rows: 12 });
  const drawn: Completion[] = [];
  const requests = [...prompts].map(([id, promptTokens]) => ({
    ...{ id, promptTokens, samples: 4, stopTokens: [0], maxTokens: 300, seed: 2 },
    // Settings that draw other than the model would must not show in its log-probabilities.
    sampling: { ...GREEDY, greedy: false, temperature: 1.3, topP: 0.95 },
  }));
  await engine.generate(requests, { onSample: (completion) => drawn.push(completion) });
  await engine.close();

  const file = join(model.folder, 'scorer.onnx');
  await writeFile(file, await scorerOf(checkpoint, model));
  const texts = drawn.map(({ id, tokens }) => [...prompts.get(id)!, ...tokens]);
  const width = Math.max(...texts.map(({ length }) => length));
  const data = new BigInt64Array(texts.length * width);
  // What follows a text does not reach back into it.
  for (const [row, text] of texts.entries()) data.set(text.map(BigInt), row * width);
  const results = await runModel(file, { tokens: { type: 'int64', data, dims: [texts.length, width] } });
  const logits = results.logits!.data as Float32Array;
  const { vocabSize } = model.manifest.config;
  const deviations = drawn.flatMap(({ id, logprobs }, row) => {
    const own = logits.subarray(row * width * vocabSize, (row + 1) * width * vocabSize);
    const expected = logprobsOf(own, vocabSize, texts[row]!).slice(prompts.get(id)!.length - 1);
    return Array.from(logprobs, (logprob, at) => Math.abs(logprob - expected[at]!));
  });
  expect(deviations.length).toBeGreaterThan(1000);
  expect(deviations.reduce((most, deviation) => Math.max(most, deviation))).toBeLessThan(TOLERANCE);
});
