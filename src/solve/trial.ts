/** One problem while its samples are drawn: counts their votes and says when the rest need not be drawn. */
import type { Voter } from './prediction.js';
import type { HardQuota, StopRule } from './stops/stopRule.js';
import { Tally } from './stops/tally.js';

/** What a stop rule sees of a sample. */
export type Ended = Pick<Voter, 'index' | 'finish' | 'value'>;

export interface TrialOptions {
  readonly rules: readonly StopRule[];
  readonly quota: HardQuota;
  /** Indices of all samples that the problem is to have. */
  readonly indices: readonly number[];
}

export class Trial {
  readonly #options: TrialOptions;
  readonly #tally: Tally;
  #decidedBy: string | null = null;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#tally = new Tally(options.indices);
  }

  /** Name of the rule that decided; `null` while samples are worth drawing. */
  get decidedBy(): string | null {
    return this.#decidedBy;
  }

  /** Takes in a sample that ended. Cancelled ones say nothing: they ended because of a decision. */
  saw({ index, finish, value }: Ended): void {
    if (finish === 'cancelled') return;
    this.#tally.add(index, value);
    // All ended: there is nothing left to stop, and no quota to spend on it.
    if (this.#decidedBy !== null || this.#tally.outstanding === 0) return;
    const { rules, quota } = this.#options;
    this.#decidedBy = rules.find((rule) => rule.decides(this.#tally, quota))?.name ?? null;
  }
}
