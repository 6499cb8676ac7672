import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DecoderConfig, readDecoderConfig } from './config.js';
import {
  bytesOf,
  editJson,
  fileOf,
  PEBBLE,
  SHARDED,
  safetensorsFile,
  TIED,
  withCopy,
  withFolder,
} from './testing.js';
import { Weights } from './weights.js';

/** Opens `folder`, and closes it whatever `use` does. */
async function withWeights<Result>(
  folder: string,
  use: (weights: Weights) => Promise<Result>,
): Promise<Result> {
  const weights = await Weights.open(folder);
  try {
    return await use(weights);
  } finally {
    await weights.close();
  }
}

/** Every tensor of a Qwen2 decoder and its shape. */
function qwen2Shapes(config: DecoderConfig): Record<string, readonly number[]> {
  const { hiddenSize, intermediateSize, vocabSize } = config;
  const [queries, keys] = [config.heads * config.headDim, config.kvHeads * config.headDim];
  const shapes: Record<string, readonly number[]> = {
    'model.embed_tokens.weight': [vocabSize, hiddenSize],
    'model.norm.weight': [hiddenSize],
  };
  if (!config.tieWordEmbeddings) shapes['lm_head.weight'] = [vocabSize, hiddenSize];
  for (let layer = 0; layer < config.layers; layer++)
    for (const [name, shape] of Object.entries({
      'input_layernorm.weight': [hiddenSize],
      'post_attention_layernorm.weight': [hiddenSize],
      'self_attn.q_proj.weight': [queries, hiddenSize],
      'self_attn.q_proj.bias': [queries],
      'self_attn.k_proj.weight': [keys, hiddenSize],
      'self_attn.k_proj.bias': [keys],
      'self_attn.v_proj.weight': [keys, hiddenSize],
      'self_attn.v_proj.bias': [keys],
      'self_attn.o_proj.weight': [hiddenSize, queries],
      'mlp.gate_proj.weight': [intermediateSize, hiddenSize],
      'mlp.up_proj.weight': [intermediateSize, hiddenSize],
      'mlp.down_proj.weight': [hiddenSize, intermediateSize],
    }))
      shapes[`model.layers.${layer}.${name}`] = shape;
  return shapes;
}

describe('checkpoints in the repository', () => {
  test.each([
    ['pebble', PEBBLE, 'F32'],
    ['tied fp32', TIED, 'F32'],
    ['untied bf16 in three shards', SHARDED, 'BF16'],
  ])('%s: every tensor, and none besides', async (_, folder, dtype) => {
    const shapes = qwen2Shapes(await readDecoderConfig(folder));
    await withWeights(folder, async (weights) => {
      expect(weights.names().sort()).toEqual(Object.keys(shapes).sort());
      for (const [name, shape] of Object.entries(shapes)) {
        expect(weights.dtype(name)).toBe(dtype);
        expect(weights.shape(name)).toEqual(shape);
        const values = await weights.read(name, shape);
        expect(values.length).toBe(shape.reduce((product, size) => product * size, 1));
        // Read from the wrong place, weights are noise of every magnitude.
        expect(values.every((value) => Math.abs(value) < 20)).toBe(true);
      }
    });
  });

  test('a bf16 element is the upper half of its float32, at the place the header gives', async () => {
    await withWeights(SHARDED, async (weights) => {
      const file = await readFile(join(SHARDED, 'model-00001-of-00003.safetensors'));
      const dataStart = 8 + Number(file.readBigUInt64LE(0));
      // The embedding stands first in the first shard.
      const embedding = await weights.read('model.embed_tokens.weight', [320, 64]);
      for (const i of [0, 1, 63, 64, 320 * 64 - 1]) {
        const upperHalf = file.readUInt16LE(dataStart + 2 * i);
        const bits = Buffer.alloc(4);
        bits.writeUInt32LE(upperHalf * 65_536);
        expect(embedding[i]).toBe(bits.readFloatLE(0));
      }
    });
  });
});

const tensorArbitrary = fc.record({
  dtype: fc.constantFrom('F32', 'F16', 'BF16'),
  shape: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
  seed: fc.integer({ min: 0, max: 65_535 }),
});

/** Values that each of the three types holds exactly: quarters of small integers. */
function exactValues(shape: readonly number[], seed: number): number[] {
  const elements = shape.reduce((product, size) => product * size, 1);
  return Array.from({ length: elements }, (_, i) => ((i * 31 + seed) % 255) / 4 - 32);
}

