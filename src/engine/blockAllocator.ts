/** Which blocks of the caches are in use, and by how many. */
import { BoxedError } from '../errors.js';

/** The caches are full. */
export class OutOfBlocksError extends BoxedError {
  override readonly name = 'OutOfBlocksError';
}

/** Blocks are numbers from 0 on. A block is free again when each of those who hold it has dropped it. */
export class BlockAllocator {
  readonly count: number;
  readonly #free: number[];
  readonly #holders: Uint32Array;

  constructor(count: number) {
    this.count = count;
    this.#free = Array.from({ length: count }, (_, at) => count - 1 - at);
    this.#holders = new Uint32Array(count);
  }

  get free(): number {
    return this.#free.length;
  }

  /** A free block, held once. @throws OutOfBlocksError */
  take(): number {
    const block = this.#free.pop();
    if (block === undefined) {
      throw new OutOfBlocksError(
        `all ${this.count} blocks of the key-value caches are in use`,
        'Draw with fewer --rows or --max-tokens, or open the engine with more kvMemoryBytes.',
      );
    }
    this.#holders[block] = 1;
    return block;
  }

  /** Holds each of `blocks` once more. */
  share(blocks: readonly number[]): void {
    for (const block of blocks) this.#holders[block]! += 1;
  }

  /** Lets go of each of `blocks` once. */
  drop(blocks: readonly number[]): void {
    for (const block of blocks) {
      this.#holders[block]! -= 1;
      if (this.#holders[block] === 0) this.#free.push(block);
    }
  }
}
