/** Nuclei of a flat distribution over 151,936 tokens, where every rounding of a sum shows. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { drawCandidate } from '../src/engine/draw.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { drawTokens } from './support/draws.js';
import { logitCheckpoint } from './support/logitCheckpoint.js';
import { exportForTest, GREEDY } from './support/models.js';

const VOCABULARY = 151_936;
/** The largest number that is drawn: it gives the last token that is kept. */
const LAST = 1 - 2 ** -24;

let model: ExportedModel;
beforeAll(async () => {
  model = await exportForTest(await logitCheckpoint(new Float32Array(VOCABULARY)));
});

describe.each([0.1, 0.5, 0.9, 0.95])('top-p %d', (topP) => {
  const sampling = { ...GREEDY, greedy: false, topP };
  const kept = Math.ceil(topP * VOCABULARY);

  // 1 / 151,936 is no float32, which moves an edge that falls between two tokens.
  test('on the host, to one token', () => {
    const probabilities = new Float32Array(VOCABULARY).fill(1 / VOCABULARY);
    const drawn = (uniform: number) => drawCandidate(probabilities, sampling, uniform, VOCABULARY)!;
    for (const uniform of [0, 0.25, 0.5, 0.75, LAST])
      expect(Math.abs(drawn(uniform) - Math.floor(uniform * kept))).toBeLessThanOrEqual(1);
  });

  test('in the graph, to one token', async () => {
    const uniform = Float32Array.of(0, 0.25, 0.5, 0.75, LAST);
    const job = { sampling, candidates: VOCABULARY, rows: uniform.length, uniform };
    for (const [at, token] of (await drawTokens(model, job)).entries())
      expect(Math.abs(token - Math.floor(uniform[at]! * kept))).toBeLessThanOrEqual(1);
  });
});
