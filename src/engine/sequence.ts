/** Sequences of tokens whose keys and values lie in blocks. */
import type { Sampling } from '../core.js';
import type { RowInput } from './types.js';

/** One row of the batch, or a prompt. */
export class Sequence {
  /** Blocks held, in order of position. */
  readonly blocks: number[];
  /** Tokens that come next and whose keys and values are still to be computed. */
  readonly waiting: number[];
  #length: number;

  constructor(blocks: readonly number[], length: number, waiting: readonly number[]) {
    this.blocks = [...blocks];
    this.#length = length;
    this.waiting = [...waiting];
  }

  /** Positions whose keys and values the blocks hold. */
  get length(): number {
    return this.#length;
  }

  /** The first `count` of the tokens that waited are in the blocks now. */
  computed(count: number): void {
    this.waiting.splice(0, count);
    this.#length += count;
  }

  /** So is one that never waited. */
  grow(): void {
    this.#length += 1;
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

  /** `next` has been processed, and `token` drawn after it. */
  take(token: number): void {
    this.sequence.grow();
    this.#drawn.push(token);
  }
}
