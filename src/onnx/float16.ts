/** Narrows float32 numbers to float16, to nearest and ties to even as IEEE 754 asks for. */
import type { Weight } from './graph.js';

/** Largest finite float16; numbers from the middle to the next power of two on would round to infinity. */
export const FLOAT16_MAX = 65_504;
const OVERFLOWS_FROM = 65_520;

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/** Bits of the float16 nearest to `value`. @throws RangeError when it would be infinite. */
export function toFloat16(value: number): number {
  number[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x477ff000) throw new RangeError(`${value} lies outside float16, ±${FLOAT16_MAX}`);
  // Below 2^-14 float16 is fixed-point with steps of 2^-24: adding 2^-1 makes float32 round to the same steps.
  if (magnitude < 0x38800000) {
    bits[0] = magnitude;
    number[0] = number[0]! + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** Narrows all of `values` into `target` (of the same length). @returns the index of the first that overflows, -1 if none. */
export function narrowToFloat16(values: Float32Array, target: Uint16Array): number {
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (!(Math.abs(value) < OVERFLOWS_FROM)) return at;
    target[at] = toFloat16(value);
  }
  return -1;
}

/** A float32 weight as a float16 one. @throws RangeError, on reading, where a number lies outside float16 */
export function halved(weight: Weight): Weight {
  return {
    ...weight,
    type: 'float16',
    async *chunks() {
      for await (const piece of weight.chunks()) {
        const values = new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4);
        yield new Uint8Array(Uint16Array.from(values, toFloat16).buffer);
      }
    },
  };
}

/** The number of float16 nearest to `value`. @throws RangeError when it would be infinite. */
export function roundToFloat16(value: number): number {
  const half = toFloat16(value);
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  const magnitude = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
  return half & 0x8000 ? -magnitude : magnitude;
}
