/** The exported decoder against PyTorch transformers: greedy tokens and logits of reference checkpoints. */
import { describe, expect, test } from '@jest/globals';
import { Engine } from '../src/engine/engine.js';
import type { Completion } from '../src/engine/types.js';
import { exportForTest, GOLDEN_CASES, GREEDY, goldenFolder, readGolden } from './support/models.js';
import { runChunks } from './support/session.js';

/** Largest difference of a logit that float32 arithmetic in another order explains. */
const LOGIT_TOLERANCE = 2e-4;

describe.each(GOLDEN_CASES)('%s', (name) => {
  test.each([1, 4])('draws the greedy tokens of the reference with %i rows', async (rows) => {
    const { prompts, greedy } = await readGolden(name);
    const engine = await Engine.open(await exportForTest(goldenFolder(name)), { rows });
    const completions: Completion[] = [];
    const requests = prompts.map((promptTokens, at) => ({
      id: String(at),
      promptTokens,
      samples: 1,
      sampling: GREEDY,
      stopTokens: [],
      maxTokens: greedy[at]!.length,
      seed: 0,
    }));
    try {
      await engine.generate(requests, { onSample: (completion) => completions.push(completion) });
    } finally {
      await engine.close();
    }
    const drawn = completions.sort((a, b) => Number(a.id) - Number(b.id)).map(({ tokens }) => [...tokens]);
    expect(drawn).toEqual(greedy);
  });

  test('computes the logits of the reference, and log-probabilities that follow from them', async () => {
    const { prompts, logits, greedy } = await readGolden(name);
    const model = await exportForTest(goldenFolder(name), true);
    const rows = prompts.map((prompt) => ({
      nextToken: prompt.at(-1)!,
      position: prompt.length - 1,
      history: prompt,
      sampling: GREEDY,
      stopTokens: [],
      remaining: 1,
    }));
    const chunk = { steps: 1, minActive: 1, candidates: 1, uniform: new Float32Array(prompts.length) };
    const [result] = await runChunks(model, prompts, [{ rows, chunk }]);
    const { vocabSize } = model.manifest.config;
    for (const [row, expected] of logits.entries()) {
      const found = result!.logits!.subarray(row * vocabSize, (row + 1) * vocabSize);
      const worst = Math.max(...expected.map((logit, at) => Math.abs(logit - found[at]!)));
      expect(worst).toBeLessThan(LOGIT_TOLERANCE);
      const logSum = Math.log(expected.reduce((sum, logit) => sum + Math.exp(logit), 0));
      expect(result!.logprobs[row]).toBeCloseTo(expected[greedy[row]![0]!]! - logSum, 3);
    }
  });
});
