/** Where a text has trigrams of skeletons: linked lists in the order of the text, one for each skeleton. */
import { type SkeletonClass, TRIGRAM } from './skeletonIndex.js';
import { sameMaskedToken, type Tokens } from './tokens.js';

const FIRST_HITS = 1024;

export class TrigramHits {
  /** Token at which each hit begins. */
  at = new Int32Array(FIRST_HITS);
  /** Which trigram of its skeleton it seems to be; -1 once it has turned out to be another with the same hash. */
  trigram = new Int32Array(FIRST_HITS);
  /** The hit after it of the same skeleton, -1 for none. */
  next = new Int32Array(FIRST_HITS);
  /** First hit of each skeleton that has any. */
  readonly first: Int32Array;
  readonly counts: Int32Array;
  /** Skeletons that have hits. */
  touched: number[] = [];
  readonly #last: Int32Array;
  #count = 0;

  constructor(skeletons: number) {
    this.first = new Int32Array(skeletons);
    this.counts = new Int32Array(skeletons);
    this.#last = new Int32Array(skeletons);
  }

  clear(): void {
    for (const skeleton of this.touched) this.counts[skeleton] = 0;
    this.touched = [];
    this.#count = 0;
  }

  add(skeleton: number, trigram: number, at: number): void {
    if (this.#count === this.at.length) this.#grow();
    const hit = this.#count++;
    this.at[hit] = at;
    this.trigram[hit] = trigram;
    this.next[hit] = -1;
    if (this.counts[skeleton]! === 0) {
      this.touched.push(skeleton);
      this.first[skeleton] = hit;
    } else this.next[this.#last[skeleton]!] = hit;
    this.#last[skeleton] = hit;
    this.counts[skeleton]! += 1;
  }

  /** Whether a hit is one word for word; equal hashes of different words are none. */
  isShared(hit: number, { tokens: problem, positions }: SkeletonClass, tokens: Tokens): boolean {
    if (this.trigram[hit]! < 0) return false;
    const position = positions[this.trigram[hit]!]!;
    for (let offset = 0; offset < TRIGRAM; offset += 1)
      if (!sameMaskedToken(problem, position + offset, tokens, this.at[hit]! + offset)) {
        this.trigram[hit] = -1;
        return false;
      }
    return true;
  }

  #grow(): void {
    const larger = (list: Int32Array) => {
      const copy = new Int32Array(2 * list.length);
      copy.set(list);
      return copy;
    };
    this.at = larger(this.at);
    this.trigram = larger(this.trigram);
    this.next = larger(this.next);
  }
}
