import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { narrowToFloat16, toFloat16 } from './float16.js';

/** The value of float16 bits, from the definition of IEEE 754. */
function float16Value(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}

/** Bits of all finite float16 numbers. */
const FINITE = Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter((bits) => ((bits >> 10) & 31) < 31);

describe('toFloat16', () => {
  test('every float16 narrows to itself', () => {
    expect(FINITE.filter((bits) => toFloat16(float16Value(bits)) !== bits && bits !== 0x8000)).toEqual([]);
    expect(toFloat16(-0)).toBe(0x8000);
  });

  test('a number between two float16 goes to the nearer, in the middle to the even one', () => {
    for (let bits = 0; bits + 1 < 0x7c00; bits += 1) {
      const [low, high] = [float16Value(bits), float16Value(bits + 1)];
      const middle = (low + high) / 2;
      const step = high - low;
      expect(toFloat16(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(toFloat16(-middle)).toBe(0x8000 | (bits % 2 === 0 ? bits : bits + 1));
      expect(toFloat16(middle - step / 64)).toBe(bits);
      expect(toFloat16(middle + step / 64)).toBe(bits + 1);
    }
  });

  test('what would be infinite is refused', () => {
    expect(toFloat16(65_519)).toBe(0x7bff);
    for (const value of [65_520, -65_520, 1e30, Number.POSITIVE_INFINITY, Number.NaN])
      expect(() => toFloat16(value)).toThrow(RangeError);
  });
});

test('narrowToFloat16 finds the first number that overflows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, min: -65_504, max: 65_504 }), { minLength: 1 }),
      fc.nat(),
      (values, seed) => {
        const numbers = Float32Array.from(values);
        const target = new Uint16Array(numbers.length);
        expect(narrowToFloat16(numbers, target)).toBe(-1);
        expect([...target]).toEqual(values.map(toFloat16));
        numbers[seed % numbers.length] = 1e6;
        expect(narrowToFloat16(numbers, target)).toBe(seed % numbers.length);
      },
    ),
  );
});
