/** Keys and values in the host's memory, and how positions are copied between them. */

/** Shape of a model's cache. */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** The same, where rows have full blocks of positions. */
export interface LoopCacheShape extends CacheShape {
  /** Positions of a block. */
  readonly blockLength: number;
  /** Whether the values of a block are `[headDim, blockLength]`. */
  readonly turnsBlockValues: boolean;
}

/** The capacity of items that have one length changes in steps of so many positions: each empty position is computed with. */
export const CAPACITY_STEP = 64;

/** The least capacity for `length` positions. */
export function capacityFor(length: number): number {
  return Math.ceil(length / CAPACITY_STEP) * CAPACITY_STEP;
}

/** Bytes of a position's keys and values. */
export function positionBytes({ layers, kvHeads, headDim }: CacheShape): number {
  return 2 * layers * kvHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
}

/** Keys and values by layer, `[items, kvHeads, length, headDim]` each: an item is a row, a block or a prompt. */
export interface KvArrays {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly length: number;
}

/** One position of one item. */
export interface Place {
  readonly arrays: KvArrays;
  readonly item: number;
  readonly position: number;
}

/** Zeros for `items` of `length` positions. Pages that are never written to take no memory. */
export function emptyArrays(shape: CacheShape, items: number, length: number): KvArrays {
  const size = items * shape.kvHeads * length * shape.headDim;
  const zeros = () => Array.from({ length: shape.layers }, () => new Float32Array(size));
  return { keys: zeros(), values: zeros(), length };
}

/** Copies `count` positions of all layers and heads. */
export function copyPositions(shape: CacheShape, from: Place, to: Place, count: number): void {
  copyKeys(shape, from, to, count);
  copyEach(shape, from, to, count, 'values');
}

export function copyKeys(shape: CacheShape, from: Place, to: Place, count: number): void {
  copyEach(shape, from, to, count, 'keys');
}

function copyEach(shape: CacheShape, from: Place, to: Place, count: number, which: 'keys' | 'values'): void {
  const { layers, kvHeads, headDim } = shape;
  if (count === 0) return;
  for (let head = 0; head < kvHeads; head += 1) {
    const start = offset(shape, from, head);
    const end = start + count * headDim;
    const target = offset(shape, to, head);
    for (let layer = 0; layer < layers; layer += 1)
      to.arrays[which][layer]!.set(from.arrays[which][layer]!.subarray(start, end), target);
  }
}

/** Copies the values of `count` positions into arrays `[items, kvHeads, headDim, length]`. */
export function turnValues(shape: CacheShape, from: Place, to: Place, count: number): void {
  const { layers, kvHeads, headDim } = shape;
  const { length } = to.arrays;
  for (let head = 0; head < kvHeads; head += 1) {
    const start = offset(shape, from, head);
    const target = (to.item * kvHeads + head) * length * headDim + to.position;
    for (let layer = 0; layer < layers; layer += 1) {
      const source = from.arrays.values[layer]!;
      const turned = to.arrays.values[layer]!;
      for (let dim = 0; dim < headDim; dim += 1) {
        const row = target + dim * length;
        const column = start + dim;
        for (let at = 0; at < count; at += 1) turned[row + at] = source[column + at * headDim]!;
      }
    }
  }
}

/** Sets `count` positions of all layers and heads to zero. */
export function clearPositions(shape: CacheShape, at: Place, count: number): void {
  for (let head = 0; head < shape.kvHeads; head += 1) {
    const start = offset(shape, at, head);
    const end = start + count * shape.headDim;
    for (const buffers of [at.arrays.keys, at.arrays.values])
      for (const buffer of buffers) buffer.fill(0, start, end);
  }
}

function offset({ kvHeads, headDim }: CacheShape, { arrays, item, position }: Place, head: number): number {
  return ((item * kvHeads + head) * arrays.length + position) * headDim;
}
