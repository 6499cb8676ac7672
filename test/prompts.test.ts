/** Prompts on the loop layout: computed in pieces, begun with what others have in common, and rows that rest meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Chunk, RowInput } from '../src/engine/types.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { exportForTest, GREEDY, goldenFolder, readGolden } from './support/models.js';
import { RemoteSession } from './support/session.js';

/** Sums of float32 in another order. */
const TOLERANCE = 1e-4;

let model: ExportedModel;
let prompts: readonly (readonly number[])[];
beforeAll(async () => {
  model = await exportForTest(goldenFolder('qwen2-tied-fp32'), true);
  ({ prompts } = await readGolden('qwen2-tied-fp32'));
});

const row = (tokens: readonly number[], remaining = 1): RowInput => ({
  nextToken: tokens.at(-1)!,
  position: tokens.length - 1,
  history: tokens,
  sampling: GREEDY,
  stopTokens: [],
  remaining,
});

function draw(session: RemoteSession, rows: readonly RowInput[], steps = 1): Promise<Chunk> {
  const uniform = new Float32Array(steps * rows.length);
  return session.decode(rows, { steps, minActive: 1, candidates: 4, uniform });
}

/** Logits after each of `asked`, computed in pieces and seated in rows. */
async function logitsAfter(
  session: RemoteSession,
  asked: readonly (readonly number[])[],
  pieceTokens?: number,
): Promise<Float32Array> {
  const caches = await session.prefill(asked, pieceTokens);
  for (const [at, cache] of caches.entries()) {
    await session.seat(at, cache);
    await session.forget(cache);
  }
  const chunk = await draw(
    session,
    asked.map((tokens) => row(tokens)),
  );
  for (let at = asked.length - 1; at >= 0; at -= 1) await session.release(at);
  return chunk.logits!;
}

function furthest(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  return Math.max(...Array.from(found, (logit, at) => Math.abs(logit - expected[at]!)));
}

describe('prompts on the loop layout', () => {
  let session: RemoteSession;
  beforeAll(async () => {
    session = await RemoteSession.open(model, { maxRows: 8 });
  });
  afterAll(() => session.close());

  test.each([1, 7, 16, 50, 149])('in pieces of %d tokens are as at once', async (pieceTokens) => {
    const fresh = await RemoteSession.open(model, { maxRows: 8 });
    const found = await logitsAfter(fresh, prompts, pieceTokens);
    await fresh.close();
    expect(furthest(found, await logitsAfter(session, prompts))).toBeLessThan(TOLERANCE);
  });

  test('that begin alike are as apart, whether they come together or one after another', async () => {
    const long = prompts[3]!;
    const asked = [long, [...long, 9], [...long.slice(0, 100), 5, 6], [...long.slice(0, 8), 4], long];
    const together = await logitsAfter(session, asked, 20);
    const size = together.length / asked.length;
    for (const [at, prompt] of asked.entries()) {
      const fresh = await RemoteSession.open(model, { maxRows: 1 });
      const alone = await logitsAfter(fresh, [prompt]);
      await fresh.close();
      expect(furthest(together.subarray(at * size, (at + 1) * size), alone)).toBeLessThan(TOLERANCE);
    }
  });

  test('hold their blocks until they are forgotten, computed or not', async () => {
    expect(await session.promptBlocks()).toBe(0);
    const caches = await session.prefill([prompts[3]!, prompts[2]!]);
    expect(await session.promptBlocks()).toBeGreaterThanOrEqual(2);
    for (const cache of caches) await session.forget(cache);
    expect(await session.promptBlocks()).toBe(0);
  });

  test('leave rows that rest as they were', async () => {
    const [short, long] = [prompts[2]!, prompts[3]!];
    const caches = await session.prefill([short, long]);
    for (const [at, cache] of caches.entries()) await session.seat(at, cache);
    const rested = await draw(session, [row(short, 0), row(long, 4)], 4);
    expect(rested.steps).toBe(4);
    expect([...rested.tokens].map((token) => token < 0)).toEqual(
      Array.from({ length: 8 }, (_, at) => at % 2 === 0),
    );
    const drawn = [1, 3, 5, 7].map((at) => rested.tokens[at]!);
    const after = await draw(session, [row(short), row([...long, ...drawn])]);
    for (const at of [1, 0]) await session.release(at);
    for (const cache of caches) await session.forget(cache);
    const alone = await logitsAfter(session, [short, [...long, ...drawn]]);
    expect(furthest(after.logits!, alone)).toBeLessThan(TOLERANCE);
  });
});
