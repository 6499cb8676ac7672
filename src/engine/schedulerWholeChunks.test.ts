import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { drawAll, endless, hashing, request, texts } from './scheduling.fixture.js';
import type { Script } from './scriptedSession.fixture.js';
import type { GenerateRequest, KvMemory } from './types.js';

/** Steps of a chunk: few, so that rows begin many. */
const WHOLE = 8;

const several = ['a', 'bc', 'def', 'ghij'].map((id) => request(id));

describe('a session whose chunks must be whole', () => {
  test('draws what others draw', async () => {
    const { byKey } = await drawAll(several);
    const whole = await drawAll(several, { wholeChunk: WHOLE });
    expect(texts(whole.byKey)).toEqual(texts(byKey));
  });

  test('has every row begin its chunks at a multiple of their length, whatever is asked and however short memory is', async () => {
    const requests = fc.array(
      fc.record({
        length: fc.integer({ min: 1, max: 40 }),
        samples: fc.integer({ min: 1, max: 4 }),
        maxTokens: fc.integer({ min: 1, max: 60 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const setups = fc.record({
      maxRows: fc.integer({ min: 1, max: 6 }),
      blocks: fc.integer({ min: 22, max: 60 }),
      pieceStep: fc.constantFrom(1, 8),
    });
    await fc.assert(
      fc.asyncProperty(requests, setups, async (asked, { maxRows, blocks, pieceStep }) => {
        const all: GenerateRequest[] = asked.map(({ length, ...sizes }, at) =>
          request(`r${at}`, { ...sizes, promptTokens: Array.from({ length }, (_, token) => token + at) }),
        );
        const memory: KvMemory = { blockSize: 8, rowStep: 1, blocks, blockBytes: 1, sharesPrompts: false };
        const ample = await drawAll(all, { maxRows: 30 });
        // The session throws where one begins elsewhere, and where a piece of a prompt ends elsewhere.
        const whole = await drawAll(all, { maxRows, memory, pieceStep, prefixBlock: 8, wholeChunk: WHOLE });
        expect(texts(whole.byKey)).toEqual(texts(ample.byKey));
      }),
      { numRuns: 60 },
    );
  });

  test('loses a chunk that needs more candidates, and none after it for the same reason', async () => {
    const picky: Script = (context, uniform, candidates) =>
      candidates < 256 ? null : hashing(context, uniform, candidates);
    const { byKey, scheduler } = await drawAll(several, { script: picky, wholeChunk: WHOLE });
    expect(scheduler.widenedChunks).toBe(1);
    expect(texts(byKey)).toEqual(texts((await drawAll(several)).byKey));
  });

  test('ends samples before a deadline that the next chunk would miss, each with the beginning of what it would be', async () => {
    const asked = [request('late', { maxTokens: 1000, samples: 6, stopTokens: [] })];
    const whole = (await drawAll(asked, { script: endless, wholeChunk: WHOLE })).byKey;
    const stepMs = 10;
    const deadlineMs = 1000;
    const cut = await drawAll(asked, { script: endless, wholeChunk: WHOLE, stepMs, deadlineMs });
    expect(cut.time).toBeLessThanOrEqual(deadlineMs);
    // No chunk more would have fitted, with the margin for an estimate that is too low.
    expect(cut.time).toBeGreaterThan(deadlineMs - 2 * WHOLE * stepMs);
    const drawn = cut.completions.filter(({ tokens }) => tokens.length > 0);
    expect(drawn.length).toBeGreaterThanOrEqual(4);
    for (const { id, index, tokens, finish } of cut.completions) {
      expect(finish).toBe('deadline');
      expect(tokens.length % WHOLE).toBe(0);
      expect([...tokens]).toEqual([...whole.get(`${id}/${index}`)!.tokens].slice(0, tokens.length));
    }
  });

  test('lets rows end within a chunk, and seats none before its end', async () => {
    const lengths = [3, 8, 20];
    const requests = lengths.map((maxTokens, at) =>
      request(`r${at}`, { maxTokens, samples: 4, stopTokens: [] }),
    );
    const { completions, session } = await drawAll(requests, {
      script: endless,
      maxRows: 12,
      wholeChunk: WHOLE,
    });
    expect(completions.map(({ tokens }) => tokens.length).sort((a, b) => a - b)).toEqual(
      lengths.flatMap((length) => [length, length, length, length]),
    );
    expect(session.rowsByChunk).toEqual([12, 4, 4]);
  });
});
