/** Full blocks of keys and values: each belongs to one row, and together they lie without gaps. */
import {
  copyKeys,
  copyPositions,
  emptyArrays,
  type KvArrays,
  type LoopCacheShape,
  type Place,
  turnValues,
} from './kvArrays.js';

/** A row grows by a block without anything being moved; what a freed row leaves empty is filled from the end. */
export class KvBlocks {
  readonly #shape: LoopCacheShape;
  readonly #length: number;
  readonly #reserve: number;
  #arrays: KvArrays;
  #count = 0;
  /** The row of each block there is room for. */
  #rows = new BigInt64Array(0);
  /** The blocks of each row, in order of position. */
  readonly #ofRow: number[][];

  /** Blocks for up to `maxRows` rows. The first one asks for room for `reserve` of them, so that nothing is copied up to there. */
  constructor(shape: LoopCacheShape, maxRows: number, reserve: number) {
    this.#shape = shape;
    this.#length = shape.blockLength;
    this.#reserve = reserve;
    this.#arrays = emptyArrays(shape, 0, shape.blockLength);
    this.#ofRow = Array.from({ length: maxRows }, () => []);
  }

  get count(): number {
    return this.#count;
  }
  /** Keys of a layer, `[count, kvHeads, length, headDim]`. */
  keys(layer: number): Float32Array {
    return this.#arrays.keys[layer]!.subarray(0, this.#count * this.#size);
  }
  /** Values likewise, or `[count, kvHeads, headDim, length]` where the shape says so. */
  values(layer: number): Float32Array {
    return this.#arrays.values[layer]!.subarray(0, this.#count * this.#size);
  }
  /** The row of each block, `[count]`. */
  get rows(): BigInt64Array {
    return this.#rows.subarray(0, this.#count);
  }
  /** Positions of `row` that are in blocks. */
  positionsOf(row: number): number {
    return this.#ofRow[row]!.length * this.#length;
  }

  /** The blocks of the first `rows` rows in order of position, `[rows, width]`, -1 where a row has no more. */
  table(rows: number): { readonly width: number; readonly blocks: BigInt64Array } {
    let width = 0;
    for (let row = 0; row < rows; row += 1) width = Math.max(width, this.#ofRow[row]!.length);
    const blocks = new BigInt64Array(rows * width).fill(-1n);
    for (let row = 0; row < rows; row += 1) {
      for (const [at, block] of this.#ofRow[row]!.entries()) blocks[row * width + at] = BigInt(block);
    }
    return { width, blocks };
  }

  /** Gives `row` another block, its content unset, and returns its number. */
  add(row: number): number {
    const block = this.#count;
    if (block === this.#rows.length) this.#grow();
    this.#rows[block] = BigInt(row);
    this.#ofRow[row]!.push(block);
    this.#count += 1;
    return block;
  }

  /** Copies `count` positions into `block`, the first to `position`. */
  write(from: Place, block: number, position: number, count: number): void {
    const to = { arrays: this.#arrays, item: block, position };
    if (!this.#shape.turnsBlockValues) copyPositions(this.#shape, from, to, count);
    else {
      copyKeys(this.#shape, from, to, count);
      turnValues(this.#shape, from, to, count);
    }
  }

  /** Frees the blocks of `row`. */
  drop(row: number): void {
    // From the last one on, so that a block which moves is another row's.
    for (const block of this.#ofRow[row]!.splice(0).sort((a, b) => b - a)) {
      const last = this.#count - 1;
      if (block !== last) this.#move(last, block);
      this.#count = last;
    }
  }

  /** Makes the blocks of row `from` those of `to`, which has none. */
  rename(from: number, to: number): void {
    const blocks = this.#ofRow[from]!.splice(0);
    for (const block of blocks) this.#rows[block] = BigInt(to);
    this.#ofRow[to] = blocks;
  }

  get #size(): number {
    return this.#shape.kvHeads * this.#length * this.#shape.headDim;
  }

  #move(from: number, to: number): void {
    const arrays = this.#arrays;
    const place = (item: number) => ({ arrays, item, position: 0 });
    copyPositions(this.#shape, place(from), place(to), this.#length);
    const owner = this.#rows[from]!;
    this.#rows[to] = owner;
    const blocks = this.#ofRow[Number(owner)]!;
    blocks[blocks.indexOf(from)] = to;
  }

  /** Doubles the room: what is copied over a run is then no more than its largest batch. */
  #grow(): void {
    const old = this.#arrays;
    const room = Math.max(1, this.#reserve, 2 * this.#rows.length);
    this.#arrays = emptyArrays(this.#shape, room, this.#length);
    for (const [layer, keys] of old.keys.entries()) this.#arrays.keys[layer]!.set(keys);
    for (const [layer, values] of old.values.entries()) this.#arrays.values[layer]!.set(values);
    const rows = new BigInt64Array(room);
    rows.set(this.#rows);
    this.#rows = rows;
  }
}
