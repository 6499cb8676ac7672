import { describe, expect, test } from '@jest/globals';
import { padded, tiledRows, trimmed } from './fixedShapes.js';
import type { RowInput } from './types.js';

const sampling = { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 };
const row = (nextToken: number): RowInput => ({
  ...{ nextToken, position: 5, history: [nextToken], sampling, stopTokens: [], remaining: 3 },
});

describe('rows in whole tiles', () => {
  test('are as few as hold all', () => {
    expect([1, 3, 4, 5, 64, 65].map(tiledRows)).toEqual([4, 4, 4, 8, 64, 68]);
  });

  test('keep the random numbers of each row and step, and rest where they were added', () => {
    const uniform = Float32Array.of(1, 2, 3, 4, 5, 6);
    const options = { steps: 3, minActive: 1, candidates: 9, uniform };
    const batch = padded([row(7), row(8)], options, 4);
    expect(batch.rows.map(({ nextToken, remaining }) => [nextToken, remaining])).toEqual([
      [7, 3],
      [8, 3],
      [0, 0],
      [0, 0],
    ]);
    expect(batch.options).toEqual({
      ...options,
      uniform: Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0),
    });
  });

  test('give back what the first of them drew', () => {
    const chunk = {
      steps: 2,
      tokens: Int32Array.of(1, 2, -1, 3, 4, -1),
      logprobs: Float32Array.of(-1, -2, 0, -3, -4, 0),
      cut: false,
      logits: Float32Array.of(11, 12, 21, 22, 0, 0, 13, 14, 23, 24, 0, 0),
    };
    expect(trimmed(chunk, 3, 2)).toEqual({
      ...chunk,
      tokens: Int32Array.of(1, 2, 3, 4),
      logprobs: Float32Array.of(-1, -2, -3, -4),
      logits: Float32Array.of(11, 12, 21, 22, 13, 14, 23, 24),
    });
    const nothing = { ...chunk, steps: 0, cut: true, logits: null };
    const none = { ...nothing, tokens: new Int32Array(), logprobs: new Float32Array() };
    expect(trimmed(none, 3, 2)).toEqual(none);
  });
});
