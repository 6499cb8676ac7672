import { expect, test } from '@jest/globals';
import type { DecoderConfig } from '../checkpoint/config.js';
import { parseRules, resolveQuantization } from '../export/quantization.js';
import { boundOf, formatsOf, stepWork } from './roofline.js';

/** Two layers, 64 wide, of four heads of which two share keys and values. */
const CONFIG: DecoderConfig = {
  architecture: 'qwen2',
  vocabSize: 1000,
  hiddenSize: 64,
  intermediateSize: 128,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  biases: ['q_proj', 'k_proj', 'v_proj'],
  qkNorm: false,
  ropeTheta: 10_000,
  ropeScaling: null,
  rmsNormEps: 1e-6,
  maxPositions: 1024,
  tieWordEmbeddings: true,
  eosTokenIds: [0],
  padTokenId: null,
};

test('counts what a step reads and computes', () => {
  // A layer: queries and output 2 · 64 · 64, keys and values 2 · 32 · 64, feed-forward 3 · 64 · 128: 36,864 weights.
  const weights = 2 * 36_864 + 1000 * 64;
  expect(weights).toBe(137_728);
  expect(stepWork(CONFIG, null, 3, 100)).toEqual({
    weightBytes: 550_912,
    // 3 rows · 100 positions · 2 layers · 2 heads · 16 · (key and value) · 4 bytes.
    cacheBytes: 153_600,
    // 2 · 3 rows · weights, and 4 · 3 rows · 100 positions · 2 layers · 4 heads · 16.
    flops: { fp32: 826_368 + 153_600 },
  });
});

test('counts positions that all rows share once, and computes with them for each', () => {
  const alone = stepWork(CONFIG, null, 3, 100);
  const { cacheBytes, ...rest } = stepWork(CONFIG, null, 3, 100, 90);
  expect(rest).toEqual({ weightBytes: alone.weightBytes, flops: alone.flops });
  expect(cacheBytes).toBe((alone.cacheBytes / 300) * (90 + 3 * 10));
});

test('an embedding that is not the head is not read, and a head beside it is', () => {
  const untied = { ...CONFIG, tieWordEmbeddings: false };
  expect(stepWork(untied, null, 1, 0)).toEqual(stepWork(CONFIG, null, 1, 0));
});

test('counts quantized matrices by their format, with scales and zero points', () => {
  const eight = stepWork(CONFIG, resolveQuantization('int8', { blockSize: 32 }), 1, 0);
  // A byte a weight and a float for 32 of them.
  expect(eight).toEqual({
    weightBytes: 137_728 + 17_216,
    cacheBytes: 0,
    flops: { 'int8/32': 275_456 },
  });
  const rules = parseRules('lm_head=float');
  const quantization = { dtype: 'int4' as const, blockSize: 128 as const, symmetric: false, rules };
  const four = stepWork(CONFIG, quantization, 1, 10);
  // Of a layer the 64 rows of down_proj have one block of 128 (16,384 weights in both layers), all others blocks of 64.
  expect(four.flops).toEqual({
    fp32: 2 * 64_000 + 4 * 10 * 2 * 64,
    'int4/64': 2 * (73_728 - 16_384),
    'int4/128': 2 * 16_384,
  });
  // Half a byte a weight; 896 + 128 blocks with a float each; and a byte of zero points for each row of one block.
  expect(four.weightBytes).toBe(4 * 64_000 + 73_728 / 2 + 4 * 1024 + 1024);
  expect(formatsOf(four).sort()).toEqual(['fp32', 'int4/128', 'int4/64']);
});

test('a tied head has the precision that is asked for it', () => {
  const quantization = resolveQuantization('int4', { blockSize: 32 });
  const { flops } = stepWork({ ...CONFIG, layers: 1 }, quantization, 1, 0);
  // The first layer and the head are kept at 8 bits by default.
  expect(flops).toEqual({ 'int8/32': 2 * (36_864 + 64_000) });
});

test('the bound is the longer of reading and computing', () => {
  const work = { weightBytes: 900, cacheBytes: 100, flops: { fp32: 200, 'int8/128': 400 } };
  expect(boundOf(work, { readBytes: 1000, flops: { fp32: 1000, 'int8/128': 2000 } })).toEqual({
    ms: 1000,
    by: 'memory',
  });
  expect(boundOf(work, { readBytes: 10_000, flops: { fp32: 1000, 'int8/128': 2000 } })).toEqual({
    ms: 400,
    by: 'arithmetic',
  });
  expect(() => boundOf(work, { readBytes: 1, flops: { fp32: 1 } })).toThrow('int8/128');
});
