import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { HEADER_BYTES_CAP, readHeader } from './safetensors.js';
import { fileOf, safetensorsFile, withFolder } from './testing.js';

function headerOf(content: Uint8Array) {
  return withFolder({ 'model.safetensors': content }, async (folder) => {
    const file = join(folder, 'model.safetensors');
    const handle = await open(file, 'r');
    try {
      return await readHeader(handle, file, content.byteLength);
    } finally {
      await handle.close();
    }
  });
}

const data = Uint8Array.from({ length: 24 }, (_, i) => i);
const sound = safetensorsFile({
  a: { dtype: 'F32', shape: [2, 2], data: data.subarray(0, 16) },
  b: { dtype: 'BF16', shape: [4], data: data.subarray(16) },
});
const dataStart = sound.byteLength - data.byteLength;

describe('readHeader', () => {
  test('places tensors in the order of their offsets', async () => {
    const header = {
      late: { dtype: 'F16', shape: [4], data_offsets: [16, 24] },
      early: { dtype: 'I64', shape: [2, 1], data_offsets: [0, 16] },
    };
    const file = fileOf(header, data);
    const start = file.byteLength - data.byteLength;
    expect([...(await headerOf(file))]).toEqual([
      ['early', { dtype: 'I64', shape: [2, 1], offset: start, bytes: 16 }],
      ['late', { dtype: 'F16', shape: [4], offset: start + 16, bytes: 8 }],
    ]);
  });

  test('scalars, empty tensors, no tensors', async () => {
    const file = safetensorsFile({
      scalar: { dtype: 'F32', shape: [], data: data.subarray(0, 4) },
      empty: { dtype: 'F32', shape: [0, 5], data: data.subarray(0, 0) },
    });
    expect([...(await headerOf(file)).keys()].sort()).toEqual(['empty', 'scalar']);
    expect((await headerOf(fileOf({}, new Uint8Array(0)))).size).toBe(0);
  });

  test('a name that means something to JavaScript', async () => {
    const header = '{"__proto__": {"dtype": "U8", "shape": [24], "data_offsets": [0, 24]}}';
    expect([...(await headerOf(fileOf(header, data))).keys()]).toEqual(['__proto__']);
  });

  // In the length, at its end, in the header, at its end, in the first tensor, between the two, in the last.
  test.each([0, 7, 8, 9, dataStart - 1, dataStart, dataStart + 5, dataStart + 16, sound.byteLength - 1])(
    'cut after %i bytes',
    async (length) => {
      const expectedBytes = length < 8 ? 8 : length < dataStart ? dataStart : sound.byteLength;
      await expect(headerOf(sound.subarray(0, length))).rejects.toMatchObject({
        name: 'TruncatedWeightsError',
        expectedBytes,
        actualBytes: length,
        message: expect.stringContaining(`expected ${expectedBytes} bytes, found ${length}`),
        place: { file: expect.stringMatching(/model\.safetensors$/) },
      });
    },
  );

  const entry = (changes: object) => ({ a: { dtype: 'F32', shape: [6], data_offsets: [0, 24], ...changes } });
  const two = (first: number[], second: number[]) => ({
    a: { dtype: 'U8', shape: [first[1]! - first[0]!], data_offsets: first },
    b: { dtype: 'U8', shape: [second[1]! - second[0]!], data_offsets: second },
  });

  test.each<[string, Uint8Array, string, string]>([
    ['a header above the cap', fileOf({}, data, BigInt(HEADER_BYTES_CAP + 1)), '', 'the cap is'],
    ['a header of 2^64 - 1 bytes', fileOf({}, data, 2n ** 64n - 1n), '', '18446744073709551615'],
    ['a header that is no JSON', fileOf('{"a": ', data), '', 'not JSON'],
    ['a header that is no UTF-8', fileOf('{}', data, 16n).fill(0xff, 8, 24), '', 'UTF-8'],
    ['a header that is a list', fileOf('[]', data), '', 'not a JSON object'],
    ['an unknown type', fileOf(entry({ dtype: 'F31' }), data), 'a', 'F31 is not known'],
    ['a type named as a method', fileOf(entry({ dtype: 'toString' }), data), 'a', 'not known'],
    ['no shape', fileOf({ a: { dtype: 'F32', data_offsets: [0, 24] } }, data), 'a shape', ''],
    ['a negative size', fileOf(entry({ shape: [-6] }), data), 'a shape 0', ''],
    ['a fractional size', fileOf(entry({ shape: [1.5] }), data), 'a shape 0', ''],
    ['one offset', fileOf(entry({ data_offsets: [0] }), data), 'a data_offsets', ''],
    ['a negative offset', fileOf(entry({ data_offsets: [-24, 0] }), data), 'a data_offsets 0', ''],
    ['offsets that run backwards', fileOf(entry({ data_offsets: [24, 0] }), data), 'a', 'before it begins'],
    [
      'a shape of another size',
      fileOf(entry({ shape: [5] }), data),
      'a',
      'takes 20 bytes, its offsets give 24',
    ],
    [
      'a shape beyond all numbers',
      fileOf(entry({ shape: [2 ** 40, 2 ** 40] }), data),
      'a',
      'offsets give 24',
    ],
    ['an overlap', fileOf(two([0, 16], [15, 24]), data), 'b', 'overlaps that of a'],
    ['a tensor within another', fileOf(two([0, 24], [4, 8]), data), 'b', 'overlaps that of a'],
    ['a hole', fileOf(two([0, 8], [12, 24]), data), 'b', 'a hole of 4 bytes after a'],
    ['a hole before the first', fileOf(two([4, 8], [8, 24]), data), 'a', 'after the header'],
    [
      'bytes that belong to none',
      fileOf(entry({ shape: [5], data_offsets: [0, 20] }), data),
      '',
      '4 bytes after',
    ],
  ])('refuses %s', async (_, content, field, what) => {
    await expect(headerOf(content)).rejects.toMatchObject({
      name: 'InvalidSafetensorsError',
      message: expect.stringContaining(what),
      place: { file: expect.stringMatching(/model\.safetensors$/), field },
    });
  });

  test('an offset beyond the end of the file', async () => {
    const file = fileOf(entry({ shape: [600], data_offsets: [0, 2400] }), data);
    await expect(headerOf(file)).rejects.toMatchObject({
      name: 'TruncatedWeightsError',
      expectedBytes: file.byteLength - 24 + 2400,
      actualBytes: file.byteLength,
    });
  });

  test('a Git LFS pointer is called by its name', async () => {
    const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 24\n');
    await expect(headerOf(pointer)).rejects.toMatchObject({
      name: 'InvalidSafetensorsError',
      hint: expect.stringContaining('git lfs pull'),
    });
  });
});
