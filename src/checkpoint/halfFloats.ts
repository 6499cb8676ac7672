/** Conversion of 16-bit floating-point formats to float32, exactly. */

/** bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(source: Uint16Array): Float32Array {
  const bits = new Uint32Array(source.length);
  for (let at = 0; at < source.length; at += 1) bits[at] = source[at]! << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16, by a table of its 65,536 values: 256 KB once, and the loop is one look-up a value. */
export function float16ToFloat32(source: Uint16Array): Float32Array {
  float16Table ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => float16Value(bits));
  const table = float16Table;
  const result = new Float32Array(source.length);
  for (let at = 0; at < source.length; at += 1) result[at] = table[source[at]!]!;
  return result;
}

let float16Table: Float32Array | null = null;

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
