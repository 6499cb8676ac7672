/** Which blocks of the caches are in use, and by how many. */
import { BoxedError } from '../errors.js';

/** The caches are full. */
export class OutOfBlocksError extends BoxedError {
  override readonly name = 'OutOfBlocksError';
}

/**
 * Blocks are numbers from 0 on. A block is free again when each of those who hold it has dropped it; one that is kept has its
 * content still, and is given to others only when no empty one is left.
 */
export class BlockAllocator {
  readonly count: number;
  readonly #empty: number[];
  readonly #holders: Uint32Array;
  readonly #kept: Uint8Array;
  readonly #surrender: () => boolean;
  /** Kept blocks that nobody holds. */
  #idle = 0;

  /** `surrender` asks the keeper to let go of a block that nobody holds, and says whether it did. Default: nothing is kept. */
  constructor(count: number, surrender: () => boolean = () => false) {
    this.count = count;
    this.#empty = Array.from({ length: count }, (_, at) => count - 1 - at);
    this.#holders = new Uint32Array(count);
    this.#kept = new Uint8Array(count);
    this.#surrender = surrender;
  }

  /** Blocks that nobody holds. */
  get free(): number {
    return this.#empty.length + this.#idle;
  }

  isHeld(block: number): boolean {
    return this.#holders[block]! > 0;
  }

  /** A free block, held once. @throws OutOfBlocksError */
  take(): number {
    if (this.#empty.length === 0) this.#surrender();
    const block = this.#empty.pop();
    if (block === undefined) {
      throw new OutOfBlocksError(
        `all ${this.count} blocks of the key-value caches are in use`,
        'This is a mistake in the program: rows are admitted only where they fit. Please report it.',
      );
    }
    this.#holders[block] = 1;
    return block;
  }

  /** Holds each of `blocks` once more. */
  share(blocks: readonly number[]): void {
    for (const block of blocks) {
      if (this.#holders[block] === 0) this.#idle -= 1;
      this.#holders[block]! += 1;
    }
  }

  /** Lets go of each of `blocks` once. */
  drop(blocks: readonly number[]): void {
    for (const block of blocks) {
      this.#holders[block]! -= 1;
      if (this.#holders[block]! > 0) continue;
      if (this.#kept[block]) this.#idle += 1;
      else this.#empty.push(block);
    }
  }

  /** Keeps a held block's content beyond its holders. */
  keep(block: number): void {
    this.#kept[block] = 1;
  }

  /** Ends that. */
  surrender(block: number): void {
    this.#kept[block] = 0;
    if (this.#holders[block]! > 0) return;
    this.#idle -= 1;
    this.#empty.push(block);
  }
}
