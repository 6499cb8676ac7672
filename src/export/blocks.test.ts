import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BLOCK_SIZES,
  type BlockFormat,
  fittingBlockSize,
  type QuantizedRows,
  quantizeRows,
} from './blocks.js';

/** The numbers that the operators read out of the parts, by their definition; columns past the last included. */
function dequantize(parts: QuantizedRows, rows: number, columns: number, format: BlockFormat): number[][] {
  const { bits, blockSize } = format;
  const blocks = Math.ceil(columns / blockSize);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  const unpack = (bytes: Uint8Array, rowBytes: number, row: number, at: number) =>
    (bytes[row * rowBytes + Math.floor(at / perByte)]! >> (bits * (at % perByte))) & mask;
  const integerBytes = (blocks * blockSize) / perByte;
  const zeroBytes = Math.ceil(blocks / perByte);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: blocks * blockSize }, (_, column) => {
      const block = Math.floor(column / blockSize);
      const zero = parts.zeroPoints ? unpack(parts.zeroPoints, zeroBytes, row, block) : 2 ** (bits - 1);
      return (unpack(parts.integers, integerBytes, row, column) - zero) * parts.scales[row * blocks + block]!;
    }),
  );
}

const formats: fc.Arbitrary<BlockFormat> = fc.record({
  bits: fc.constantFrom(4 as const, 8 as const),
  blockSize: fc.constantFrom(...BLOCK_SIZES),
  symmetric: fc.boolean(),
  scaleType: fc.constantFrom('float32' as const, 'float16' as const),
});

/** Numbers as weights have them, some blocks with an outlier, some all zero. */
const matrices = fc.record({
  columns: fc.integer({ min: 1, max: 300 }),
  rows: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  outliers: fc.boolean(),
});

function valuesOf({
  columns,
  rows,
  seed,
  outliers,
}: typeof matrices extends fc.Arbitrary<infer T> ? T : never) {
  let state = seed;
  return Float32Array.from({ length: rows * columns }, () => {
    state = (state * 48_271) % 2_147_483_647;
    const uniform = state / 2_147_483_647 - 0.5;
    return outliers && state % 97 === 0 ? 8 * uniform : state % 5 === 0 ? 0 : 0.1 * uniform;
  });
}

describe('quantizeRows', () => {
  test('says truly how far the numbers in its layout are from the given ones', () => {
    fc.assert(
      fc.property(formats, matrices, (format, shape) => {
        const { columns, rows } = shape;
        const values = valuesOf(shape);
        const given = values.slice();
        const parts = quantizeRows(values, columns, format);
        expect(values).toEqual(given);
        const found = dequantize(parts, rows, columns, format);
        let [error, sum] = [0, 0];
        for (const [at, value] of values.entries()) {
          error += (value - found[Math.floor(at / columns)]![at % columns]!) ** 2;
          sum += value ** 2;
        }
        expect(parts.squaredError).toBeCloseTo(error, 6);
        expect(parts.squaredSum).toBeCloseTo(sum, 6);
        // Columns past the last are exactly zero.
        for (const row of found) expect(row.slice(columns).every((value) => value === 0)).toBe(true);
      }),
    );
  });

  test('loses no more than rounding to the range of each block', () => {
    fc.assert(
      fc.property(formats, matrices, (format, shape) => {
        const { columns, rows } = shape;
        const { bits, blockSize } = format;
        const values = valuesOf(shape);
        let bound = 0;
        for (let row = 0; row < rows; row += 1) {
          for (let first = 0; first < columns; first += blockSize) {
            const block = values.subarray(
              row * columns + first,
              row * columns + Math.min(first + blockSize, columns),
            );
            const reach = Math.max(...block.map(Math.abs));
            // A step of the symmetric range, half of it at most for each number, and a step for a rounded zero point.
            bound += block.length * (reach / (2 ** (bits - 1) - 1)) ** 2;
          }
        }
        // The least numbers of float16 are 2^-24 apart.
        const tiny = format.scaleType === 'float16' ? columns * rows * (2 ** bits * 2 ** -24) ** 2 : 0;
        expect(quantizeRows(values, columns, format).squaredError).toBeLessThanOrEqual(
          bound * 1.01 + tiny + 1e-12,
        );
      }),
    );
  });

  test('beats rounding to the largest number of a block at 4 bits', () => {
    const values = valuesOf({ columns: 256, rows: 64, seed: 7, outliers: false });
    let plain = 0;
    for (let first = 0; first < values.length; first += 32) {
      const block = values.subarray(first, first + 32);
      const scale = Math.max(...block.map(Math.abs)) / 7;
      plain += block.reduce((sum, value) => sum + (value - scale * Math.round(value / scale)) ** 2, 0);
    }
    for (const symmetric of [true, false]) {
      const format = { bits: 4, blockSize: 32, symmetric, scaleType: 'float32' } as const;
      expect(quantizeRows(values, 256, format).squaredError).toBeLessThan(0.9 * plain);
    }
  });

  test('keeps a block of zeros, and numbers on the grid of 8 bits', () => {
    const format = { bits: 8, blockSize: 32, symmetric: true, scaleType: 'float32' } as const;
    const values = Float32Array.from({ length: 64 }, (_, at) => (at < 32 ? 0 : -(at - 31) / 32));
    const parts = quantizeRows(values, 64, format);
    // A negative scale makes 0 a negative one.
    expect(dequantize(parts, 1, 64, format)[0]!.map((value) => value + 0)).toEqual([...values]);
    expect(Math.abs(parts.scales[0]!)).toBe(0);
  });
});

test('blocks are as large as they may be without a rest', () => {
  const sizes = [896, 64, 96, 4864, 100].map((columns) => fittingBlockSize(columns, 128));
  expect(sizes).toEqual([128, 64, 32, 128, 32]);
  expect(fittingBlockSize(896, 64)).toBe(64);
});
