/** Sees that rows are computed to the same bits whatever is beside them, before anybody relies on it. */
import { BoxedError } from '../errors.js';
import type { Device } from '../export/target.js';
import { LIKELIEST } from './feeds.js';
import { promptBlocks, rowBlocks } from './kvMemory.js';
import type { DecoderSession, PromptCache } from './types.js';

/** The sums of a row are rounded by what is beside it, even in fixed shapes. */
export class NotInvariantError extends BoxedError {
  override readonly name = 'NotInvariantError';
}

/** Tokens of the prompts: less than a piece, more, one. Their number is odd, so that each comes to even and to odd rows. */
const PROMPT_LENGTHS = [60, 7, 90, 1, 33];
/** Tokens drawn of each: bits of one log-probability may be equal by chance. */
const STEPS = 2;

/** What a row has drawn. */
interface Drawn {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
}

/** Refuses what no fixed shapes are known for. @throws NotInvariantError */
export function requireFixedShapes(device: Device, draftTokens: number): void {
  if (draftTokens > 0) {
    throw new NotInvariantError(
      'guessed tokens are verified in runs whose shapes depend on how many there are',
      'Leave out --draft-tokens or --batch-invariant.',
    );
  }
  if (device !== 'cuda') return;
  throw new NotInvariantError(
    'attention on CUDA divides its sums by the longest row of the batch',
    'Leave out --batch-invariant, or use --device cpu or webgpu.',
  );
}

/**
 * Draws for each of some prompts by itself, then for all in batches of 1, 2, 4, 8, … rows, up to `maxRows` where memory has room
 * for so many, and compares tokens and log-probabilities. Returns the milliseconds that a step of the largest batch took.
 * @throws NotInvariantError
 */
export async function checkInvariance(session: DecoderSession, maxRows: number): Promise<number> {
  const prompts = promptsFor(session);
  const alone: Drawn[] = [];
  for (const prompt of prompts) {
    const [cache] = await compute(session, [prompt]);
    alone.push((await draw(session, [prompt], [cache!], 1)).rows[0]!);
    session.forget(cache!);
  }
  const caches = await compute(session, prompts);
  let stepMs = 0;
  for (const rows of batchSizes(roomFor(session, prompts, maxRows))) {
    const beside = await draw(session, prompts, caches, rows);
    stepMs = beside.stepMs;
    const other = beside.rows.findIndex((drawn, row) => !isEqual(drawn, alone[row % prompts.length]!));
    if (other < 0) continue;
    throw new NotInvariantError(
      `row ${other} of ${rows} is computed to other bits than by itself`,
      'Leave out --batch-invariant, or use another device: here sums depend on the batch even where its shape is fixed.',
    );
  }
  for (const cache of caches) session.forget(cache);
  return stepMs;
}

/** Prompts that the model takes. */
function promptsFor({ limits }: DecoderSession): number[][] {
  return PROMPT_LENGTHS.map((length, salt) =>
    Array.from(
      { length: Math.max(1, Math.min(length, limits.maxPositions - STEPS)) },
      (_, at) => (13 * salt + 7 * at + 1) % limits.vocabSize,
    ),
  );
}

/** Rows of `prompts` that memory has room for. */
function roomFor(
  { memory }: DecoderSession,
  prompts: readonly (readonly number[])[],
  maxRows: number,
): number {
  const own = prompts.reduce((sum, { length }) => sum + promptBlocks(memory, length), 0);
  const longest = Math.max(...prompts.map(({ length }) => rowBlocks(memory, length, length + STEPS)));
  return Math.max(1, Math.min(maxRows, Math.floor((memory.blocks - own) / longest)));
}

/** 1, 2, 4, 8, … and `most`. */
function batchSizes(most: number): number[] {
  const sizes: number[] = [];
  for (let rows = 1; rows < most; rows *= 2) sizes.push(rows);
  return [...sizes, most];
}

/** Computes prompts together. */
async function compute(
  session: DecoderSession,
  prompts: readonly (readonly number[])[],
): Promise<PromptCache[]> {
  const caches = prompts.map((tokens) => session.begin(tokens)!);
  const pieces = caches.map((prompt) => ({ prompt, tokens: prompt.length - prompt.computed }));
  const open = pieces.filter(({ tokens }) => tokens > 0);
  if (open.length > 0) await session.prefill(open);
  return caches;
}

/** Draws in `rows` rows, of which row r has the prompt of number r modulo their number. All rows are free before and after. */
async function draw(
  session: DecoderSession,
  prompts: readonly (readonly number[])[],
  caches: readonly PromptCache[],
  rows: number,
): Promise<{ readonly rows: readonly Drawn[]; readonly stepMs: number }> {
  const inputs = Array.from({ length: rows }, (_, row) => {
    session.seat(row, caches[row % caches.length]!);
    const history = prompts[row % prompts.length]!;
    const start = { nextToken: history.at(-1)!, position: history.length - 1, history };
    return { ...start, sampling: LIKELIEST, stopTokens: [], remaining: STEPS };
  });
  const uniform = new Float32Array(STEPS * rows);
  const start = performance.now();
  const chunk = await session.decode(inputs, { steps: STEPS, minActive: 1, candidates: 1, uniform });
  const stepMs = (performance.now() - start) / STEPS;
  for (let row = rows - 1; row >= 0; row -= 1) session.release(row);
  const ofRow = (values: ArrayLike<number>, row: number) =>
    Array.from({ length: STEPS }, (_, step) => values[step * rows + row]!);
  return {
    rows: inputs.map((_, row) => ({
      tokens: ofRow(chunk.tokens, row),
      logprobs: ofRow(chunk.logprobs, row),
    })),
    stepMs,
  };
}

/** Also where both are no number: that is a matter of the model. */
function isEqual(one: Drawn, other: Drawn): boolean {
  const same = (a: readonly number[], b: readonly number[]) =>
    a.every((value, at) => Object.is(value, b[at]));
  return same(one.tokens, other.tokens) && same(one.logprobs, other.logprobs);
}