function store(dtype: string, values: readonly number[]): Uint8Array {
  const wide = Float32Array.from(values);
  if (dtype === 'F32') return bytesOf(wide);
  const bits = new Uint32Array(wide.buffer);
  const halves = Uint16Array.from(bits, (word) =>
    dtype === 'BF16'
      ? word >>> 16
      : word & 0x7fffffff
        ? ((word >>> 16) & 0x8000) | (((word & 0x7fffffff) >>> 13) - (112 << 10))
        : word >>> 16,
  );
  return bytesOf(halves);
}

describe('reading what was written', () => {
  test('any tensors, in one file or two shards, whole or in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__'),
          tensorArbitrary,
          { maxKeys: 6 },
        ),
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        async (drawn, sharded, chunkElements) => {
          const written = Object.entries(drawn).map(([name, { dtype, shape, seed }]) => {
            const values = exactValues(shape, seed);
            return { name, shape, values, tensor: { dtype, shape, data: store(dtype, values) } };
          });
          const shard = (keep: (i: number) => boolean) =>
            safetensorsFile(
              Object.fromEntries(written.filter((_, i) => keep(i)).map(({ name, tensor }) => [name, tensor])),
            );
          const files =
            sharded && written.length > 0
              ? {
                  'even.safetensors': shard((i) => i % 2 === 0),
                  'odd.safetensors': shard((i) => i % 2 === 1),
                  'model.safetensors.index.json': {
                    weight_map: Object.fromEntries(
                      written.map(({ name }, i) => [name, i % 2 ? 'odd.safetensors' : 'even.safetensors']),
                    ),
                  },
                }
              : { 'model.safetensors': shard(() => true) };
          await withFolder(files, (folder) =>
            withWeights(folder, async (weights) => {
              expect(weights.names().sort()).toEqual(written.map(({ name }) => name).sort());
              for (const { name, shape, values } of written) {
                expect([...(await weights.read(name, shape))]).toEqual(values);
                const pieces: number[] = [];
                for await (const piece of weights.stream(name, shape, chunkElements)) {
                  expect(piece.length).toBeLessThanOrEqual(chunkElements);
                  pieces.push(...piece);
                }
                expect(pieces).toEqual(values);
              }
            }),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a name that means something to JavaScript, in a shard and in the index', async () => {
    const tensors = '{"__proto__": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}';
    const files = {
      'a.safetensors': fileOf(tensors, bytesOf(Float32Array.of(1, 2))),
      'model.safetensors.index.json': JSON.parse('{"weight_map": {"__proto__": "a.safetensors"}}'),
    };
    await withFolder(files, (folder) =>
      withWeights(folder, async (weights) => {
        expect([...(await weights.read('__proto__', [2]))]).toEqual([1, 2]);
      }),
    );
  });

  test('a tensor of several chunks', async () => {
    // One element more than the chunk that is read at a time.
    const elements = 2 ** 22 + 1;
    const halves = Uint16Array.from({ length: elements }, (_, i) => 0x3f80 + (i % 97));
    const file = safetensorsFile({ big: { dtype: 'BF16', shape: [elements], data: bytesOf(halves) } });
    await withFolder({ 'model.safetensors': file }, (folder) =>
      withWeights(folder, async (weights) => {
        const bits = new Uint32Array((await weights.read('big', [elements])).buffer);
        expect(bits.every((word, i) => word === halves[i]! * 65_536)).toBe(true);
      }),
    );
  });
});

