/** The votes of one problem as its samples end, counted for stop rules. */
import type { AnswerValue } from '../../core.js';

/** Votes for one answer. */
export interface Count {
  votes: number;
  /** Lowest sample index that voted for it: what decides between equals. */
  first: number;
}

export class Tally {
  /** Samples that ended. */
  ended = 0;
  /** Those of them without an answer. */
  silent = 0;
  readonly #counts = new Map<AnswerValue, Count>();
  /** Indices still to end, ascending. */
  readonly #outstanding: Set<number>;

  /** `indices`: all samples that the problem is to have. */
  constructor(indices: readonly number[]) {
    this.#outstanding = new Set([...indices].sort((a, b) => a - b));
  }

  add(index: number, answer: AnswerValue | null): void {
    this.#outstanding.delete(index);
    this.ended += 1;
    if (answer === null) {
      this.silent += 1;
      return;
    }
    const count = this.#counts.get(answer);
    if (count === undefined) this.#counts.set(answer, { votes: 1, first: index });
    else {
      count.votes += 1;
      count.first = Math.min(count.first, index);
    }
  }

  /** Samples still to end. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Lowest index still to end; infinite when all have. */
  get firstOutstanding(): number {
    for (const index of this.#outstanding) return index;
    return Number.POSITIVE_INFINITY;
  }

  /** Counts by votes, most first; of equals the one with the lower first index, as the plurality vote decides. */
  get ranking(): readonly Readonly<Count>[] {
    return [...this.#counts.values()].sort((a, b) => b.votes - a.votes || a.first - b.first);
  }
}
