/** How many of the likeliest tokens the graph sorts: few while they hold all that is kept, more as soon as they do not. */
import type { Sampling } from '../core.js';
import type { RowInput } from './types.js';

/** Enough for the peaked distributions of trained models; sorting costs time on every step. */
const FEWEST = 64;
/** Factor by which the count grows after a chunk in which a row kept its last candidate. */
const GROWTH = 4;

/** Widening never changes a draw (the graph says so, and the step is redone), so this is a matter of speed alone. */
export class CandidateCount {
  readonly #vocabSize: number;
  readonly #forgets: boolean;
  #count = FEWEST;

  /** `forgets`: the count falls again while fewer are enough. Not where a whole chunk is lost each time that they are not. */
  constructor(vocabSize: number, forgets = true) {
    this.#vocabSize = vocabSize;
    this.#forgets = forgets;
  }

  /** Candidates for a chunk of these rows. */
  forRows(rows: readonly RowInput[]): number {
    let needed = 1;
    for (const { sampling } of rows) {
      if (sampling.greedy) continue;
      const unlimited = sampling.topK === 0 && sampling.topP >= 1 && sampling.minP === 0;
      if (unlimited) return this.#vocabSize;
      needed = Math.max(needed, this.#forSampling(sampling));
    }
    return Math.min(needed, this.#vocabSize);
  }

  #forSampling({ topK, topP }: Sampling): number {
    if (topK === 0) return this.#count;
    // Top-p is a share of what top-k leaves, so all of that must be there; else a row never keeps more than its k.
    return topP < 1 ? topK : Math.min(topK, this.#count);
  }

  /** Learns whether the last chunk's candidates were too few. */
  saw(cut: boolean): void {
    if (cut) this.#count = Math.min(this.#count * GROWTH, this.#vocabSize);
    else if (this.#forgets) this.#count = Math.max(FEWEST, Math.floor(this.#count / 2));
  }
}
