import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bfloat16ToFloat32, float16ToFloat32 } from './halfFloats.js';
import { float32File, folderWith, safetensors } from './safetensors.fixture.js';
import { BadWeightsError, MAX_HEADER_BYTES, TruncatedWeightsError } from './safetensors.js';
import { MissingTensorError, MissingWeightsError, TensorShapeError, Weights } from './weights.js';

const FILE = 'model.safetensors';
const open = async (content: Uint8Array) => Weights.open(await folderWith({ [FILE]: content }));
const two = float32File({
  a: { shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) },
  b: { shape: [3], values: Float32Array.of(5, 6, 7) },
});

describe('Weights', () => {
  test('reads back what was written, whatever the tensors', async () => {
    const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return fc.record({
        shape: fc.constant(shape),
        values: fc.float32Array({ minLength: size, maxLength: size }),
      });
    });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ minLength: 1 }), tensor, { maxKeys: 6 }),
        async (tensors) => {
          fc.pre(!('__metadata__' in tensors) && !('__proto__' in tensors));
          const weights = await open(float32File(tensors));
          expect(weights.names().sort()).toEqual(Object.keys(tensors).sort());
          for (const [name, { shape, values }] of Object.entries(tensors)) {
            expect(await weights.read(name, shape)).toEqual(values);
          }
          await weights.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('reads bfloat16 shards of a golden checkpoint', async () => {
    const weights = await Weights.open(join('test', 'fixtures', 'golden', 'qwen2-untied-bf16-sharded'));
    expect(weights.names()).toContain('lm_head.weight');
    const head = await weights.read('lm_head.weight', [320, 64]);
    expect(head.some((value) => value !== 0)).toBe(true);
    await weights.close();
  });

  test('names a tensor that is missing, or of another shape', async () => {
    const weights = await open(two);
    await expect(weights.read('c', [1])).rejects.toThrow(MissingTensorError);
    await expect(weights.read('a', [4])).rejects.toThrow(TensorShapeError);
    await expect(weights.read('a', [4])).rejects.toThrow(
      'a: its shape is [2, 2] and config.json implies [4]',
    );
    await weights.close();
  });

  test('finds a file cut short at any byte', async () => {
    for (let length = 0; length < two.length; length += 1) {
      await expect(open(two.subarray(0, length))).rejects.toThrow(TruncatedWeightsError);
    }
    await expect(open(two)).resolves.toBeInstanceOf(Weights);
  });

  const entry = (changes: object) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes });
  test.each<[string, Uint8Array, string]>([
    ['a header that is not JSON', safetensors('{"a":', new Uint8Array(8)), 'not JSON'],
    ['a header of another form', safetensors({ a: { dtype: 'F32' } }, new Uint8Array(8)), 'a.shape'],
    [
      'an element type it does not know',
      safetensors({ a: entry({ dtype: 'F8_E4M3' }) }, new Uint8Array(8)),
      'F8_E4M3',
    ],
    [
      'offsets that do not fit the shape',
      safetensors({ a: entry({ shape: [3] }) }, new Uint8Array(12)),
      'span 8 bytes',
    ],
    [
      'offsets in the wrong order',
      safetensors({ a: entry({ data_offsets: [8, 0] }) }, new Uint8Array(8)),
      'a: ',
    ],
    [
      'tensors that overlap',
      safetensors({ a: entry({}), b: entry({ data_offsets: [4, 12] }) }, new Uint8Array(12)),
      'b: it overlaps',
    ],
  ])('refuses %s', async (_, content, message) => {
    await expect(open(content)).rejects.toThrow(BadWeightsError);
    await expect(open(content)).rejects.toThrow(message);
  });

  test('refuses a header longer than the format allows, without reading it', async () => {
    const content = Buffer.alloc(64);
    content.writeBigUInt64LE(BigInt(MAX_HEADER_BYTES + 1));
    await expect(open(content)).rejects.toThrow(BadWeightsError);
  });

  test('says what is missing, and what to do with other formats', async () => {
    await expect(Weights.open(await folderWith({}))).rejects.toThrow(MissingWeightsError);
    const pickled = Weights.open(await folderWith({ 'pytorch_model.bin': 'x' }));
    await expect(pickled).rejects.toMatchObject({ hint: expect.stringContaining('must be converted') });
    const index = JSON.stringify({ weight_map: { a: 'model-00001-of-00002.safetensors' } });
    const sharded = Weights.open(await folderWith({ 'model.safetensors.index.json': index }));
    await expect(sharded).rejects.toThrow('model-00001-of-00002.safetensors: this shard is missing');
  });
});

describe('half floats', () => {
  test('bfloat16 is the upper half of a float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const [bits] = new Uint32Array(Float32Array.of(value).buffer);
        const [upper] = new Float32Array(Uint32Array.of(bits! & 0xffff0000).buffer);
        expect(bfloat16ToFloat32(Uint16Array.of(bits! >>> 16))[0]).toBe(upper);
      }),
    );
  });

  test('float16 has the values of the standard', () => {
    const known: [number, number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x3555, 0.333251953125],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    for (const [bits, value] of known) expect(float16ToFloat32(Uint16Array.of(bits))[0]).toBe(value);
  });

  test('positive float16 values are ordered as their bits are', () => {
    const positive = float16ToFloat32(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));
    for (let at = 1; at < positive.length; at += 1) expect(positive[at]! > positive[at - 1]!).toBe(true);
  });
});

test('the bundled checkpoints are float32 files of Hugging Face layout', async () => {
  const header = await readFile(join('models', 'pebble-sft', FILE));
  expect(Number(header.readBigUInt64LE(0))).toBeLessThan(10_000);
});
