/** Sequences of tokens whose keys and values lie in blocks. */
import type { Sampling } from '../core.js';
import type { RowInput } from './types.js';

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

/** A row while a chunk is drawn. */
export class LiveRow {
  readonly #input: RowInput;
  readonly #drawn: number[] = [];

  /** `at` is the row's number. */
  constructor(
    readonly at: number,
    input: RowInput,
    readonly sequence: Sequence,
  ) {
    this.#input = input;
  }

  /** The token to process next. */
  get next(): number {
    return this.#drawn.at(-1) ?? this.#input.nextToken;
  }
  get sampling(): Sampling {
    return this.#input.sampling;
  }
  get history(): readonly number[] {
    return [...this.#input.history, ...this.#drawn];
  }
  get ended(): boolean {
    const last = this.#drawn.at(-1);
    const stopped = last !== undefined && this.#input.stopTokens.includes(last);
    return stopped || this.#drawn.length >= this.#input.remaining;
  }

  /** `token` was drawn after `next`. */
  take(token: number): void {
    this.#drawn.push(token);
  }
}
