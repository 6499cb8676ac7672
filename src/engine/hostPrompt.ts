/** A prompt's keys and values on the host, computed piece by piece. */
import { type CacheShape, copyPositions, emptyArrays, type KvArrays } from './kvArrays.js';
import { PREFIX_BLOCK } from './kvBudget.js';
import type { Claim } from './prefixCache.js';
import type { PromptCache } from './types.js';

/** One item, of which the first `computed` positions are there. */
export class HostPrompt implements PromptCache, KvArrays {
  readonly length: number;
  readonly keys: KvArrays['keys'];
  readonly values: KvArrays['values'];
  readonly #shape: CacheShape;
  #computed = 0;

  /** Begins with the blocks of `PREFIX_BLOCK` positions that `claim` has found. */
  constructor(
    shape: CacheShape,
    readonly tokens: readonly number[],
    readonly claim: Claim<KvArrays>,
  ) {
    this.#shape = shape;
    this.length = tokens.length - 1;
    const { keys, values } = emptyArrays(shape, 1, this.length);
    this.keys = keys;
    this.values = values;
    for (const block of claim.found) this.#take(block, 0, PREFIX_BLOCK);
  }

  get computed(): number {
    return this.#computed;
  }

  /** Takes the first `count` positions of an item of what a run has computed; the whole blocks among them are for others, too. */
  append(from: KvArrays, item: number, count: number): void {
    const whole = Math.floor(this.#computed / PREFIX_BLOCK);
    this.#take(from, item, count);
    const blocks = Math.floor(this.#computed / PREFIX_BLOCK) - whole;
    this.claim.fill(Array.from({ length: blocks }, (_, at) => this.#block(whole + at)));
  }

  #take(arrays: KvArrays, item: number, count: number): void {
    const to = { arrays: this, item: 0, position: this.#computed };
    copyPositions(this.#shape, { arrays, item, position: 0 }, to, count);
    this.#computed += count;
  }

  #block(at: number): KvArrays {
    const arrays = emptyArrays(this.#shape, 1, PREFIX_BLOCK);
    const from = { arrays: this, item: 0, position: at * PREFIX_BLOCK };
    copyPositions(this.#shape, from, { arrays, item: 0, position: 0 }, PREFIX_BLOCK);
    return arrays;
  }
}
