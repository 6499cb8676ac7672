/** Draws from the distributions that simulations are made of, seeded. */
import { type RandomBits, seededBits } from '../score/random.js';

export class Random {
  readonly bits: RandomBits;

  /** `parts` are mixed into one seed: a run, a problem of it, … */
  constructor(...parts: readonly number[]) {
    this.bits = seededBits(parts.reduce((seed, part) => Math.imul(seed ^ part, 0x9e3779b1) + 0x7f4a7c15, 1));
  }

  /** In (0, 1). */
  uniform(): number {
    return (this.bits() + 0.5) / 2 ** 32;
  }

  /** Standard normal (G. E. P. Box, M. E. Muller, 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Gamma with unit scale (G. Marsaglia, W. W. Tsang, 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = this.normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  beta(a: number, b: number): number {
    const x = this.gamma(a);
    const y = this.gamma(b);
    // Both vanish together only for tiny shapes, where the mass sits at the ends.
    return x + y > 0 ? x / (x + y) : Number(this.uniform() < a / (a + b));
  }
}
