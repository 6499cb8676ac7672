/** Seeded choices of the problem generators. */
import { type RandomBits, seededBits, uniformBelow } from '../../score/random.js';

export class Choice {
  readonly #bits: RandomBits;

  constructor(seed: number) {
    this.#bits = seededBits(seed);
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + uniformBelow(this.#bits, high - low + 1);
  }

  /** One of `items`, each as likely. */
  of<T>(items: readonly T[]): T {
    return items[uniformBelow(this.#bits, items.length)]!;
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.#bits() < probability * 2 ** 32;
  }

  /** An index, as likely as its weight. */
  weighted(weights: readonly number[]): number {
    let left = (this.#bits() / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0);
    const found = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return found === -1 ? weights.length - 1 : found;
  }
}
