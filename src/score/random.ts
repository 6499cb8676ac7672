/** Seeded random numbers of the statistics. Speed matters, secrecy does not. */

/** Uniform 32-bit unsigned integers. */
export type RandomBits = () => number;

/** SplitMix32's golden-ratio step; spreads one seed over the four words of state. */
const WEYL_STEP = 0x9e3779b9;

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), period 2^128 - 1.
 * The state is filled from `seed` by a 32-bit SplitMix with MurmurHash3's finalizer.
 */
export function seededBits(seed: number): RandomBits {
  let weyl = seed >>> 0;
  const next = (): number => {
    weyl = (weyl + WEYL_STEP) >>> 0;
    let mixed = Math.imul(weyl ^ (weyl >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  return bitsFromState([next(), next(), next(), next()]);
}

/** xoshiro128** from a given state, which must not be all zeros. */
export function bitsFromState(state: readonly [number, number, number, number]): RandomBits {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/** A uniform integer in [0, `bound`), without bias (Lemire's multiplication needs 64 bits, so by rejection). */
export function uniformBelow(bits: RandomBits, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const drawn = bits();
    if (drawn < limit) return drawn % bound;
  }
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
