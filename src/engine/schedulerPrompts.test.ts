import { describe, expect, test } from '@jest/globals';
import { Scheduler } from './scheduler.js';
import { drawAll, endless, hashing, request, texts, work } from './scheduling.fixture.js';
import { ScriptedSession } from './scriptedSession.fixture.js';
import type { Completion } from './types.js';

describe('prompts', () => {
  const long = Array.from({ length: 5000 }, (_, at) => 1 + (at % 900));

  test('are computed in pieces between which running rows draw', async () => {
    const pieces: number[] = [];
    const rowsAtPiece: number[] = [];
    const session = new ScriptedSession({
      script: endless,
      onPrefill: (parts) => {
        pieces.push(...parts.map(({ tokens }) => tokens));
        rowsAtPiece.push(session.contexts.length);
      },
    });
    const ended: string[] = [];
    const scheduler = new Scheduler(session, {
      maxRows: 8,
      now: () => 0,
      onCompletion: ({ id }) => ended.push(id),
    });
    const short = { promptTokens: [7, 8], samples: 1, maxTokens: 300, stopTokens: [] };
    scheduler.submit(request('running', short), Number.POSITIVE_INFINITY);
    await scheduler.turn();
    scheduler.submit(request('long', { ...short, promptTokens: long }), Number.POSITIVE_INFINITY);
    scheduler.submit(request('short', { ...short, maxTokens: 10 }), Number.POSITIVE_INFINITY);
    for (let before = scheduler.drawnTokens; session.prefills < 6; before = scheduler.drawnTokens) {
      await scheduler.turn();
      expect(scheduler.drawnTokens).toBeGreaterThan(before);
    }
    await work(scheduler);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(1024);
    expect(pieces.filter((tokens) => tokens > 1).reduce((sum, tokens) => sum + tokens)).toBe(4999);
    expect(rowsAtPiece.slice(1).every((rows) => rows > 0)).toBe(true);
    // A short prompt does not wait for a long one that came before it.
    expect(ended[0]).toBe('short');
  });

  test('are given up when they cannot be computed before their deadline, without holding up a row past its own', async () => {
    let time = 0;
    const session = new ScriptedSession({
      script: endless,
      onStep: () => {
        time += 1;
      },
      onPrefill: (parts) => {
        time += parts.reduce((sum, { tokens }) => sum + tokens, 0) / 10;
      },
    });
    const ended: Completion[] = [];
    const scheduler = new Scheduler(session, {
      maxRows: 4,
      now: () => time,
      onCompletion: (completion) => ended.push(completion),
    });
    const endlessly = { samples: 1, maxTokens: 100_000, stopTokens: [] };
    scheduler.submit(request('a', { ...endlessly, promptTokens: long.slice(0, 500) }), 150);
    await scheduler.turn();
    scheduler.submit(request('too long', { ...endlessly, promptTokens: long }), 400);
    scheduler.submit(request('long', { ...endlessly, promptTokens: [...long].reverse() }), 2000);
    await work(scheduler);
    const byId = new Map(ended.map((each) => [each.id, each]));
    expect(byId.get('a')!.seconds).toBeLessThanOrEqual(0.151);
    expect(byId.get('a')!.tokens.length).toBeGreaterThan(50);
    expect(byId.get('too long')!.tokens).toHaveLength(0);
    expect(byId.get('long')!.tokens.length).toBeGreaterThan(1000);
  });

  test('that begin alike compute their beginning once, also when they come together', async () => {
    const system = long.slice(0, 200);
    const requests = Array.from({ length: 20 }, (_, at) =>
      request(`r${at}`, { promptTokens: [...system, 1 + at, 2, 3] }),
    );
    const apart = await drawAll(requests, { maxRows: 8 });
    const shared = await drawAll(requests, { maxRows: 8, prefixBlock: 16 });
    expect(texts(shared.byKey)).toEqual(texts(apart.byKey));
    expect(apart.scheduler.sharedPromptTokens).toBe(0);
    expect(shared.scheduler.sharedPromptTokens).toBe(19 * 192);
    expect(shared.scheduler.promptTokens).toBe(20 * 203);
  });

  test('are forgotten when their request is cancelled half-way', async () => {
    const session = new ScriptedSession({ script: endless, prefixBlock: 16 });
    const ended: Completion[] = [];
    const scheduler = new Scheduler(session, {
      maxRows: 4,
      now: () => 0,
      onCompletion: (completion) => ended.push(completion),
    });
    scheduler.submit(request('a', { promptTokens: long }), Number.POSITIVE_INFINITY);
    // It begins with the same tokens, so it waits for the first.
    scheduler.submit(request('b', { promptTokens: long, maxTokens: 5 }), Number.POSITIVE_INFINITY);
    await scheduler.turn();
    scheduler.cancel('a');
    expect(session.prompts.size).toBe(0);
    await work(scheduler);
    expect(ended.map(({ id, finish }) => `${id} ${finish}`)).toEqual([
      ...new Array<string>(3).fill('a cancelled'),
      ...new Array<string>(3).fill('b length'),
    ]);
    expect(scheduler.sharedPromptTokens).toBe(1024);
  });
});

test('ten thousand requests end exactly once each, with no more prompts in memory than the batch needs', async () => {
  let most = 0;
  const ended = new Map<string, number>();
  const session = new ScriptedSession({
    script: hashing,
    onPrefill: () => {
      most = Math.max(most, session.prompts.size);
    },
  });
  const scheduler = new Scheduler(session, {
    maxRows: 64,
    now: () => 0,
    onCompletion: ({ id, index }) => ended.set(`${id}/${index}`, (ended.get(`${id}/${index}`) ?? 0) + 1),
  });
  for (let at = 0; at < 10_000; at += 1) {
    const changes = { samples: 1, maxTokens: 4, promptTokens: [5, at % 900] };
    scheduler.submit(request(`r${at}`, changes), 1e9 + at);
  }
  await work(scheduler);
  expect(ended.size).toBe(10_000);
  expect([...ended.values()].every((count) => count === 1)).toBe(true);
  expect(most).toBeLessThanOrEqual(128);
});
