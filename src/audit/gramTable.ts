/** A hash table from n-grams to where problems have them, made for being asked about every place of a corpus. */

const { imul } = Math;

/** Multiplier of the rolling hash; odd, so that no bits are lost. */
const BASE = 0x2c1b3c6d;
/** Fibonacci hashing: 2^32 over the golden ratio. */
const SPREAD = 0x9e3779b1;
const EMPTY = -1;
/** The filter has so many more bits than the table has slots, as a power of two: 1 place in 30 of those that are not in the table passes. */
const FILTER_BITS = 3;

/** Hashes of all n-grams: element `i` is that of the n tokens from `i` on. `count - n + 1` of them. */
export function gramHashes(hashes: Int32Array, count: number, n: number): Int32Array {
  const grams = new Int32Array(Math.max(0, count - n + 1));
  eachGram(hashes, count, n, (gram, at) => {
    grams[at] = gram;
  });
  return grams;
}

/** Polynomial rolling hash (Karp and Rabin 1987) modulo 2^32 over token hashes. */
function eachGram(
  hashes: Int32Array,
  count: number,
  n: number,
  visit: (gram: number, at: number) => void,
): void {
  const leaving = power(BASE, n);
  let gram = 0;
  for (let at = 0; at < count; at += 1) {
    gram = (imul(gram, BASE) + hashes[at]!) | 0;
    if (at >= n) gram = (gram - imul(hashes[at - n]!, leaving)) | 0;
    if (at >= n - 1) visit(gram, at - n + 1);
  }
}

export class GramTable {
  readonly n: number;
  readonly #leaving: number;
  readonly #shift: number;
  readonly #mask: number;
  readonly #keys: Int32Array;
  /** First posting of the key in the same slot. */
  readonly #first: Int32Array;
  /** The posting after this one with the same hash, -1 for none. */
  readonly next: Int32Array;
  /** A bit for each value that the leading bits of a spread hash take in the table. It is small enough to stay in a processor's nearest cache. */
  readonly #filter: Int32Array;

  /** @param grams hashes, of which the postings of this table are the positions in this array */
  constructor(n: number, grams: Int32Array) {
    this.n = n;
    this.#leaving = power(BASE, n);
    // A quarter full at most, so that a place of the corpus is nearly always settled by one look.
    const bits = Math.max(4, 32 - Math.clz32(4 * grams.length));
    this.#shift = 32 - bits;
    this.#mask = 2 ** bits - 1;
    this.#keys = new Int32Array(2 ** bits);
    this.#first = new Int32Array(2 ** bits).fill(EMPTY);
    this.next = new Int32Array(grams.length).fill(EMPTY);
    this.#filter = new Int32Array(2 ** (bits + FILTER_BITS - 5));
    // From the last to the first, so that a list of postings is in order.
    for (let posting = grams.length - 1; posting >= 0; posting -= 1) {
      const slot = this.#slotOf(grams[posting]!);
      const place = imul(grams[posting]!, SPREAD) >>> (this.#shift - FILTER_BITS);
      this.#filter[place >>> 5]! |= 1 << place;
      this.next[posting] = this.#first[slot]!;
      this.#keys[slot] = grams[posting]!;
      this.#first[slot] = posting;
    }
  }

  /** Calls `visit` with the first posting of each n-gram of a text that is in the table; `next` leads to the others. */
  scan(hashes: Int32Array, count: number, visit: (posting: number, at: number) => void): void {
    const n = this.n;
    const leaving = this.#leaving;
    const shift = this.#shift;
    const mask = this.#mask;
    const keys = this.#keys;
    const first = this.#first;
    const filter = this.#filter;
    let gram = 0;
    for (let at = 0; at < count; at += 1) {
      gram = (imul(gram, BASE) + hashes[at]!) | 0;
      if (at >= n) gram = (gram - imul(hashes[at - n]!, leaving)) | 0;
      if (at < n - 1) continue;
      const place = imul(gram, SPREAD) >>> (shift - FILTER_BITS);
      if ((filter[place >>> 5]! & (1 << place)) === 0) continue;
      let slot = place >>> FILTER_BITS;
      while (first[slot] !== EMPTY) {
        if (keys[slot] === gram) {
          visit(first[slot]!, at - n + 1);
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
  }

  #slotOf(gram: number): number {
    let slot = imul(gram, SPREAD) >>> this.#shift;
    while (this.#first[slot] !== EMPTY && this.#keys[slot] !== gram) slot = (slot + 1) & this.#mask;
    return slot;
  }
}

function power(base: number, exponent: number): number {
  let product = 1;
  for (let factor = 0; factor < exponent; factor += 1) product = imul(product, base);
  return product;
}
