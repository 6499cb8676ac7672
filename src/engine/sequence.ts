/** Sequences of tokens whose keys and values lie in blocks. */
/** One row of the batch, or a prompt. */
export class Sequence {
  /** Blocks held, in order of position. */
  readonly blocks: number[];
  /** Of these, the first ones that belong to a prompt. */
  readonly shared: number;
  readonly #tokens: readonly number[];
  readonly #start: number;
  #length: number;

  /** `tokens` follow the `length` positions that `blocks` hold already; their keys and values are still to be computed. */
  constructor(blocks: readonly number[], length: number, tokens: readonly number[]) {
    this.blocks = [...blocks];
    this.shared = blocks.length;
    this.#tokens = tokens;
    this.#start = length;
    this.#length = length;
  }

  /** Positions whose keys and values the blocks hold. */
  get length(): number {
    return this.#length;
  }

  /** Tokens whose keys and values are still to be computed. */
  get waiting(): readonly number[] {
    return this.#tokens.slice(this.#length - this.#start);
  }

  /** `count` more tokens are in the blocks now: of those that waited, or one that never did. */
  computed(count: number): void {
    this.#length += count;
  }
}
