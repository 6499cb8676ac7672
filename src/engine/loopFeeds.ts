/** Keys and values as inputs of the loop graph, and back from its outputs. */
import {
  blockKeys,
  blockValues,
  frozenKeys,
  frozenValues,
  localKeys,
  localValues,
  sharedKeys,
  sharedValues,
} from '../model/loopAttention.js';
import { Tensor } from '../onnx/runtime.js';
import { type Feeds, int64 } from './feeds.js';
import type { HostPrompt } from './hostPrompt.js';
import {
  type CacheShape,
  copyPositions,
  emptyArrays,
  type KvArrays,
  type LoopCacheShape,
} from './kvArrays.js';
import type { KvCache } from './kvCache.js';
import { type SharedPart, SharedPrompts } from './sharedPrompts.js';

/** Full blocks of rows. */
interface BlockPart {
  /** The row of each. */
  readonly rows: BigInt64Array;
  /** `[rows of the batch, width]`, see `KvBlocks`. */
  readonly table: BigInt64Array;
  readonly width: number;
  readonly arrays: KvArrays;
}

/** Outputs of the graph that hold what a run computed. */
export function computedOutputs(shape: CacheShape): string[] {
  return layersOf(shape).flatMap((layer) => [localKeys(layer), localValues(layer)]);
}

/** What a run has computed, `length` positions a row. */
export function computedPart(shape: CacheShape, results: Feeds, length: number): KvArrays {
  const data = (name: string) => results[name]!.data as Float32Array;
  return {
    keys: layersOf(shape).map((layer) => data(localKeys(layer))),
    values: layersOf(shape).map((layer) => data(localValues(layer))),
    length,
  };
}

/** What prompts have computed before, as the frozen part of a run that goes on with them. */
export function pastFeeds(shape: LoopCacheShape, prompts: readonly HostPrompt[]): Feeds {
  const rows = prompts.length;
  const past = Math.max(...prompts.map(({ computed }) => computed));
  const positions = new BigInt64Array(rows * past).fill(-1n);
  const rest = emptyArrays(shape, rows, past);
  for (const [row, arrays] of prompts.entries()) {
    const { computed } = arrays;
    for (let at = 0; at < computed; at += 1) positions[row * past + at] = BigInt(at);
    const to = { arrays: rest, item: row, position: 0 };
    copyPositions(shape, { arrays, item: 0, position: 0 }, to, computed);
  }
  const none = { rows: new BigInt64Array(0), width: 0, table: new BigInt64Array(0) };
  const blocks = { ...none, arrays: emptyArrays(shape, 0, 0) };
  return partFeeds(shape, rows, positions, rest, blocks, new SharedPrompts(shape, rows, 0).part(rows));
}

/** What the first `rows` of a cache hold. */
export function cacheFeeds(shape: LoopCacheShape, cache: KvCache, rows: number): Feeds {
  const { capacity, blocks } = cache;
  const layers = layersOf(shape);
  const { width, blocks: table } = blocks.table(rows);
  const rest = {
    keys: layers.map((layer) => cache.keys(layer, rows)),
    values: layers.map((layer) => cache.values(layer, rows)),
    length: capacity,
  };
  const full = {
    keys: layers.map((layer) => blocks.keys(layer)),
    values: layers.map((layer) => blocks.values(layer)),
    length: shape.blockLength,
  };
  const part = { rows: blocks.rows, width, table, arrays: full };
  return partFeeds(shape, rows, cache.positions(rows), rest, part, cache.shared.part(rows));
}

/** `positions` and `rest` of the rows, their full blocks, and the prompts they share. */
function partFeeds(
  shape: LoopCacheShape,
  rows: number,
  positions: BigInt64Array,
  rest: KvArrays,
  blocks: BlockPart,
  shared: SharedPart,
): Feeds {
  const { kvHeads, headDim, blockLength, turnsBlockValues } = shape;
  const restDims = [rows, kvHeads, 1, rest.length, headDim];
  const prompts = shared.rowDims[0];
  const sharedDims = [prompts, kvHeads, shared.arrays.length, headDim];
  const blockDims = [blocks.rows.length, kvHeads, 1, blockLength, headDim];
  const blockValueDims = turnsBlockValues ? [...blockDims.slice(0, 3), headDim, blockLength] : blockDims;
  const feeds: Feeds = {
    frozen_positions: int64(positions, [rows, rest.length]),
    block_rows: int64(blocks.rows, [blocks.rows.length]),
    block_table: int64(blocks.table, [rows, blocks.width]),
    shared_rows: int64(shared.rows, shared.rowDims),
    shared_table: int64(shared.table, [rows, shared.width]),
    shared_positions: int64(shared.positions, [prompts, shared.arrays.length]),
  };
  for (const layer of layersOf(shape)) {
    feeds[frozenKeys(layer)] = new Tensor('float32', rest.keys[layer]!, restDims);
    feeds[frozenValues(layer)] = new Tensor('float32', rest.values[layer]!, restDims);
    feeds[blockKeys(layer)] = new Tensor('float32', blocks.arrays.keys[layer]!, blockDims);
    feeds[blockValues(layer)] = new Tensor('float32', blocks.arrays.values[layer]!, blockValueDims);
    feeds[sharedKeys(layer)] = new Tensor('float32', shared.arrays.keys[layer]!, sharedDims);
    feeds[sharedValues(layer)] = new Tensor('float32', shared.arrays.values[layer]!, sharedDims);
  }
  return feeds;
}

function layersOf(shape: CacheShape): number[] {
  return Array.from({ length: shape.layers }, (_, layer) => layer);
}
