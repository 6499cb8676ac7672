/**
 * What `batchInvariant` fixes. A product's sums may be rounded in another order where its shape is another one, so a row's
 * numbers would depend on how many rows are computed beside it. What they may depend on is cut to pieces of fixed size:
 * rows come in whole tiles, chunks are run to their end, prompts are computed in pieces that begin at fixed positions.
 */
import { LIKELIEST } from './feeds.js';
import type { Chunk, ChunkOptions, RowInput } from './types.js';

/** Steps of a chunk: each begins at a multiple of so many drawn tokens, so rows that end wait half of it on average. */
export const WHOLE_CHUNK_STEPS = 32;

/** Tokens of a piece of a prompt; shorter ones are computed as if they had so many. */
export const FIXED_PIECE_TOKENS = 64;

/**
 * Rows are computed in multiples of this. Kernels take rows by tiles and the rest by other code: by 2 in the quantized products of
 * MLAS, where the odd row has other sums, and a single row nearly everywhere.
 */
const ROW_TILE = 4;

/** The number of rows that `rows` are computed as. */
export function tiledRows(rows: number): number {
  return Math.ceil(rows / ROW_TILE) * ROW_TILE;
}

/** A row that nobody sits in. */
const EMPTY_ROW: RowInput = {
  nextToken: 0,
  position: 0,
  history: [0],
  sampling: LIKELIEST,
  stopTokens: [],
  remaining: 0,
};

/** Adds empty rows to a chunk, up to `count`. */
export function padded(
  rows: readonly RowInput[],
  options: ChunkOptions,
  count: number,
): { readonly rows: readonly RowInput[]; readonly options: ChunkOptions } {
  const empty = new Array<RowInput>(count - rows.length).fill(EMPTY_ROW);
  const uniform = widened(options.uniform, rows.length, count);
  return { rows: [...rows, ...empty], options: { ...options, uniform } };
}

/** What a chunk of `from` rows drew for the first `to` of them. */
export function trimmed(chunk: Chunk, from: number, to: number): Chunk {
  const vocabSize = chunk.logits === null ? 0 : chunk.logits.length / (chunk.steps * from);
  return {
    ...chunk,
    tokens: narrowed(chunk.tokens, from, to),
    logprobs: narrowed(chunk.logprobs, from, to),
    logits: chunk.logits && narrowed(chunk.logits, from * vocabSize, to * vocabSize),
  };
}

/** `[steps, from]` as `[steps, to]`, with zeros. */
function widened(values: Float32Array, from: number, to: number): Float32Array {
  const steps = values.length / from;
  const wide = new Float32Array(steps * to);
  for (let step = 0; step < steps; step += 1) {
    wide.set(values.subarray(step * from, (step + 1) * from), step * to);
  }
  return wide;
}

/** The first `to` columns of `[steps, from]`. */
function narrowed<A extends Float32Array | Int32Array>(values: A, from: number, to: number): A {
  return values.filter((_, at) => at % from < to) as A;
}
