/** Rows whose contexts are longer than a block, beside short ones, against one pass over each text. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { scorerOf } from '../src/export/scorer.js';
import { BLOCK_LENGTH } from '../src/model/loopAttention.js';
import { exportForTest, GREEDY, goldenFolder } from './support/models.js';
import { oneKeyHead } from './support/oneKeyHead.js';
import { runModel } from './support/runGraph.js';
import { RemoteSession } from './support/session.js';

/** A checkpoint that allows 1,024 positions. */
const NAME = 'llama3-ropescaled-fp32';
/** As between the decoder and PyTorch transformers. */
const LOGIT_TOLERANCE = 2e-4;
const STEPS = 24;

test.each([
  ['two queries a key head', async () => goldenFolder(NAME)],
  // Enough of them that blocks have their values turned.
  ['four', () => oneKeyHead(goldenFolder(NAME))],
])('logits of rows with and without full blocks are those of one pass: %s', async (_, checkpoint) => {
  const folder = await checkpoint();
  const model = await exportForTest(folder, true);
  const { vocabSize } = model.manifest.config;
  const file = join(model.folder, 'scorer.onnx');
  await writeFile(file, await scorerOf(folder, model));

  // Short, full within the first chunk, within the second, at the end of a chunk, and full from the start.
  const lengths = [9, BLOCK_LENGTH - 8, BLOCK_LENGTH - 30, BLOCK_LENGTH - STEPS + 1, BLOCK_LENGTH + 300];
  const texts = lengths.map((length, row) =>
    Array.from({ length }, (_, at) => (row * 31 + at * at * 7) % vocabSize),
  );
  const session = await RemoteSession.open(model, { maxRows: texts.length });
  for (const [row, prompt] of (await session.prefill(texts)).entries()) await session.seat(row, prompt);
  const drawn: { row: number; position: number; logits: Float32Array }[] = [];
  for (let chunk = 0; chunk < 3; chunk += 1) {
    const rows = texts.map((text) => {
      const more = { history: text, sampling: GREEDY, stopTokens: [], remaining: STEPS };
      return { nextToken: text.at(-1)!, position: text.length - 1, ...more };
    });
    const uniform = new Float32Array(STEPS * rows.length);
    const result = await session.decode(rows, { steps: STEPS, minActive: 1, candidates: 1, uniform });
    expect(result.steps).toBe(STEPS);
    for (let step = 0; step < STEPS; step += 1) {
      for (const [row, text] of texts.entries()) {
        const at = step * texts.length + row;
        const logits = result.logits!.subarray(at * vocabSize, (at + 1) * vocabSize);
        drawn.push({ row, position: text.length - 1, logits });
        text.push(result.tokens[at]!);
      }
    }
    // The rows trade places: the last one takes that of the first, which is seated anew behind it.
    if (chunk === 1) {
      await session.release(0);
      const [first] = texts.splice(0, 1, texts.pop()!);
      texts.push(first!);
      const [prompt] = await session.prefill([first!]);
      await session.seat(texts.length - 1, prompt!);
      for (const each of drawn) each.row = each.row === 0 ? texts.length - 1 : each.row % (texts.length - 1);
    }
  }
  await session.close();

  for (const [row, text] of texts.entries()) {
    const data = BigInt64Array.from(text, BigInt);
    const results = await runModel(file, { tokens: { type: 'int64', data, dims: [1, text.length] } });
    const expected = results.logits!.data as Float32Array;
    const mine = drawn.filter((each) => each.row === row);
    expect(mine).toHaveLength(3 * STEPS);
    for (const { position, logits } of mine) {
      let worst = 0;
      for (let token = 0; token < vocabSize; token += 1)
        worst = Math.max(worst, Math.abs(logits[token]! - expected[position * vocabSize + token]!));
      expect(worst).toBeLessThan(LOGIT_TOLERANCE);
    }
  }
});
