/**
 * Keys and values of the batch on the host, fed to the runtime without a copy. A row's positions are in a prompt that it shares
 * with others, in full blocks, and the rest, less than a block, in a part where all rows have one capacity.
 */
import {
  CAPACITY_STEP,
  capacityFor,
  clearPositions,
  copyPositions,
  emptyArrays,
  type KvArrays,
  type LoopCacheShape,
} from './kvArrays.js';
import { KvBlocks } from './kvBlocks.js';
import { SharedPrompts } from './sharedPrompts.js';

/** Each buffer of the rest is `[rows, kvHeads, capacity, headDim]`; slot s of row r is visible if `positions[r * capacity + s] >= 0`. */
export class KvCache {
  readonly blocks: KvBlocks;
  readonly shared: SharedPrompts;
  readonly #shape: LoopCacheShape;
  #rows = 0;
  #capacity = 0;
  /** Room for all rows at the largest capacity; laid out for the present one. */
  readonly #room: KvArrays;
  readonly #positions: BigInt64Array;
  /** Filled slots by row. A row fills its slots in order of position; the others hold zeros, since padding must stay finite. */
  readonly #used: Int32Array;
  /** What `append` has put into blocks, by row. */
  readonly #taken: Int32Array;
  /** Prompts of rows that have been seated since `settle`. */
  readonly #seated = new Map<number, KvArrays>();

  /** `reserve` blocks are expected; there may be more. `leastSaved`: see `SharedPrompts`. */
  constructor(shape: LoopCacheShape, maxRows: number, reserve: number, leastSaved: number) {
    this.shared = new SharedPrompts(shape, maxRows, leastSaved);
    this.blocks = new KvBlocks(shape, maxRows, reserve);
    this.#shape = shape;
    const most = capacityFor(shape.blockLength);
    this.#room = emptyArrays(shape, maxRows, most);
    this.#positions = new BigInt64Array(maxRows * most).fill(-1n);
    this.#used = new Int32Array(maxRows);
    this.#taken = new Int32Array(maxRows);
  }

  get rows(): number {
    return this.#rows;
  }
  get capacity(): number {
    return this.#capacity;
  }
  /** `[count, capacity]`; -1 beyond `rows`. */
  positions(count = this.#rows): BigInt64Array {
    const length = count * this.#capacity;
    this.#positions.fill(-1n, this.#rows * this.#capacity, length);
    return this.#positions.subarray(0, length);
  }
  /** Keys of a layer that are not in blocks, `[count, kvHeads, capacity, headDim]`; beyond `rows` whatever was there before. */
  keys(layer: number, count = this.#rows): Float32Array {
    return this.#view(this.#room.keys[layer]!, count);
  }
  values(layer: number, count = this.#rows): Float32Array {
    return this.#view(this.#room.values[layer]!, count);
  }

