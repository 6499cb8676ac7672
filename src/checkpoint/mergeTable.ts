/** The merges of a byte-pair vocabulary, looked up by the ids of the pair. */

export interface Merge {
  /** Lower ranks are merged first. */
  readonly rank: number;
  /** The token that the pair becomes. */
  readonly id: number;
}

/**
 * A hash table with open addressing. Published vocabularies have up to 280,000 merges, and a text asks for several a
 * character: a `Map` with a string for each pair takes six times the memory and ten times the time.
 */
export class MergeTable {
  readonly #mask: number;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #merges: (Merge | undefined)[];

  /** A table for up to `count` merges. */
  constructor(count: number) {
    // Half full at most, so that probes stay short.
    const slots = 2 ** Math.ceil(Math.log2(2 * count + 1));
    this.#mask = slots - 1;
    this.#left = new Int32Array(slots);
    this.#right = new Int32Array(slots);
    this.#merges = new Array<Merge | undefined>(slots).fill(undefined);
  }

  /** Of a pair that is set twice the later holds, as in the reference implementation. */
  set(left: number, right: number, merge: Merge): void {
    const slot = this.#slot(left, right);
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#merges[slot] = merge;
  }

  /** `null` when the pair is never merged. */
  find(left: number, right: number): Merge | null {
    return this.#merges[this.#slot(left, right)] ?? null;
  }

  /** Where the pair is, or would go. */
  #slot(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & this.#mask;
    while (this.#merges[slot] && (this.#left[slot] !== left || this.#right[slot] !== right))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}
