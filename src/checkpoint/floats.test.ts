import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FloatDtype, sourceBytes, widenInPlace } from './floats.js';
import { bytesOf } from './testing.js';

/** The value of a binary floating-point number, from the definition of IEEE 754. */
function slowValue(bits: number, exponentBits: number, mantissaBits: number): number {
  const sign = bits >> (exponentBits + mantissaBits) ? -1 : 1;
  const exponent = (bits >> mantissaBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - bias) : fraction * 2 ** (1 - bias));
}

const FORMATS = [
  ['F16', 5, 10],
  ['BF16', 8, 7],
] as const;

/** Widens `source` within an array that has other numbers before and after it, which must stay. */
function widen(source: Uint16Array, dtype: FloatDtype): Float32Array {
  const around = new Float32Array(source.length + 2).fill(7);
  const target = around.subarray(1, 1 + source.length);
  sourceBytes(target, dtype).set(bytesOf(source));
  widenInPlace(target, dtype);
  expect([around[0], around.at(-1)]).toEqual([7, 7]);
  return target;
}

describe.each(FORMATS)('%s', (dtype, exponentBits, mantissaBits) => {
  test('each of the 65,536 values', () => {
    const every = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    const values = widen(every, dtype);
    const wrong = [...every].filter(
      (bits) => !Object.is(values[bits], slowValue(bits, exponentBits, mantissaBits)),
    );
    expect(wrong).toEqual([]);
  });

  test('known values', () => {
    const one = dtype === 'F16' ? 0x3c00 : 0x3f80;
    const infinity = dtype === 'F16' ? 0xfc00 : 0xff80;
    expect([...widen(Uint16Array.of(one, 0x8000, infinity), dtype)]).toEqual([1, -0, -Infinity]);
  });

  test('arrays of any length in place', () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 300 }), (source) => {
        expect([...widen(source, dtype)]).toEqual(
          [...source].map((bits) => slowValue(bits, exponentBits, mantissaBits)),
        );
      }),
    );
  });

  test('the bits of a NaN survive', () => {
    const signalling = dtype === 'F16' ? 0x7d55 : 0x7fa5;
    const values = widen(Uint16Array.of(signalling), dtype);
    const bits = new Uint32Array(values.buffer, values.byteOffset, 1)[0]!;
    expect(bits).toBe(dtype === 'F16' ? 0x7faaa000 : 0x7fa50000);
  });
});

test('F32 is read where it stands', () => {
  const target = new Float32Array(3);
  sourceBytes(target, 'F32').set(bytesOf(Float32Array.of(1.5, -2, 3)));
  widenInPlace(target, 'F32');
  expect([...target]).toEqual([1.5, -2, 3]);
});
