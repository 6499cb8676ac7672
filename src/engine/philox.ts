/** Philox4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"): random numbers as a function of a counter. */

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  // `middle` can pass 2^32, so shift by division.
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** Fills `out` (4 words) from a counter of four and a key of two unsigned 32-bit words. */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let [a, b, c, d] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [keyA, keyB] = [k0 >>> 0, k1 >>> 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const highA = multiplyHigh(MULTIPLIERS[0], a);
    const lowA = Math.imul(MULTIPLIERS[0], a) >>> 0;
    const highC = multiplyHigh(MULTIPLIERS[1], c);
    const lowC = Math.imul(MULTIPLIERS[1], c) >>> 0;
    a = (highC ^ b ^ keyA) >>> 0;
    b = lowC;
    c = (highA ^ d ^ keyB) >>> 0;
    d = lowA;
    keyA = (keyA + WEYL[0]) >>> 0;
    keyB = (keyB + WEYL[1]) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}
