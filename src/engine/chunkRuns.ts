/**
 * A chunk as a series of runs. Each computes the next token of every row and those that are guessed to follow it, and draws
 * after all of them. A draw depends on the tokens before it and on its own random number alone, so where a guess came true
 * the next draw is the one that a run of its own would have made (as in speculative decoding, arXiv 2211.17192, with a draft
 * that is certain of itself); the others are forgotten.
 */
import { type Drawn, LiveRow } from './liveRow.js';
import type { Chunk, ChunkOptions, RowInput } from './types.js';

/** A row's part in a run. */
export interface Ahead {
  readonly row: LiveRow;
  /** Its next token, and guesses. */
  readonly tokens: readonly number[];
}

/** What came of a run. */
export interface Run {
  /** After each token of each row; `null` where more candidates are needed. */
  readonly drawn: readonly (readonly (Drawn | null)[])[];
  /** Keeps the keys and values of the first `counts[n]` tokens of the n-th row. */
  readonly keep: (counts: readonly number[]) => void;
}

/** Draws for `rows` by `run` until they end or too few go on. */
export async function drawByRuns(
  rows: readonly RowInput[],
  options: ChunkOptions,
  run: (ahead: readonly Ahead[]) => Promise<Run>,
): Promise<Chunk> {
  const all = rows.map((row, at) => new LiveRow(at, row, options.steps));
  let live = all.filter((row) => !row.ended);
  let cut = false;
  do {
    const ahead = live.map((row) => ({ row, tokens: row.ahead() }));
    const { drawn, keep } = await run(ahead);
    const counts = ahead.map(({ row, tokens }, at) => row.take(tokens, drawn[at]!));
    keep(counts);
    cut = ahead.some(({ row, tokens }, at) => !row.ended && reached(tokens, counts[at]!, drawn[at]!));
    live = live.filter((row) => !row.ended);
  } while (!cut && live.length > 0 && live.length >= options.minActive);
  return chunkOf(all, cut);
}

/** Whether a row came to a draw that was not made. */
function reached(tokens: readonly number[], taken: number, drawn: readonly (Drawn | null)[]): boolean {
  const came = taken === 0 || tokens[taken] === drawn[taken - 1]!.token;
  return taken < tokens.length && came && drawn[taken] === null;
}

function chunkOf(rows: readonly LiveRow[], cut: boolean): Chunk {
  const count = rows.length;
  const steps = Math.max(...rows.map(({ drawn }) => drawn.length));
  const vocabSize = rows.flatMap(({ drawn }) => drawn.slice(0, 1))[0]?.logits?.length ?? null;
  const tokens = new Int32Array(steps * count).fill(-1);
  const logprobs = new Float32Array(steps * count);
  const logits = vocabSize === null ? null : new Float32Array(steps * count * vocabSize);
  for (const [at, { drawn }] of rows.entries()) {
    for (const [step, draw] of drawn.entries()) {
      const place = step * count + at;
      tokens[place] = draw.token;
      logprobs[place] = draw.logprob;
      if (draw.logits !== null) logits!.set(draw.logits, place * vocabSize!);
    }
  }
  return { steps, tokens, logprobs, cut, logits };
}
