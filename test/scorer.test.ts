/** The scorer against PyTorch transformers: logits after every token in one pass. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { scorerOf } from '../src/export/scorer.js';
import { exportForTest, goldenFolder, readGolden } from './support/models.js';
import { runModel } from './support/runGraph.js';

/** As for the decoder itself. */
const LOGIT_TOLERANCE = 2e-4;

test.each(['qwen2-tied-fp32', 'qwen3-qknorm-fp16', 'llama3-ropescaled-fp32'])('%s', async (name) => {
  const { prompts, logits, greedy } = await readGolden(name);
  const model = await exportForTest(goldenFolder(name));
  const file = join(model.folder, 'scorer.onnx');
  await writeFile(file, await scorerOf(goldenFolder(name), model));
  const { vocabSize } = model.manifest.config;
  for (const [at, prompt] of prompts.entries()) {
    const tokens = [...prompt, ...greedy[at]!];
    const data = BigInt64Array.from(tokens, BigInt);
    const results = await runModel(file, { tokens: { type: 'int64', data, dims: [1, tokens.length] } });
    const rows = results.logits!.data as Float32Array;
    const rowAt = (position: number) => rows.subarray(position * vocabSize, (position + 1) * vocabSize);
    const first = rowAt(prompt.length - 1);
    const worst = Math.max(...logits[at]!.map((logit, token) => Math.abs(logit - first[token]!)));
    expect(worst).toBeLessThan(LOGIT_TOLERANCE);
    const best = greedy[at]!.map((_, step) => {
      const row = rowAt(prompt.length - 1 + step);
      return row.indexOf(Math.max(...row));
    });
    expect(best).toEqual(greedy[at]);
  }
});
