/** Chunks drawn run by run from a scripted model: with guesses they hold what they hold without. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Ahead, drawByRuns } from './chunkRuns.js';
import { LIKELIEST } from './feeds.js';
import { PromptLookup } from './promptLookup.js';
import type { Chunk, ChunkOptions, RowInput } from './types.js';

/** Which token follows these: a text that nearly repeats itself every `period` tokens. */
type Script = (held: readonly number[]) => number;
const periodic =
  (period: number, surprise: number): Script =>
  (held) =>
    held.length % surprise === 0 ? 90 + (held.length % 7) : 10 + (held.length % period);

interface Settings {
  readonly prompts: readonly (readonly number[])[];
  readonly remaining?: readonly number[];
  readonly stopTokens?: readonly number[];
  readonly draftTokens: number;
  readonly options?: Partial<ChunkOptions>;
  /** Draws that need more candidates, by tokens held. */
  readonly unfinished?: (held: number) => boolean;
}

/** Draws a chunk and counts the runs; fails where a row's caches would not be those of its tokens. */
async function draw(script: Script, settings: Settings): Promise<{ chunk: Chunk; runs: number }> {
  const { prompts, draftTokens } = settings;
  const steps = settings.options?.steps ?? 40;
  const rows: RowInput[] = prompts.map((prompt, at) => ({
    nextToken: prompt.at(-1)!,
    position: prompt.length - 1,
    history: prompt,
    sampling: LIKELIEST,
    stopTokens: settings.stopTokens ?? [],
    remaining: settings.remaining?.[at] ?? steps,
    ...(draftTokens > 0 && { lookup: new PromptLookup(prompt, draftTokens) }),
  }));
  const cached = prompts.map((prompt) => prompt.slice(0, -1));
  let runs = 0;
  const options = { steps, minActive: 1, candidates: 1, uniform: new Float32Array(0), ...settings.options };
  const run = async (ahead: readonly Ahead[]) => {
    runs += 1;
    const drawn = ahead.map(({ row, tokens }) =>
      tokens.map((_, at) => {
        const held = [...cached[row.at]!, ...tokens.slice(0, at + 1)];
        expect(row.draws(tokens)[at]!.history).toEqual(held);
        if (settings.unfinished?.(held.length)) return null;
        return { token: script(held), logprob: -held.length, logits: Float32Array.of(held.length) };
      }),
    );
    const keep = (counts: readonly number[]) => {
      for (const [at, { row, tokens }] of ahead.entries())
        cached[row.at]!.push(...tokens.slice(0, counts[at]));
    };
    return { drawn, keep };
  };
  const chunk = await drawByRuns(rows, options, run);
  for (const [at, prompt] of prompts.entries()) {
    const tokens = [...chunk.tokens].filter((_, place) => place % prompts.length === at);
    const taken = tokens.filter((token) => token >= 0);
    expect(tokens.slice(0, taken.length)).toEqual(taken);
    // The last token drawn is the next one to be processed.
    expect([...cached[at]!, ...[...prompt, ...taken].slice(-1)]).toEqual([...prompt, ...taken]);
  }
  return { chunk, runs };
}

const PROMPT = Array.from({ length: 12 }, (_, at) => 10 + ((at + 1) % 4));

describe('a chunk drawn with guesses', () => {
  test('holds the same tokens and takes fewer runs', async () => {
    const script = periodic(4, 19);
    const plain = await draw(script, { prompts: [PROMPT], draftTokens: 0 });
    const guessed = await draw(script, { prompts: [PROMPT], draftTokens: 6 });
    expect(guessed.chunk).toEqual(plain.chunk);
    expect(plain.runs).toBe(40);
    expect(guessed.runs).toBeLessThan(30);
  });

  test('ends rows at their stop tokens, although more was guessed and drawn', async () => {
    const { chunk } = await draw(periodic(4, 1000), { prompts: [PROMPT], draftTokens: 8, stopTokens: [12] });
    const plain = await draw(periodic(4, 1000), { prompts: [PROMPT], draftTokens: 0, stopTokens: [12] });
    expect(chunk.tokens.at(-1)).toBe(12);
    expect(chunk).toEqual(plain.chunk);
  });

  test('ends with as many tokens as a row may draw; a row that rests draws none', async () => {
    const { chunk } = await draw(periodic(4, 1000), {
      prompts: [PROMPT, PROMPT, PROMPT],
      remaining: [3, 0, 5],
      draftTokens: 8,
    });
    expect(chunk.steps).toBe(5);
    const drawn = [0, 1, 2].map(
      (row) => chunk.tokens.filter((token, at) => at % 3 === row && token >= 0).length,
    );
    expect(drawn).toEqual([3, 0, 5]);
    expect([...chunk.logits!].filter((value) => value > 0)).toHaveLength(8);
  });

  test('is cut before a draw that needs more candidates, and only where it came to one', async () => {
    const script = periodic(4, 1000);
    const cut = await draw(script, { prompts: [PROMPT], draftTokens: 4, unfinished: (held) => held === 15 });
    expect(cut.chunk.cut).toBe(true);
    expect(cut.chunk.steps).toBe(3);
    // Every guess is wrong after the surprise, so its draws do not matter.
    const surprised = periodic(4, 12);
    const options = { steps: 1 };
    const missed = await draw(surprised, {
      ...{ prompts: [PROMPT], draftTokens: 4, options },
      unfinished: (held) => held === 13,
    });
    expect(missed.chunk).toMatchObject({ steps: 1, cut: false });
  });

  test('ends once fewer rows go on', async () => {
    const { chunk } = await draw(periodic(4, 1000), {
      prompts: [PROMPT, PROMPT],
      remaining: [2, 30],
      draftTokens: 0,
      options: { minActive: 2 },
    });
    expect(chunk.steps).toBe(2);
  });
});

test('whatever the text, the rows, the limits and the guesses, the tokens are those of single runs', async () => {
  const cases = fc.record({
    period: fc.integer({ min: 1, max: 6 }),
    surprise: fc.integer({ min: 2, max: 12 }),
    lengths: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
    remaining: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 4, maxLength: 4 }),
    draftTokens: fc.integer({ min: 1, max: 9 }),
    stopTokens: fc.array(fc.integer({ min: 90, max: 96 }), { maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ period, surprise, lengths, remaining, draftTokens, stopTokens }) => {
      if (!lengths.some((_, at) => remaining[at]! > 0)) return;
      const script = periodic(period, surprise);
      const prompts = lengths.map((length) => Array.from({ length }, (_, at) => 10 + ((at + 1) % period)));
      const same = { prompts, remaining, stopTokens, options: { steps: 25 } };
      const plain = await draw(script, { ...same, draftTokens: 0 });
      const guessed = await draw(script, { ...same, draftTokens });
      expect(guessed.chunk).toEqual(plain.chunk);
      expect(guessed.runs).toBeLessThanOrEqual(plain.runs);
    }),
    { numRuns: 200 },
  );
});
