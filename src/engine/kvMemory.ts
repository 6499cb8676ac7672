/** How many blocks of the key-value caches prompts and rows need. */
import { BoxedError } from '../errors.js';
import type { GenerateRequest, KvMemory } from './types.js';

/** A request that the caches cannot hold even when it has them to itself. */
export class KvMemoryError extends BoxedError {
  override readonly name = 'KvMemoryError';
}

/** Blocks of a prompt of `tokens`. Its last token belongs to the rows, which compute it. */
export function promptBlocks({ blockSize, sharesPrompts }: KvMemory, tokens: number): number {
  const blocks = (tokens - 1) / blockSize;
  return sharesPrompts ? Math.floor(blocks) : Math.ceil(blocks);
}

/** Blocks that a row of `positions`, those of its prompt included, holds beside those that it shares. */
export function rowBlocks(memory: KvMemory, promptTokens: number, positions: number): number {
  const { blockSize, rowStep, sharesPrompts } = memory;
  const shared = sharesPrompts ? promptBlocks(memory, promptTokens) : 0;
  return rowStep * Math.ceil(positions / (rowStep * blockSize)) - shared;
}

/** The inverse: positions for which a row's `blocks` are enough. */
export function rowPositions(memory: KvMemory, promptTokens: number, blocks: number): number {
  const shared = memory.sharesPrompts ? promptBlocks(memory, promptTokens) : 0;
  return (blocks + shared) * memory.blockSize;
}

/** Positions of a row that draws `maxTokens`: the last token drawn needs none, since it is never read. */
export function mostPositions({ promptTokens, maxTokens }: GenerateRequest): number {
  return promptTokens.length + maxTokens - 1;
}

/** Refuses a request that no order of work could ever serve. @throws KvMemoryError */
export function requireRoom(request: GenerateRequest, memory: KvMemory): void {
  const { id, promptTokens, maxTokens } = request;
  const needed =
    promptBlocks(memory, promptTokens.length) +
    rowBlocks(memory, promptTokens.length, mostPositions(request));
  if (needed <= memory.blocks) return;
  const megabytes = (blocks: number) =>
    `${((blocks * memory.blockBytes) / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;
  throw new KvMemoryError(
    `a prompt of ${promptTokens.length} tokens and ${maxTokens} drawn after it need ${megabytes(needed)} of keys and values, ` +
      `and there are ${megabytes(memory.blocks)}`,
    'Raise --kv-memory, or lower --max-tokens.',
    { field: id },
  );
}
