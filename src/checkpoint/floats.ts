/** Widens 16-bit floating-point numbers to float32, exactly: every value of either type is one of float32. */

/** Types that tensors of numbers are stored in and that are read. */
export const FLOAT_DTYPES = ['F32', 'F16', 'BF16'] as const;
export type FloatDtype = (typeof FLOAT_DTYPES)[number];

/**
 * Where in the buffer of `target` the source's bytes must lie for {@link widenInPlace}: at its very end, so that
 * writing from the front never overtakes reading (element i fills bytes 4i to 4i+3, unread ones begin at 2n+2i+2).
 */
export function sourceBytes(target: Float32Array, dtype: FloatDtype): Uint8Array {
  const bytes = target.length * (dtype === 'F32' ? 4 : 2);
  return new Uint8Array(target.buffer, target.byteOffset + target.byteLength - bytes, bytes);
}

/** Turns the numbers at {@link sourceBytes} into the elements of `target`, with no other memory. Little-endian. */
export function widenInPlace(target: Float32Array, dtype: FloatDtype): void {
  if (dtype === 'BF16') widenBfloat16(bitsOf(target), halvesOf(target));
  else if (dtype === 'F16') widenFloat16(bitsOf(target), halvesOf(target));
}

/** Index of the first NaN or infinity, -1 where there is none. */
export function firstNonFinite(values: Float32Array): number {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & EXPONENT) === EXPONENT) return i;
  return -1;
}

/** Exponent bits of a float32; all set in infinities and NaN. */
const EXPONENT = 0x7f800000;

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(target: Uint32Array, source: Uint16Array): void {
  for (let i = 0; i < target.length; i++) target[i] = source[i]! << 16;
}

/** 2^16 values are few: a table makes the loop one look-up, with no branch for subnormals, infinities and NaN. */
function widenFloat16(target: Uint32Array, source: Uint16Array): void {
  float16Table ??= buildFloat16Table();
  const table = float16Table;
  for (let i = 0; i < target.length; i++) target[i] = table[source[i]!]!;
}

let float16Table: Uint32Array | undefined;

/** Bits of the float32 equal to each float16: 1 sign bit, 5 of exponent (bias 15), 10 of mantissa. */
function buildFloat16Table(): Uint32Array {
  const table = new Uint32Array(2 ** 16);
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let half = 0; half < 2 ** 15; half++) {
    const exponent = half >> 10;
    const mantissa = half & 0x3ff;
    if (exponent === 0) number[0] = mantissa * 2 ** -24;
    else if (exponent === 31) bits[0] = 0x7f800000 | (mantissa << 13);
    else bits[0] = ((exponent - 15 + 127) << 23) | (mantissa << 13);
    table[half] = bits[0]!;
    table[half | 0x8000] = bits[0]! | 0x80000000;
  }
  return table;
}

/** Integers in place of floats: a signalling NaN would lose its bits on the way through a JavaScript number. */
function bitsOf(target: Float32Array): Uint32Array {
  return new Uint32Array(target.buffer, target.byteOffset, target.length);
}

function halvesOf(target: Float32Array): Uint16Array {
  return new Uint16Array(target.buffer, target.byteOffset + target.length * 2, target.length);
}
