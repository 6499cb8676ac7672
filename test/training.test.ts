/** Losses and gradients of whole decoders against PyTorch, in packed rows. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DecoderConfig } from '../src/checkpoint/config.js';
import { readDecoderConfig } from '../src/checkpoint/config.js';
import { Weights } from '../src/checkpoint/weights.js';
import { tensorShapes } from '../src/model/tensors.js';
import { buildTraining, gradientOf } from '../src/model/training.js';
import { goldenFolder } from './support/models.js';
import { type PlainTensor, type PlainTensors, runGraph } from './support/runGraph.js';

/** Relative to the gradient's norm; float32 against float64. */
const TOLERANCE = 2e-4;
const SHAPE = { rows: 2, length: 32 };
const COUNT = SHAPE.rows * SHAPE.length;
/** Where each text of the data begins: two share a row. */
const STARTS = [0, 9, 32];

interface Reference {
  readonly loss: number;
  readonly kl?: number;
  readonly clipped?: number;
  readonly gradients: Record<string, { norm: number; at: number[]; values: number[] }>;
}
interface Case {
  readonly texts: number[][];
  readonly weights: number[][];
  readonly advantages: number[][];
  readonly old: number[][];
  readonly reference: number[][];
  readonly clip: number;
  readonly beta: number;
  readonly likelihood: Reference;
  readonly policy: Reference;
}

describe.each(['qwen2-tied-fp32', 'qwen2-untied-bf16-sharded', 'qwen3-qknorm-fp16'])('%s', (name) => {
  let config: DecoderConfig;
  let data: Case;
  let feeds: PlainTensors;
  beforeAll(async () => {
    config = await readDecoderConfig(goldenFolder(name));
    data = JSON.parse(await readFile(join('test', 'fixtures', 'gradients', `${name}.json`), 'utf8')) as Case;
    feeds = { ...(await tensors(goldenFolder(name), config)), ...packed(data) };
  });

  test.each(['likelihood', 'policy'] as const)('%s has the gradients of PyTorch', async (objective) => {
    const graph = buildTraining(config, SHAPE, objective);
    const known = new Set(graph.inputs.map((input) => input.name));
    const results = await runGraph(
      graph,
      Object.fromEntries(Object.entries(feeds).filter(([input]) => known.has(input))),
    );
    const expected = data[objective];
    const number = (output: string) => Number(results[output]!.data[0]);
    expect(number('loss')).toBeCloseTo(expected.loss, 3);
    if (objective === 'policy') {
      expect(number('kl')).toBeCloseTo(expected.kl!, 3);
      expect(number('clipped')).toBeCloseTo(expected.clipped!, 4);
    }
    expect(Object.keys(expected.gradients).sort()).toEqual([...tensorShapes(config).keys()].sort());
    for (const [tensor, { norm, at, values }] of Object.entries(expected.gradients)) {
      const gradient = results[gradientOf(tensor)]!.data as Float32Array;
      expect(Math.hypot(...gradient) / norm).toBeCloseTo(1, 3);
      const worst = Math.max(...at.map((index, which) => Math.abs(gradient[index]! - values[which]!)));
      expect(worst / norm).toBeLessThan(TOLERANCE);
    }
  });
});

async function tensors(folder: string, config: DecoderConfig): Promise<PlainTensors> {
  const weights = await Weights.open(folder);
  try {
    const read = [...tensorShapes(config)].map(async ([name, dims]) => {
      return [name, { type: 'float32', data: await weights.read(name, dims), dims }] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  } finally {
    await weights.close();
  }
}

/** The texts in rows, and what belongs to each of their tokens. Padding is a text of its own with nothing to learn. */
function packed(data: Case): PlainTensors {
  const integers = (dims: readonly number[], rest: number) => ({
    data: new BigInt64Array(COUNT).fill(BigInt(rest)),
    dims,
  });
  const tokens = integers([COUNT], 0);
  const targets = integers([COUNT], 0);
  const positions = integers([SHAPE.rows, SHAPE.length], 0);
  const segments = integers([SHAPE.rows, SHAPE.length], 99);
  for (const [which, text] of data.texts.entries()) {
    for (const [at, token] of text.entries()) {
      const place = STARTS[which]! + at;
      tokens.data[place] = BigInt(token);
      targets.data[place] = BigInt(text[at + 1] ?? 0);
      positions.data[place] = BigInt(at);
      segments.data[place] = BigInt(which);
    }
  }
  const perToken = (values: readonly (readonly number[])[]): PlainTensor => {
    const numbers = new Float32Array(COUNT);
    for (const [which, row] of values.entries()) numbers.set(row, STARTS[which]);
    return { type: 'float32', data: numbers, dims: [COUNT] };
  };
  const scalar = (value: number): PlainTensor => ({
    type: 'float32',
    data: Float32Array.of(value),
    dims: [],
  });
  const int64 = (tensor: { data: BigInt64Array; dims: readonly number[] }): PlainTensor => ({
    type: 'int64',
    ...tensor,
  });
  return {
    tokens: int64(tokens),
    targets: int64(targets),
    positions: int64(positions),
    segments: int64(segments),
    weights: perToken(data.weights),
    advantages: perToken(data.advantages),
    old_logprobs: perToken(data.old),
    reference_logprobs: perToken(data.reference),
    clip: scalar(data.clip),
    beta: scalar(data.beta),
  };
}