describe('errors', () => {
  const small = safetensorsFile({
    a: { dtype: 'F32', shape: [2, 3], data: new Uint8Array(24) },
    coded: { dtype: 'F8_E4M3', shape: [4], data: new Uint8Array(4) },
  });
  const inSmall = <Result>(use: (weights: Weights) => Promise<Result>) =>
    withFolder({ 'model.safetensors': small }, (folder) => withWeights(folder, use));

  test('a missing tensor', async () => {
    await inSmall(async (weights) => {
      expect([weights.has('a'), weights.has('b')]).toEqual([true, false]);
      const expected = expect.objectContaining({
        name: 'MissingTensorError',
        place: { file: expect.stringMatching(/model\.safetensors$/), field: 'b' },
      });
      expect(() => weights.shape('b')).toThrow(expected);
      expect(() => weights.dtype('b')).toThrow(expected);
      await expect(weights.read('b', [1])).rejects.toEqual(expected);
    });
  });

  test.each([[[3, 2]], [[6]], [[2, 3, 1]], [[]]])('a shape that is not %j', async (shape) => {
    await expect(inSmall((weights) => weights.read('a', shape))).rejects.toMatchObject({
      name: 'TensorShapeError',
      expected: shape,
      found: [2, 3],
      message: expect.stringContaining(`expected shape [${shape.join(', ')}], found [2, 3]`),
      place: { file: expect.stringMatching(/model\.safetensors$/), field: 'a' },
    });
  });

  test('a type that is no float', async () => {
    await expect(inSmall((weights) => weights.read('coded', [4]))).rejects.toMatchObject({
      name: 'UnsupportedDtypeError',
      message: expect.stringContaining('F8_E4M3'),
      place: { field: 'coded' },
    });
  });

  test.each([
    ['F32', 0x7fc00000, 'NaN'],
    ['F32', 0xff800000, '-Infinity'],
    ['F16', 0x7c00, 'Infinity'],
    ['BF16', 0x7fc0, 'NaN'],
  ])('%s weights that are no numbers (%i)', async (dtype, bits, text) => {
    const data = dtype === 'F32' ? new Uint32Array(5) : new Uint16Array(5);
    data[3] = bits;
    const file = safetensorsFile({ w: { dtype, shape: [5], data: new Uint8Array(data.buffer) } });
    const reading = withFolder({ 'model.safetensors': file }, (folder) =>
      withWeights(folder, (weights) => weights.read('w', [5])),
    );
    await expect(reading).rejects.toMatchObject({
      name: 'NonFiniteWeightError',
      message: expect.stringContaining(`element 3 is ${text}`),
      place: { field: 'w' },
    });
  });

  test('a chunk of no elements', async () => {
    await expect(inSmall((weights) => weights.stream('a', [2, 3], 0).next())).rejects.toThrow(RangeError);
  });

  test('a file cut short while it is open', async () => {
    const reading = withFolder({ 'model.safetensors': small }, (folder) =>
      withWeights(folder, async (weights) => {
        await truncate(join(folder, 'model.safetensors'), small.byteLength - 20);
        return await weights.read('a', [2, 3]);
      }),
    );
    await expect(reading).rejects.toMatchObject({ name: 'TruncatedWeightsError' });
  });

  test.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'Fetch the weights'],
    ['PyTorch files', { 'pytorch_model.bin': '' }, 'pytorch_model.bin: convert'],
    ['GGUF', { 'model-q8.gguf': '' }, 'model-q8.gguf: convert'],
  ])('a folder that holds %s', async (_, files, hint) => {
    await expect(withFolder(files, (folder) => Weights.open(folder))).rejects.toMatchObject({
      name: 'MissingWeightsError',
      message: expect.stringContaining('neither model.safetensors nor model.safetensors.index.json'),
      hint: expect.stringContaining(hint),
    });
  });
});

describe('damaged shards', () => {
  const LAST = 'model-00003-of-00003.safetensors';
  const INDEX = 'model.safetensors.index.json';
  const opening = (damage: (folder: string) => Promise<unknown>) =>
    withCopy(SHARDED, async (folder) => {
      await damage(folder);
      await (await Weights.open(folder)).close();
    });
  const mapTo = (change: (map: Record<string, string>) => void) =>
    opening((folder) =>
      editJson(join(folder, INDEX), (index) => change(index.weight_map as Record<string, string>)),
    );

  test('a missing shard', async () => {
    await expect(opening((folder) => rm(join(folder, LAST)))).rejects.toMatchObject({
      name: 'MissingWeightsError',
      message: expect.stringContaining(LAST),
      place: { file: expect.stringMatching(/index\.json$/) },
    });
  });

  test('a truncated shard', async () => {
    await expect(opening((folder) => truncate(join(folder, LAST), 100_000))).rejects.toMatchObject({
      name: 'TruncatedWeightsError',
      expectedBytes: 116_160,
      actualBytes: 100_000,
      place: { file: expect.stringMatching(/model-00003-of-00003\.safetensors$/) },
    });
  });

  test('a tensor that is not in its shard', async () => {
    const wrong = mapTo((map) => {
      map['lm_head.weight'] = 'model-00001-of-00003.safetensors';
    });
    await expect(wrong).rejects.toMatchObject({
      name: 'MissingTensorError',
      place: { file: expect.stringMatching(/model-00001-of-00003\.safetensors$/), field: 'lm_head.weight' },
    });
  });

  test.each(['../outside.safetensors', '/etc/passwd', 'a\\b.safetensors', 'weights.bin'])(
    'a shard called %s',
    async (name) => {
      const strange = mapTo((map) => {
        map['lm_head.weight'] = name;
      });
      await expect(strange).rejects.toMatchObject({
        name: 'InvalidCheckpointFileError',
        place: { field: 'weight_map' },
      });
    },
  );

  test('an index without tensors, without a map, without JSON', async () => {
    const index = (content: string) => opening((folder) => writeFile(join(folder, INDEX), content));
    for (const content of ['{"weight_map": {}}', '{}', '{"weight_map": {"a": 1}}', '{"weight_map"'])
      await expect(index(content)).rejects.toMatchObject({
        name: 'InvalidCheckpointFileError',
        place: { file: expect.stringMatching(/index\.json$/) },
      });
  });
});