  /** Gives `row` a prompt to begin with, once `settle` is called; `row === rows` adds one. */
  seat(row: number, prompt: KvArrays): void {
    if (row === this.#rows) this.#rows += 1;
    this.blocks.drop(row);
    this.shared.drop(row);
    this.#empty(row, this.#capacity);
    this.#seated.set(row, prompt);
  }

  /** Shares the prompts of all rows that have been seated, or copies them: how many have the same one is known only now. */
  settle(): void {
    const seated = [...this.#seated.values()];
    for (const [row, prompt] of this.#seated) {
      const count = seated.filter((other) => other === prompt).length;
      if (this.shared.pays(prompt, count)) this.shared.share(row, prompt);
      else this.#copy(row, prompt);
    }
    this.#seated.clear();
  }

  /** Whether a row has to have the arrays of `prompt`. */
  uses(prompt: KvArrays): boolean {
    return this.shared.uses(prompt) || [...this.#seated.values()].includes(prompt);
  }

  #copy(row: number, prompt: KvArrays): void {
    const taken = this.#fillBlocks(row, prompt, 0, prompt.length);
    this.#fit(prompt.length - taken);
    this.#fillRest(row, prompt, 0, taken, prompt.length);
  }

  /** Appends the first `counts[r]` of the new positions of item r to each row r. */
  append(part: KvArrays, counts: Int32Array): void {
    let longest = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      this.#taken[row] = this.#fillBlocks(row, part, row, counts[row]!);
      longest = Math.max(longest, this.#used[row]! + counts[row]! - this.#taken[row]!);
    }
    this.#fit(longest);
    for (let row = 0; row < this.#rows; row += 1)
      this.#fillRest(row, part, row, this.#taken[row]!, counts[row]!);
  }

  /** Frees `row`; the last row takes its place. */
  release(row: number): void {
    const last = this.#rows - 1;
    const waiting = this.#seated.get(last);
    this.#seated.delete(last);
    this.#seated.delete(row);
    this.blocks.drop(row);
    this.shared.drop(row);
    if (row !== last) {
      const arrays = this.#arrays;
      if (waiting !== undefined) this.#seated.set(row, waiting);
      this.blocks.rename(last, row);
      this.shared.rename(last, row);
      copyPositions(
        this.#shape,
        { arrays, item: last, position: 0 },
        { arrays, item: row, position: 0 },
        this.#capacity,
      );
      this.#positions.copyWithin(row * this.#capacity, last * this.#capacity, (last + 1) * this.#capacity);
      this.#used[row] = this.#used[last]!;
    }
    this.#rows = last;
  }

  get #arrays(): KvArrays {
    return { ...this.#room, length: this.#capacity };
  }

  /** Puts as much of `count` positions as completes blocks of `row` there; returns how many. */
  #fillBlocks(row: number, from: KvArrays, item: number, count: number): number {
    const { blockLength } = this.#shape;
    let taken = 0;
    while (this.#used[row]! + count - taken >= blockLength) {
      const used = this.#used[row]!;
      const block = this.blocks.add(row);
      this.blocks.write({ arrays: this.#arrays, item: row, position: 0 }, block, 0, used);
      this.blocks.write({ arrays: from, item, position: taken }, block, used, blockLength - used);
      taken += blockLength - used;
      this.#empty(row, used);
    }
    return taken;
  }

  /** Puts positions `first` to `end` of an item behind those of `row` that are not in blocks. */
  #fillRest(row: number, from: KvArrays, item: number, first: number, end: number): void {
    const used = this.#used[row]!;
    const count = end - first;
    copyPositions(
      this.#shape,
      { arrays: from, item, position: first },
      { arrays: this.#arrays, item: row, position: used },
      count,
    );
    const start = row * this.#capacity + used;
    const position = this.shared.positionsOf(row) + this.blocks.positionsOf(row) + used;
    for (let at = 0; at < count; at += 1) this.#positions[start + at] = BigInt(position + at);
    this.#used[row] = used + count;
  }

  /** Clears the first `slots` of `row`: all that is filled. */
  #empty(row: number, slots: number): void {
    clearPositions(this.#shape, { arrays: this.#arrays, item: row, position: 0 }, slots);
    this.#positions.fill(-1n, row * this.#capacity, (row + 1) * this.#capacity);
    this.#used[row] = 0;
  }

  /** Makes room for `length` slots, or gives room back that no row has used for long. */
  #fit(length: number): void {
    let longest = length;
    for (let row = 0; row < this.#rows; row += 1) longest = Math.max(longest, this.#used[row]!);
    const wanted = capacityFor(longest);
    if (wanted > this.#capacity || wanted + 2 * CAPACITY_STEP <= this.#capacity) this.#resize(wanted);
  }

  /** Lays all rows out for another capacity, in place. */
  #resize(capacity: number): void {
    const old = this.#capacity;
    // Growing moves the last row first and shrinking the first one, so that no row is overwritten before it has moved.
    for (let at = 0; at < this.#rows; at += 1)
      this.#moveRow(capacity > old ? this.#rows - 1 - at : at, old, capacity);
    this.#capacity = capacity;
  }

  #moveRow(row: number, from: number, to: number): void {
    const { kvHeads, headDim } = this.#shape;
    const used = this.#used[row]!;
    for (let step = 0; step < kvHeads; step += 1) {
      const at = row * kvHeads + (to > from ? kvHeads - 1 - step : step);
      const start = at * from * headDim;
      const target = at * to * headDim;
      for (const buffers of [this.#room.keys, this.#room.values]) {
        for (const buffer of buffers) {
          buffer.copyWithin(target, start, start + used * headDim);
          buffer.fill(0, target + used * headDim, target + to * headDim);
        }
      }
    }
    this.#positions.copyWithin(row * to, row * from, row * from + used);
    this.#positions.fill(-1n, row * to + used, (row + 1) * to);
  }

  #view(buffer: Float32Array, rows: number): Float32Array {
    const { kvHeads, headDim } = this.#shape;
    return buffer.subarray(0, rows * kvHeads * this.#capacity * headDim);
  }
}
