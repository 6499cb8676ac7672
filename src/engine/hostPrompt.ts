/** A prompt's keys and values on the host, computed piece by piece. */
import { type CacheShape, copyPositions, emptyArrays, type KvArrays } from './kvArrays.js';
import type { Claim } from './prefixCache.js';
import type { PromptCache } from './types.js';

/** One item, of which the first `computed` positions are there. */
export class HostPrompt implements PromptCache, KvArrays {
  readonly length: number;
  readonly keys: KvArrays['keys'];
  readonly values: KvArrays['values'];
  readonly #shape: CacheShape;
  readonly #blockSize: number;
  #computed = 0;

  /** Begins with the blocks of `blockSize` positions that `claim` has found. */
  constructor(
    shape: CacheShape,
    blockSize: number,
    readonly tokens: readonly number[],
    readonly claim: Claim<KvArrays>,
  ) {
    this.#shape = shape;
    this.#blockSize = blockSize;
    this.length = tokens.length - 1;
    const { keys, values } = emptyArrays(shape, 1, this.length);
    this.keys = keys;
    this.values = values;
    for (const block of claim.found) this.#take(block, 0, blockSize);
  }

  get computed(): number {
    return this.#computed;
  }

  /** Takes the first `count` positions of an item of what a run has computed; the whole blocks among them are for others, too. */
  append(from: KvArrays, item: number, count: number): void {
    const whole = Math.floor(this.#computed / this.#blockSize);
    this.#take(from, item, count);
    const blocks = Math.floor(this.#computed / this.#blockSize) - whole;
    this.claim.fill(Array.from({ length: blocks }, (_, at) => this.#block(whole + at)));
  }

  #take(arrays: KvArrays, item: number, count: number): void {
    const to = { arrays: this, item: 0, position: this.#computed };
    copyPositions(this.#shape, { arrays, item, position: 0 }, to, count);
    this.#computed += count;
  }

  #block(at: number): KvArrays {
    const size = this.#blockSize;
    const arrays = emptyArrays(this.#shape, 1, size);
    const from = { arrays: this, item: 0, position: at * size };
    copyPositions(this.#shape, from, { arrays, item: 0, position: 0 }, size);
    return arrays;
  }
}
