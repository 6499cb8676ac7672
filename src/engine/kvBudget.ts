/** Memory for keys and values: how much by default, and what it comes to on the host. */
import type { ExportedModel } from '../export/manifest.js';
import { BLOCK_LENGTH } from '../model/loopAttention.js';
import { CAPACITY_STEP, type CacheShape, type LoopCacheShape, positionBytes } from './kvArrays.js';
import { readMachine } from './machine.js';
import type { KvMemory } from './types.js';

/** On a device: 64 rows of 2,340 tokens for Qwen2.5-1.5B. */
const DEVICE_BYTES = 4 * 2 ** 30;
/** Part of the memory that can be had when the engine is opened; the rest is for weights, activations and whoever else is there. */
const AVAILABLE_SHARE = 1 / 2;
/** Part of the memory for keys and values that is for the beginnings of prompts that others may begin with, too. */
const PREFIX_SHARE = 1 / 8;
/** And so many bytes at most: what the prompts of a run begin with alike is some thousand tokens, and others need not stay. */
const MOST_PREFIX_BYTES = 2 ** 28;
/** Tokens of a block of such a beginning: few, so that most of it counts, enough that one is no trouble to find. */
export const PREFIX_BLOCK = 16;

/** What `bytes` hold of rows and prompts on the host. */
export function hostMemory(shape: LoopCacheShape, bytes: number): KvMemory {
  const blockSize = CAPACITY_STEP;
  const blockBytes = blockSize * positionBytes(shape);
  const blocks = Math.floor((bytes - prefixBytes(bytes)) / blockBytes);
  // The rest of a row that fills no block of the cache may have to have the room of the longest one.
  const rowStep = Math.ceil(shape.blockLength / blockSize);
  return { blockSize, rowStep, blocks, blockBytes, sharesPrompts: false };
}

/** Blocks of `blockSize` tokens that are kept for prompts to come. */
export function keptPrefixes(shape: CacheShape, bytes: number, blockSize: number): number {
  return Math.floor(prefixBytes(bytes) / (blockSize * positionBytes(shape)));
}

function prefixBytes(bytes: number): number {
  return Math.min(PREFIX_SHARE * bytes, MOST_PREFIX_BYTES);
}

/**
 * On the host half of what is available, but never less than the longest request that the model allows; 4 GiB on a device,
 * whose memory the runtime does not tell.
 */
export function defaultKvMemoryBytes(
  { config, layout }: ExportedModel['manifest'],
  availableBytes = readMachine().availableBytes,
): number {
  if (layout.name !== 'loop') return DEVICE_BYTES;
  // A prompt and a row that has a copy of it, and blocks that are not full.
  const positions = 2 * (config.maxPositions + BLOCK_LENGTH);
  const longest = (positions * positionBytes(config)) / (1 - PREFIX_SHARE);
  return Math.ceil(Math.max(longest, AVAILABLE_SHARE * availableBytes));
}
