/** The files that bench/peers makes for other programs: GGUF by its specification, the step graph against PyTorch transformers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type GgufTensor, type GgufValue, tensorBytes, writeGguf } from '../bench/peers/gguf.js';
import { writeGgufModel } from '../bench/peers/ggufModel.js';
import { Q8_BLOCK, quantizeQ8 } from '../bench/peers/q8.js';
import { buildStep } from '../bench/peers/stepGraph.js';
import { readDecoderConfig } from '../src/checkpoint/config.js';
import { Weights } from '../src/checkpoint/weights.js';
import { FloatParameters } from '../src/export/parameters.js';
import { toFloat16 } from '../src/onnx/float16.js';
import { writeModel } from '../src/onnx/writer.js';
import { goldenFolder, readGolden, temporaryFolder } from './support/models.js';
import { readGguf } from './support/readGguf.js';
import { type PlainTensors, runModel } from './support/runGraph.js';

const CHECKPOINT = 'qwen2-tied-fp32';

describe('the GGUF writer', () => {
  const texts = fc.string({ unit: 'binary' });
  const values: fc.Arbitrary<GgufValue> = fc.oneof(
    fc.record({ type: fc.constant('uint32' as const), value: fc.nat(2 ** 31) }),
    fc.record({ type: fc.constant('float32' as const), value: fc.float({ noNaN: true }) }),
    fc.record({ type: fc.constant('string' as const), value: texts }),
    fc.record({ type: fc.constant('int32s' as const), value: fc.array(fc.integer(), { maxLength: 5 }) }),
    fc.record({ type: fc.constant('strings' as const), value: fc.array(texts, { maxLength: 5 }) }),
  );
  const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });

  test('writes what a reader finds again', async () => {
    const file = join(await temporaryFolder(), 'model.gguf');
    const entries = fc.uniqueArray(fc.tuple(texts, values), { selector: ([key]) => key, maxLength: 6 });
    const property = fc.asyncProperty(entries, fc.array(shapes, { maxLength: 4 }), async (metadata, dims) => {
      const contents = dims.map((shape, at) =>
        new Uint8Array(tensorBytes({ type: 'F32', shape })).fill(at + 1),
      );
      const tensors = dims.map(
        (shape, at): GgufTensor => ({
          name: `t${at}`,
          type: 'F32',
          shape,
          async *pieces() {
            yield contents[at]!;
          },
        }),
      );
      await writeGguf(file, new Map(metadata), tensors);
      const bytes = await readFile(file);
      const found = readGguf(bytes);
      expect([...found.metadata]).toEqual(metadata.map(([key, { value }]) => [key, value]));
      expect(found.tensors.map(({ sizes }) => sizes)).toEqual(dims.map((shape) => [...shape].reverse()));
      for (const [at, { offset }] of found.tensors.entries()) {
        expect(offset % 32).toBe(0);
        expect(bytes.subarray(offset, offset + contents[at]!.length).equals(contents[at]!)).toBe(true);
      }
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test('refuses a tensor whose bytes do not fill its shape', async () => {
    const file = join(await temporaryFolder(), 'model.gguf');
    const tensor: GgufTensor = {
      name: 'short',
      type: 'F32',
      shape: [2, 2],
      async *pieces() {
        yield new Uint8Array(12);
      },
    };
    await expect(writeGguf(file, new Map(), [tensor])).rejects.toThrow('12 bytes, its shape asks for 16');
  });

  test('holds the weights of a checkpoint under the names of llama.cpp', async () => {
    const config = await readDecoderConfig(goldenFolder(CHECKPOINT));
    const weights = await Weights.open(goldenFolder(CHECKPOINT));
    try {
      const file = join(await temporaryFolder(), 'model.gguf');
      await writeGgufModel(file, config, weights, 'F32');
      const bytes = await readFile(file);
      const { metadata, tensors } = readGguf(bytes);
      expect(metadata.get('general.architecture')).toBe('qwen2');
      expect(metadata.get('qwen2.block_count')).toBe(config.layers);
      expect(metadata.get('tokenizer.ggml.tokens')).toHaveLength(config.vocabSize);
      expect(tensors).toHaveLength(weights.names().length);
      const { offset, sizes } = tensors.find(({ name }) => name === 'blk.1.ffn_down.weight')!;
      expect(sizes).toEqual([config.intermediateSize, config.hiddenSize]);
      const shape = [config.hiddenSize, config.intermediateSize];
      const source = await weights.read('model.layers.1.mlp.down_proj.weight', shape);
      expect(bytes.readFloatLE(offset + 4 * 1234)).toBe(source[1234]);
    } finally {
      await weights.close();
    }
  });
});

test('Q8_0 keeps each number to half a step of its block', () => {
  // No weight is so small that float16 cannot hold its block's scale.
  const number = fc.float({ min: -8, max: 8, noNaN: true }).map((x) => (Math.abs(x) < 0.01 ? 0 : x));
  const numbers = fc.array(number, {
    minLength: 2 * Q8_BLOCK,
    maxLength: 2 * Q8_BLOCK,
  });
  fc.assert(
    fc.property(numbers, (drawn) => {
      const values = Float32Array.from(drawn);
      const bytes = quantizeQ8(values);
      const view = new DataView(bytes.buffer);
      const errors: number[] = [];
      for (const [at, value] of values.entries()) {
        const first = at - (at % Q8_BLOCK);
        const place = (first / Q8_BLOCK) * (Q8_BLOCK + 2);
        const step = Math.max(...values.subarray(first, first + Q8_BLOCK).map(Math.abs)) / 127;
        expect(view.getUint16(place, true)).toBe(toFloat16(step));
        const level = view.getInt8(place + 2 + (at % Q8_BLOCK));
        errors.push(Math.abs(level * step - value) - step / 2);
      }
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    }),
  );
});

test('the step graph draws the greedy tokens of the reference, first from a prompt, then from its past', async () => {
  const config = await readDecoderConfig(goldenFolder(CHECKPOINT));
  const weights = await Weights.open(goldenFolder(CHECKPOINT));
  const folder = await temporaryFolder();
  try {
    const graph = buildStep(config, new FloatParameters(weights, config, 'float32'));
    await writeModel(graph, folder, { producerVersion: 'test' });
  } finally {
    await weights.close();
  }
  const { prompts, greedy } = await readGolden(CHECKPOINT);
  const [prompt, expected] = [prompts[2]!, greedy[2]!];
  const run = (tokens: readonly number[], length: number, past: PlainTensors) =>
    runModel(join(folder, 'model.onnx'), {
      input_ids: { type: 'int64', data: BigInt64Array.from(tokens, BigInt), dims: [1, tokens.length] },
      attention_mask: { type: 'int64', data: new BigInt64Array(length).fill(1n), dims: [1, length] },
      ...past,
    });
  const pastOf = (outputs: PlainTensors) =>
    Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => name.startsWith('present.'))
        .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
    );
  const empty = { type: 'float32', data: new Float32Array(0), dims: [1, config.kvHeads, 0, config.headDim] };
  const layers = Array.from({ length: config.layers }, (_, layer) => `past_key_values.${layer}`);
  let past = Object.fromEntries(
    layers.flatMap((name) => [`${name}.key`, `${name}.value`].map((part) => [part, empty])),
  ) as PlainTensors;
  let tokens: readonly number[] = prompt;
  const drawn: number[] = [];
  for (let step = 0; step < 4; step += 1) {
    const outputs = await run(tokens, prompt.length + step, past);
    const logits = outputs.logits!.data as Float32Array;
    drawn.push(logits.indexOf(Math.max(...logits)));
    tokens = drawn.slice(-1);
    past = pastOf(outputs);
  }
  expect(drawn).toEqual(expected.slice(0, 4));
});
