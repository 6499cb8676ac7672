/** Runs of the paged layout in fixed shapes: the tokens that are missing belong to a sequence that nobody reads. */
import { LIKELIEST, type ScalingRow } from './feeds.js';
import { tiledRows } from './fixedShapes.js';
import type { Segment } from './packedFeeds.js';

/** Tokens that a run over a piece of a prompt has at least beside those of the piece. */
const LEAST_SPARE_TOKENS = tiledRows(1);

/** Drawn for, and thrown away. */
export const SPARE_ROW: ScalingRow = { sampling: LIKELIEST, history: [0] };

/** Blocks of that sequence, where pieces have up to `pieceTokens`. */
export function spareBlocks(pieceTokens: number, blockSize: number): number {
  return Math.ceil((pieceTokens + LEAST_SPARE_TOKENS) / blockSize);
}

/** The runs over new tokens of a prompt, one for each piece; pieces end at positions that are multiples of `pieceTokens`. */
export function piecesOf(
  { tokens, past, blocks }: Segment,
  pieceTokens: number,
  spare: readonly number[],
): Segment[][] {
  const runs: Segment[][] = [];
  for (let from = 0; from < tokens.length; ) {
    const end = Math.min(tokens.length, from + pieceTokens - ((past + from) % pieceTokens));
    const piece = { tokens: tokens.slice(from, end), past: past + from, blocks };
    runs.push([piece, spareSegment(pieceTokens + LEAST_SPARE_TOKENS - (end - from), spare)]);
    from = end;
  }
  return runs;
}

/** What must be added to `rows` segments of one token each. */
export function spareRows(rows: number, spare: readonly number[]): Segment[] {
  // All write the same number to the same place.
  return Array.from({ length: tiledRows(rows) - rows }, () => spareSegment(1, spare));
}

function spareSegment(length: number, blocks: readonly number[]): Segment {
  return { tokens: new Array<number>(length).fill(0), past: 0, blocks };
}
