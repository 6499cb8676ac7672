/** Keys and values of the batch on the host: rows of one capacity, appended to in place, fed to the runtime without a copy. */

/** Capacity grows and shrinks in steps of this many positions: each step copies the cache once, each empty position is computed with. */
export const CAPACITY_STEP = 64;

/** A buffer that has become too small is replaced by one this much larger than needed. */
const HEADROOM = 1.5;

/** Shape of a model's cache. */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Keys or values of one prompt: by layer, `[kvHeads, length, headDim]`. */
export interface PromptPart {
  readonly length: number;
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

/** Each buffer is `[rows, kvHeads, capacity, headDim]`; slot s of row r is visible if `positions[r * capacity + s] >= 0`. */
export class KvCache {
  readonly #shape: CacheShape;
  readonly #maxRows: number;
  #rows = 0;
  #capacity = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #positions = new BigInt64Array(0);
  /** Filled slots by row. A row fills its slots in order of position. */
  readonly #used: Int32Array;

  constructor(shape: CacheShape, maxRows: number) {
    this.#shape = shape;
    this.#maxRows = maxRows;
    this.#used = new Int32Array(maxRows);
    this.#resize(0);
  }

  get rows(): number {
    return this.#rows;
  }
  get capacity(): number {
    return this.#capacity;
  }
  /** `[rows, capacity]`. */
  get positions(): BigInt64Array {
    return this.#positions.subarray(0, this.#rows * this.#capacity);
  }
  /** Keys of a layer, `[rows, kvHeads, capacity, headDim]`. */
  keys(layer: number): Float32Array {
    return this.#view(this.#keys[layer]!);
  }
  values(layer: number): Float32Array {
    return this.#view(this.#values[layer]!);
  }

  /** Writes a prompt into `row`; `row === rows` adds one. */
  seat(row: number, prompt: PromptPart): void {
    if (row === this.#rows) this.#rows += 1;
    this.#used[row] = 0;
    this.#fit(prompt.length);
    this.#positions.fill(-1n, row * this.#capacity, (row + 1) * this.#capacity);
    const { kvHeads, headDim, layers } = this.#shape;
    const size = prompt.length * headDim;
    for (let layer = 0; layer < layers; layer += 1) {
      for (let head = 0; head < kvHeads; head += 1) {
        const to = (row * kvHeads + head) * this.#capacity * headDim;
        this.#keys[layer]!.set(prompt.keys[layer]!.subarray(head * size, (head + 1) * size), to);
        this.#values[layer]!.set(prompt.values[layer]!.subarray(head * size, (head + 1) * size), to);
      }
    }
    this.#place(row, prompt.length);
  }

  /**
   * Appends the first `counts[r]` of `length` new positions to each row r.
   * `keys[layer]` and `values[layer]` are `[rows, kvHeads, length, headDim]`.
   */
  append(
    keys: readonly Float32Array[],
    values: readonly Float32Array[],
    length: number,
    counts: Int32Array,
  ): void {
    let longest = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      longest = Math.max(longest, this.#used[row]! + counts[row]!);
    }
    this.#fit(longest);
    const { kvHeads, headDim, layers } = this.#shape;
    for (let row = 0; row < this.#rows; row += 1) {
      const size = counts[row]! * headDim;
      if (size === 0) continue;
      for (let head = 0; head < kvHeads; head += 1) {
        const at = row * kvHeads + head;
        const from = at * length * headDim;
        const to = (at * this.#capacity + this.#used[row]!) * headDim;
        for (let layer = 0; layer < layers; layer += 1) {
          this.#keys[layer]!.set(keys[layer]!.subarray(from, from + size), to);
          this.#values[layer]!.set(values[layer]!.subarray(from, from + size), to);
        }
      }
      this.#place(row, counts[row]!);
    }
  }

  /** Frees `row`; the last row takes its place. */
  release(row: number): void {
    const last = this.#rows - 1;
    if (row !== last) {
      const { kvHeads, headDim } = this.#shape;
      const size = kvHeads * this.#capacity * headDim;
      for (const buffer of [...this.#keys, ...this.#values]) {
        buffer.copyWithin(row * size, last * size, (last + 1) * size);
      }
      this.#positions.copyWithin(row * this.#capacity, last * this.#capacity, (last + 1) * this.#capacity);
      this.#used[row] = this.#used[last]!;
    }
    this.#rows = last;
  }

  #place(row: number, count: number): void {
    const start = row * this.#capacity + this.#used[row]!;
    for (let at = 0; at < count; at += 1) this.#positions[start + at] = BigInt(this.#used[row]! + at);
    this.#used[row]! += count;
  }

  /** Makes room for `length` slots, or gives room back that no row has used for long. */
  #fit(length: number): void {
    let longest = length;
    for (let row = 0; row < this.#rows; row += 1) longest = Math.max(longest, this.#used[row]!);
    const wanted = Math.ceil(longest / CAPACITY_STEP) * CAPACITY_STEP;
    if (wanted > this.#capacity || wanted + 2 * CAPACITY_STEP <= this.#capacity) this.#resize(wanted);
  }

  /** Lays all rows out for another capacity, in place: fresh memory is asked for only beyond the largest size so far. */
  #resize(capacity: number): void {
    const { kvHeads, headDim, layers } = this.#shape;
    const old = this.#capacity;
    const size = this.#maxRows * kvHeads * capacity * headDim;
    for (let layer = 0; layer < layers; layer += 1) {
      this.#keys[layer] = enlarged(this.#keys[layer], size);
      this.#values[layer] = enlarged(this.#values[layer], size);
    }
    if (this.#positions.length < this.#maxRows * capacity) {
      const positions = new BigInt64Array(this.#maxRows * capacity);
      positions.set(this.#positions);
      this.#positions = positions;
    }
    // Growing moves the last row first and shrinking the first one, so that no row is overwritten before it has moved.
    const rows = Array.from({ length: this.#rows }, (_, row) => row);
    for (const row of capacity > old ? rows.reverse() : rows) this.#moveRow(row, old, capacity);
    this.#capacity = capacity;
  }

  #moveRow(row: number, from: number, to: number): void {
    const { kvHeads, headDim } = this.#shape;
    const used = this.#used[row]!;
    const heads = Array.from({ length: kvHeads }, (_, head) => row * kvHeads + head);
    for (const at of to > from ? heads.reverse() : heads) {
      const start = at * from * headDim;
      for (const buffers of [this.#keys, this.#values]) {
        for (const buffer of buffers) buffer.copyWithin(at * to * headDim, start, start + used * headDim);
      }
    }
    this.#positions.copyWithin(row * to, row * from, row * from + used);
    this.#positions.fill(-1n, row * to + used, (row + 1) * to);
  }

  #view(buffer: Float32Array): Float32Array {
    const { kvHeads, headDim } = this.#shape;
    return buffer.subarray(0, this.#rows * kvHeads * this.#capacity * headDim);
  }
}

/** A buffer of at least `size` that begins with the content of `buffer`; with room to spare, so that growth is rare. */
function enlarged(buffer: Float32Array | undefined, size: number): Float32Array {
  if (buffer !== undefined && buffer.length >= size) return buffer;
  const next = new Float32Array(buffer === undefined ? size : Math.ceil(size * HEADROOM));
  if (buffer !== undefined) next.set(buffer);
  return next;
}
