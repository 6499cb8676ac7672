import { describe, expect, test } from '@jest/globals';
import { checkInvariance, NotInvariantError, requireFixedShapes } from './invarianceCheck.js';
import { hashing } from './scheduling.fixture.js';
import { type ScriptedOptions, ScriptedSession } from './scriptedSession.fixture.js';
import type { Chunk, ChunkOptions, PromptPiece, RowInput } from './types.js';

/** The last bit of a log-probability of about 1. */
const LAST_BIT = 2 ** -24;

/** Rounds what it draws by what `depends` says of a row. */
class RoundingSession extends ScriptedSession {
  pieces = 0;
  readonly #depends: (row: number, rows: number, session: RoundingSession) => boolean;

  constructor(
    depends: (row: number, rows: number, session: RoundingSession) => boolean,
    options: Partial<ScriptedOptions> = {},
  ) {
    super({ script: hashing, ...options });
    this.#depends = depends;
  }

  override async prefill(pieces: readonly PromptPiece[]): Promise<void> {
    this.pieces = pieces.length;
    await super.prefill(pieces);
  }

  override async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    const chunk = await super.decode(rows, options);
    const logprobs = chunk.logprobs.map((logprob, at) =>
      this.#depends(at % rows.length, rows.length, this) ? logprob + LAST_BIT : logprob,
    );
    return { ...chunk, logprobs };
  }
}

const check = (session: ScriptedSession, maxRows = 8) => checkInvariance(session, maxRows);

describe('checkInvariance', () => {
  test('lets pass what does not depend on the batch, and leaves nothing behind', async () => {
    const session = new ScriptedSession({ script: hashing });
    expect(await check(session)).toBeGreaterThanOrEqual(0);
    expect([session.contexts.length, session.prompts.size, session.promptBlocks]).toEqual([0, 0, 0]);
    expect(new Set(session.rowsByChunk)).toEqual(new Set([1, 2, 4, 8]));
    await check(new ScriptedSession({ script: hashing, logprob: () => Number.NaN }));
  });

  test.each<[string, (row: number, rows: number, session: RoundingSession) => boolean]>([
    ['the number of rows', (_, rows) => rows >= 8],
    ['an odd last row', (row, rows) => rows % 2 === 1 && row === rows - 1],
    ['the place of a row', (row) => row === 5],
    ['the prompts computed together', (_, __, { pieces }) => pieces > 1],
  ])('finds that bits depend on %s', async (_, depends) => {
    await expect(check(new RoundingSession(depends))).rejects.toThrow(NotInvariantError);
  });

  test('needs no more rows, positions and tokens than there are', async () => {
    const memory = { blockSize: 16, rowStep: 1, blocks: 40, blockBytes: 1, sharesPrompts: false };
    const small = new ScriptedSession({ script: hashing, memory });
    await check(small, 64);
    expect(Math.max(...small.rowsByChunk)).toBeGreaterThan(1);
    expect(small.mostBlocks).toBeLessThanOrEqual(40);
    await check(new ScriptedSession({ script: hashing, limits: { vocabSize: 5, maxPositions: 3 } }));
  });
});

test('no shapes are known that would do on CUDA, and for guesses', () => {
  expect(() => requireFixedShapes('cuda', 0)).toThrow(NotInvariantError);
  expect(() => requireFixedShapes('cpu', 4)).toThrow(NotInvariantError);
  requireFixedShapes('cpu', 0);
  requireFixedShapes('webgpu', 0);
});
