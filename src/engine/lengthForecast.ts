/** How long samples become, learnt from those that have ended, to decide how many rows the caches will hold. */

/** Samples remembered: enough for a mean, few enough to follow what the problems at hand need. */
const REMEMBERED = 256;
/** Fewer ended samples than this say nothing. */
const FEWEST = 8;
/** Part of what a row may still draw that it is expected to, while nothing is known. */
const UNKNOWN_SHARE = 0.5;

/** A row as the forecast sees it. */
export interface GrowingRow {
  /** Positions that it has. */
  readonly positions: number;
  /** Tokens that it has drawn, and may draw at most. */
  readonly drawn: number;
  readonly maxTokens: number;
}

export class LengthForecast {
  readonly #lengths: number[] = [];
  #next = 0;
  #sorted: readonly number[] | null = null;

  /** Takes in a sample that ended by itself. */
  saw(tokens: number): void {
    this.#lengths[this.#next] = tokens;
    this.#next = (this.#next + 1) % REMEMBERED;
    this.#sorted = null;
  }

  /** Tokens that a row is expected to draw still: the mean of the longer ones of the ended samples, within what it may draw. */
  more({ drawn, maxTokens }: Pick<GrowingRow, 'drawn' | 'maxTokens'>): number {
    this.#sorted ??= [...this.#lengths].sort((a, b) => b - a);
    let longer = 0;
    let sum = 0;
    for (const length of this.#sorted) {
      if (length <= drawn) break;
      longer += 1;
      sum += length;
    }
    const left = maxTokens - drawn;
    if (longer < FEWEST) return UNKNOWN_SHARE * left;
    return Math.min(left, sum / longer - drawn);
  }

  /** Positions that `rows` are expected to have together when they have the most: all grow alike until they end. */
  peak(rows: readonly GrowingRow[]): number {
    const growing = rows.map((row) => ({ positions: row.positions, more: this.more(row) }));
    growing.sort((a, b) => b.more - a.more);
    let together = 0;
    let peak = 0;
    // When the row with the k-th most to draw ends, the k rows before it are there and have grown by as much.
    for (const [before, { positions, more }] of growing.entries()) {
      together += positions;
      peak = Math.max(peak, together + (before + 1) * more);
    }
    return peak;
  }
}
