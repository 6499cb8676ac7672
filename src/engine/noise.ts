/** The random numbers of a sample: a function of (seed, request id, sample index, position) and of nothing else. */
import { createHash } from 'node:crypto';
import { philox4x32 } from './philox.js';

/** Uniforms have 24 bits: every one is a float32 below 1. */
const UNIFORM_SCALE = 2 ** -24;
/** Words that one evaluation of the generator yields, each serving one position. */
const WORDS = 4;

/**
 * Uniform random numbers of one sample. Key: the seed; counter: block of positions, sample index, and 64 bits of the
 * request id's SHA-256. So neither the batch, nor the order, nor a resume changes what is drawn.
 */
export class SampleNoise {
  readonly #words = new Uint32Array(WORDS);
  readonly #seed: readonly [number, number];
  readonly #request: readonly [number, number];
  readonly #index: number;
  #block = -1;

  /** `seed` is a safe integer, `index` the sample's number. */
  constructor(seed: number, requestId: string, index: number) {
    this.#seed = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    const hash = createHash('sha256').update(requestId).digest();
    this.#request = [hash.readUInt32LE(0), hash.readUInt32LE(4)];
    this.#index = index;
  }

  /** The number in [0, 1) that draws the token at `position` (0 is the first token after the prompt). */
  at(position: number): number {
    const block = Math.floor(position / WORDS);
    if (block !== this.#block) {
      philox4x32(this.#words, block, this.#index, ...this.#request, ...this.#seed);
      this.#block = block;
    }
    return (this.#words[position % WORDS]! >>> 8) * UNIFORM_SCALE;
  }
}
