import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Sampling } from '../core.js';
import { promptBlocks, rowBlocks } from './kvMemory.js';
import { Scheduler } from './scheduler.js';
import { type Script, ScriptedSession } from './scriptedSession.fixture.js';
import type { Completion, GenerateRequest, KvMemory } from './types.js';

const SAMPLING: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 0.9,
  minP: 0,
  repetitionPenalty: 1,
};
const STOP = 0;

/** The next token depends on everything a row knows, so any mix-up of rows shows. Ends after a while. */
const hashing: Script = (context, uniform) => {
  const hash = context.reduce((sum, token) => (sum * 31 + token + 7) % 9973, 17);
  const drawn = (hash + Math.floor(uniform * 997)) % 997;
  return drawn < 40 ? STOP : drawn;
};

function request(id: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    id,
    promptTokens: [...id].map((letter) => letter.charCodeAt(0)),
    samples: 3,
    sampling: SAMPLING,
    stopTokens: [STOP],
    maxTokens: 200,
    seed: 5,
    ...changes,
  };
}

interface Setup {
  readonly logprob?: (token: number) => number;
  readonly script?: Script;
  readonly maxRows?: number;
  readonly stepMs?: number;
  readonly deadlineMs?: number;
  readonly memory?: KvMemory;
  readonly prefixBlock?: number;
}

/** Turns until nothing is left to do. @throws when turns do nothing */
async function work(scheduler: Scheduler): Promise<void> {
  for (let turns = 0; !scheduler.idle; turns += 1) {
    if (turns === 20_000) throw new Error('the scheduler does not come to an end');
    await scheduler.turn();
  }
}

async function drawAll(requests: readonly GenerateRequest[], setup: Setup = {}) {
  let time = 0;
  const completions: Completion[] = [];
  const session = new ScriptedSession({
    script: setup.script ?? hashing,
    ...(setup.logprob && { logprob: setup.logprob }),
    ...(setup.memory && { memory: setup.memory }),
    ...(setup.prefixBlock && { prefixBlock: setup.prefixBlock }),
    onStep: () => {
      time += setup.stepMs ?? 0;
    },
  });
  const scheduler = new Scheduler(session, {
    maxRows: setup.maxRows ?? 4,
    now: () => time,
    onCompletion: (completion) => completions.push(completion),
  });
  for (const each of requests) scheduler.submit(each, setup.deadlineMs ?? Number.POSITIVE_INFINITY);
  await work(scheduler);
  expect(session.prompts.size).toBe(0);
  const byKey = new Map(completions.map((each) => [`${each.id}/${each.index}`, each]));
  return { completions, byKey, session, scheduler, time };
}

const texts = (byKey: Map<string, Completion>) =>
  new Map([...byKey].sort().map(([key, { tokens, finish }]) => [key, `${finish}:${tokens.join(' ')}`]));

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

/** Endless samples of one prompt, each of `maxTokens`. */
const endless: Script = (_, uniform) => 1 + Math.floor(uniform * 900);

describe('a Scheduler with little memory', () => {
  const memory = (blocks: number, blockSize = 8, rowStep = 1, sharesPrompts = false): KvMemory => {
    return { blocks, blockSize, rowStep, blockBytes: 1, sharesPrompts };
  };

  test('draws the same tokens whatever the memory, as long as each request fits alone', async () => {
    const prompt = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 });
    const job = fc.record({
      promptTokens: prompt,
      maxTokens: fc.integer({ min: 1, max: 120 }),
      samples: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom<readonly [number, boolean]>([1, true], [1, false], [3, false]),
        async (jobs, maxRows, spare, blockSize, [rowStep, sharesPrompts]) => {
          const requests = jobs.map((changes, at) => request(`r${at}`, changes));
          const roomy = memory(1e9, blockSize, rowStep, sharesPrompts);
          const alone = requests.map(
            ({ promptTokens: { length }, maxTokens }) =>
              promptBlocks(roomy, length) + rowBlocks(roomy, length, length + maxTokens - 1),
          );
          const tight = memory(Math.max(...alone) + spare, blockSize, rowStep, sharesPrompts);
          const expected = await drawAll(requests, { maxRows });
          const found = await drawAll(requests, { maxRows, memory: tight, prefixBlock: 4 });
          expect(found.session.mostBlocks).toBeLessThanOrEqual(tight.blocks);
          expect(texts(found.byKey)).toEqual(texts(expected.byKey));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('lets rows rest rather than begin again, and admits more of them than their greatest lengths would allow', async () => {
    // Blocks of two and a half rows at their greatest length, which most of them never reach.
    const requests = [request('a', { samples: 60, maxTokens: 128, promptTokens: [7, 8] })];
    const { scheduler } = await drawAll(requests, { maxRows: 16, memory: memory(50) });
    expect(scheduler.mostRows).toBeGreaterThan(5);
  });

  test('does not fill the caches with rows that would then rest', async () => {
    const requests = [request('a', { samples: 64, maxTokens: 256, promptTokens: [7, 8], stopTokens: [] })];
    const { scheduler } = await drawAll(requests, { maxRows: 32, memory: memory(8 * 33), script: endless });
    const drawn = scheduler.chunks * scheduler.mostRows;
    expect(scheduler.restedRows).toBeLessThan(drawn / 2);
  });

  test('a request that finds no room holds back those after it, and none for ever', async () => {
    const { completions } = await drawAll(
      [
        request('small', { samples: 8, maxTokens: 16, stopTokens: [] }),
        request('large', { samples: 1, maxTokens: 150, stopTokens: [] }),
        request('later', { samples: 40, maxTokens: 16, stopTokens: [] }),
      ],
      { maxRows: 4, memory: memory(24), script: endless },
    );
    const order = completions.map(({ id }) => id);
    expect(order.filter((id) => id === 'later')).toHaveLength(40);
    expect(order.indexOf('large')).toBeLessThan(40);
  });
});

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
