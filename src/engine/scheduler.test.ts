import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Scheduler } from './scheduler.js';
import { drawAll, hashing, request, STOP, texts, work } from './scheduling.fixture.js';
import { type Script, ScriptedSession } from './scriptedSession.fixture.js';
import type { Completion } from './types.js';

describe('Scheduler', () => {
  test('ends every sample exactly once, with a stop token or at its length', async () => {
    const { completions, byKey } = await drawAll([
      request('a'),
      request('bc', { maxTokens: 5 }),
      request('d'),
    ]);
    expect(completions).toHaveLength(9);
    expect(byKey.size).toBe(9);
    for (const { tokens, finish, logprobs } of completions) {
      expect(logprobs).toHaveLength(tokens.length);
      expect(finish).toBe(tokens.at(-1) === STOP ? 'stop' : 'length');
    }
    for (const index of [0, 1, 2]) expect(byKey.get(`bc/${index}`)!.tokens.length).toBeLessThanOrEqual(5);
  });

  test('draws the same tokens whatever the batch size, the order and the company', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.shuffledSubarray(['a', 'bb', 'ccc', 'dddd', 'e', 'ff'], { minLength: 1 }),
        async (maxRows, ids) => {
          const alone = await Promise.all(ids.map((id) => drawAll([request(id)], { maxRows: 1 })));
          const together = await drawAll(
            ids.map((id) => request(id)),
            { maxRows },
          );
          const expected = new Map(alone.flatMap(({ byKey }) => [...byKey]));
          expect(texts(together.byKey)).toEqual(texts(expected));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('draws a missing sample as it would have been drawn among the others', async () => {
    const all = await drawAll([request('abc', { samples: 5 })]);
    const some = await drawAll([request('abc', { samples: [3, 1] })]);
    expect([...some.byKey.keys()].sort()).toEqual(['abc/1', 'abc/3']);
    for (const [key, { tokens }] of some.byKey) expect(tokens).toEqual(all.byKey.get(key)!.tokens);
  });

  test('another seed draws other tokens', async () => {
    const one = await drawAll([request('abc', { seed: 1 })]);
    const two = await drawAll([request('abc', { seed: 2 })]);
    expect(texts(one.byKey)).not.toEqual(texts(two.byKey));
  });

  test('keeps the batch full while samples wait, and prefills a prompt once', async () => {
    const ids = Array.from({ length: 12 }, (_, at) => `p${at}`);
    const { session } = await drawAll(
      ids.map((id) => request(id)),
      { maxRows: 8 },
    );
    const waiting = session.rowsByChunk.slice(
      0,
      session.rowsByChunk.findIndex((rows) => rows < 8),
    );
    expect(waiting.length).toBeGreaterThan(4);
    // All twelve prompts are short enough to be computed together.
    expect(session.prefills).toBe(1);
  });

  test('gives each open request some samples before any gets all, when a deadline cuts them short', async () => {
    const endless: Script = (_, uniform) => 1 + Math.floor(uniform * 900);
    const ids = ['a', 'b', 'c', 'd'];
    const requests = ids.map((id) => request(id, { samples: 8, maxTokens: 10_000 }));
    const { completions } = await drawAll(requests, {
      script: endless,
      stepMs: 1,
      deadlineMs: 50,
      maxRows: 8,
    });
    for (const id of ids) {
      expect(completions.filter((each) => each.id === id && each.tokens.length > 0)).toHaveLength(2);
    }
  });

  test('counts the time of prompts and of decoding apart', async () => {
    let time = 0;
    const session = new ScriptedSession({
      script: () => 5,
      onStep: () => {
        time += 3;
      },
      onPrefill: () => {
        time += 100;
      },
    });
    const scheduler = new Scheduler(session, { maxRows: 2, now: () => time, onCompletion: () => undefined });
    scheduler.submit(request('abc', { samples: 4, maxTokens: 10 }), Number.POSITIVE_INFINITY);
    await work(scheduler);
    expect(scheduler.prefillMs).toBe(100);
    // Two batches of ten steps.
    expect(scheduler.decodeMs).toBe(60);
  });

  test('redoes a step for which the candidates were too few', async () => {
    let refused = 0;
    const picky: Script = (context, uniform, candidates) => {
      const token = hashing(context, uniform, candidates);
      if (token !== null && token % 10 === 3 && candidates < 200) {
        refused += 1;
        return null;
      }
      return token;
    };
    const { byKey, scheduler } = await drawAll([request('a'), request('b')], { script: picky });
    expect(refused).toBeGreaterThan(0);
    expect(scheduler.widenedChunks).toBeGreaterThan(0);
    expect(texts(byKey)).toEqual(texts((await drawAll([request('a'), request('b')])).byKey));
  });

  test('meets a deadline to within one step, keeping what was drawn', async () => {
    const endless: Script = (_, uniform) => 1 + Math.floor(uniform * 900);
    for (const deadlineMs of [7, 95, 1000, 12_345]) {
      const { completions, time } = await drawAll([request('a', { maxTokens: 100_000, samples: 6 })], {
        script: endless,
        stepMs: 10,
        deadlineMs,
        maxRows: 4,
      });
      expect(completions).toHaveLength(6);
      expect(new Set(completions.map(({ finish }) => finish))).toEqual(new Set(['deadline']));
      expect(time).toBeGreaterThanOrEqual(deadlineMs);
      expect(time).toBeLessThanOrEqual(deadlineMs + 10);
      const drawn = completions.filter(({ tokens }) => tokens.length > 0);
      expect(drawn).toHaveLength(4);
      for (const { tokens } of drawn) expect(tokens).toHaveLength(Math.ceil(deadlineMs / 10));
    }
  });

  test('ends each sample once when a request is cancelled while prompts are computed', async () => {
    const completions: Completion[] = [];
    const session = new ScriptedSession({ script: hashing, onPrefill: () => scheduler.cancel('a') });
    const scheduler = new Scheduler(session, {
      maxRows: 4,
      now: () => 0,
      onCompletion: (completion) => completions.push(completion),
    });
    for (const id of ['a', 'b', 'c'])
      scheduler.submit(request(id, { promptTokens: [7, 8, 9] }), Number.POSITIVE_INFINITY);
    await work(scheduler);
    const ended = completions.map(
      ({ id, index, finish }) => `${id}/${index}${finish === 'cancelled' ? ' cancelled' : ''}`,
    );
    expect(ended.sort()).toEqual([
      ...['a/0 cancelled', 'a/1 cancelled', 'a/2 cancelled'],
      ...['b/0', 'b/1', 'b/2', 'c/0', 'c/1', 'c/2'],
    ]);
    expect(session.prompts.size).toBe(0);
  });

  test('ends a row whose numbers break as an error, and goes on with the others', async () => {
    const logprob = (token: number) => (token % 50 === 7 ? Number.NaN : -1);
    const { completions } = await drawAll([request('a'), request('b'), request('c')], { logprob });
    const broken = completions.filter(({ finish }) => finish === 'error');
    expect(completions).toHaveLength(9);
    expect(broken.length).toBeGreaterThan(0);
    expect(broken.length).toBeLessThan(9);
    for (const { tokens, logprobs } of completions) {
      expect(logprobs).toHaveLength(tokens.length);
      expect([...logprobs].some(Number.isNaN)).toBe(false);
    }
  });

  test('ends a request on demand and goes on with the others', async () => {
    const completions: Completion[] = [];
    const session = new ScriptedSession({ script: hashing });
    const scheduler = new Scheduler(session, {
      maxRows: 2,
      now: () => 0,
      onCompletion: (completion) => completions.push(completion),
    });
    scheduler.submit(request('a', { samples: 6, stopTokens: [] }), Number.POSITIVE_INFINITY);
    scheduler.submit(request('b'), Number.POSITIVE_INFINITY);
    await scheduler.turn();
    scheduler.cancel('a');
    await work(scheduler);
    const finishes = (id: string) => completions.filter((each) => each.id === id).map(({ finish }) => finish);
    expect(finishes('a')).toEqual(new Array(6).fill('cancelled'));
    expect(finishes('b')).not.toContain('cancelled');
    expect(finishes('b')).toHaveLength(3);
    expect(session.prompts.size).toBe(0);
  });

  test('a request that comes a moment before another leaves it rows, where it begins few samples a turn', async () => {
    const rowsOfLater = async (startsPerTurn?: number) => {
      const session = new ScriptedSession({ script: () => 1 });
      const scheduler = new Scheduler(session, { maxRows: 4, now: () => 0, onCompletion: () => undefined });
      const long = { samples: 8, stopTokens: [], maxTokens: 1000, ...(startsPerTurn && { startsPerTurn }) };
      scheduler.submit(request('a', { ...long, promptTokens: [7, 7] }), Number.POSITIVE_INFINITY);
      await scheduler.turn();
      scheduler.submit(request('b', { ...long, promptTokens: [8, 8] }), Number.POSITIVE_INFINITY);
      for (let turn = 0; turn < 2; turn += 1) await scheduler.turn();
      return session.contexts.filter(([first]) => first === 8).length;
    };
    expect(await rowsOfLater()).toBe(0);
    expect(await rowsOfLater(1)).toBe(2);
  });
});
