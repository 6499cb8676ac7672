/** What every engine must do, whatever its layout and device: run for each of them with one of the bundled checkpoints. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Engine, EngineFailedError, type EngineOptions } from '../../src/engine/engine.js';
import { KvMemoryError } from '../../src/engine/kvMemory.js';
import { BadRequestError } from '../../src/engine/request.js';
import type { Completion, GenerateRequest } from '../../src/engine/types.js';
import type { ExportedModel } from '../../src/export/manifest.js';
import { GREEDY } from './models.js';
import { MAX_POSITIONS, NEWLINE, request, SAMPLING } from './requests.js';

/** Tokens of all samples, by request and index. */
async function drawWith(
  engine: Engine,
  requests: readonly GenerateRequest[],
): Promise<Map<string, number[]>> {
  const drawn = new Map<string, number[]>();
  await engine.generate(requests, {
    onSample: ({ id, index, tokens }) => drawn.set(`${id}/${index}`, [...tokens]),
  });
  return new Map([...drawn].sort());
}

/** The same with an engine opened for it. */
export async function drawAll(
  model: ExportedModel,
  options: EngineOptions,
  requests: readonly GenerateRequest[],
): Promise<Map<string, number[]>> {
  const engine = await Engine.open(model, options);
  try {
    return await drawWith(engine, requests);
  } finally {
    await engine.close();
  }
}

/** Bytes of the keys and values of one position. */
function positionBytes({ manifest: { config, dtype } }: ExportedModel): number {
  return 2 * config.layers * config.kvHeads * config.headDim * (dtype === 'fp16' ? 2 : 4);
}

export interface ContractOptions {
  readonly model: () => Promise<ExportedModel>;
  /** Requests that are queued at once in the test of the queue. */
  readonly queued: number;
  /** Part of the samples in which the device's rounding, which depends on the rows of a batch, may turn a draw around. */
  readonly turnedAround: number;
  readonly timeoutMs: number;
}

/** Registers the tests. */
export function engineContract(options: ContractOptions): void {
  const { timeoutMs } = options;
  const expectSame = (found: Map<string, number[]>, expected: Map<string, number[]>) => {
    expect([...found.keys()]).toEqual([...expected.keys()]);
    const others = [...expected].filter(([key, tokens]) => tokens.join() !== found.get(key)!.join());
    expect(others.length).toBeLessThanOrEqual(options.turnedAround * expected.size);
  };
  const it = (name: string, work: () => Promise<void>) => test(name, work, timeoutMs);
  let model: ExportedModel;
  let engine: Engine;
  beforeAll(async () => {
    model = await options.model();
    engine = await Engine.open(model, { rows: 8 });
  }, timeoutMs);
  afterAll(() => engine.close());

  // Also those of a test that failed half-way: an open engine would keep the tests from ending.
  const opened: Engine[] = [];
  const openEngine = async (settings: EngineOptions): Promise<Engine> => {
    const other = await Engine.open(model, settings);
    opened.push(other);
    return other;
  };
  afterEach(async () => {
    for (const other of opened.splice(0)) await other.close();
  });

  it('draws the same tokens whatever the batch size and the order', async () => {
    const requests = ['a', 'bc', 'def', 'ghij', 'kl'].map((id) => request(id, { maxTokens: 60 }));
    const expected = await drawAll(model, { rows: 24 }, requests);
    expect(expected.size).toBe(20);
    expect(new Set([...expected.values()].map((tokens) => tokens.join(' '))).size).toBeGreaterThan(15);
    for (const rows of [3, 9]) {
      expectSame(await drawAll(model, { rows }, [...requests].reverse()), expected);
    }
  });

  it('shares its batch between calls that overlap', async () => {
    const counts = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        const seen: Completion[] = [];
        await engine.generate([request(id)], { onSample: (completion) => seen.push(completion) });
        return seen.filter((completion) => completion.id === id).length;
      }),
    );
    expect(counts).toEqual([4, 4, 4]);
  });

  it('ends every sample by its deadline with what was drawn', async () => {
    const seen: Completion[] = [];
    const endless = request('endless', { stopTokens: [], maxTokens: 1000, samples: 16 });
    const deadlineMs = performance.timeOrigin + performance.now() + 300;
    await engine.generate([endless], { deadlineMs, onSample: (completion) => seen.push(completion) });
    expect(seen).toHaveLength(16);
    expect(new Set(seen.map(({ finish }) => finish))).toEqual(new Set(['deadline']));
    const drawn = seen.filter(({ tokens }) => tokens.length > 0);
    expect(drawn.length).toBeGreaterThan(0);
    for (const { startedAt, seconds } of drawn)
      expect(startedAt + 1000 * seconds).toBeGreaterThanOrEqual(deadlineMs);
  });

  it('cancels one request and finishes another, also while its prompt is computed', async () => {
    const finishes: string[] = [];
    const onSample = ({ finish }: Completion) => finishes.push(finish);
    const endless = { stopTokens: [], maxTokens: 900 };
    const promptTokens = Array.from({ length: 900 }, (_, at) => 20 + (at % 10));
    const cancelled = [
      engine.generate([request('drawing', endless)], { onSample }),
      engine.generate([request('computing', { ...endless, promptTokens })], { onSample }),
    ];
    const other = engine.generate([request('other')]);
    engine.cancel('drawing');
    engine.cancel('computing');
    engine.cancel('nobody');
    await Promise.all([...cancelled, other]);
    expect(finishes).toEqual(new Array<string>(8).fill('cancelled'));
  });

  it('shortens what the positions of the model do not allow', async () => {
    const seen: Completion[] = [];
    const promptTokens = Array.from({ length: MAX_POSITIONS - 4 }, (_, at) => 20 + (at % 10));
    const long = request('full', { promptTokens, samples: 1, stopTokens: [], maxTokens: 50 });
    await engine.generate([long], { onSample: (completion) => seen.push(completion) });
    expect(seen[0]!.finish).toBe('length');
    expect(seen[0]!.tokens).toHaveLength(5);
  });

  describe('refuses and goes on:', () => {
    test.each<[string, Partial<GenerateRequest>, RegExp]>([
      ['an empty prompt', { promptTokens: [] }, /empty/],
      ['a token outside the vocabulary', { promptTokens: [1, 512] }, /512 is outside the vocabulary/],
      [
        'a prompt longer than the model allows',
        { promptTokens: new Array<number>(MAX_POSITIONS + 1).fill(20) },
        /1025 tokens and the model 1024/,
      ],
    ])(
      '%s',
      async (_, changes, message) => {
        const refused = engine.generate([request('bad', changes)]);
        await expect(refused).rejects.toThrow(message);
        await expect(refused).rejects.toBeInstanceOf(BadRequestError);
        await engine.generate([request('good', { samples: 1 })]);
      },
      timeoutMs,
    );

    it('an id that is open', async () => {
      const first = engine.generate([request('twin')]);
      await expect(engine.generate([request('twin')])).rejects.toThrow('a request with this id is open');
      await first;
    });
  });

  it('needs no call for no samples', async () => {
    await engine.generate([request('none', { samples: [] })]);
    await engine.generate([]);
  });

  it('draws the same tokens after a prompt whose beginning it has as after one that it has not', async () => {
    const system = Array.from({ length: 100 }, (_, at) => 20 + ((at * 7) % 10));
    const tail = (digit: number) => [NEWLINE, digit, digit, NEWLINE, 2, NEWLINE];
    const requests = [
      request('sampled', { promptTokens: [1, ...system, ...tail(22)] }),
      request('greedy', { promptTokens: [1, ...system, ...tail(23)], samples: 1, sampling: GREEDY }),
    ];
    const warm = await openEngine({ rows: 8 });
    await warm.generate([request('first', { promptTokens: [1, ...system, ...tail(21)], maxTokens: 3 })]);
    const before = warm.stats;
    expect(before.sharedPromptTokens).toBe(0);
    // One after another: the rows are the same as without.
    const found: Map<string, number[]>[] = [];
    for (const one of requests) found.push(await drawWith(warm, [one]));
    const saved = warm.stats.sharedPromptTokens - before.sharedPromptTokens;
    expect(saved).toBeGreaterThanOrEqual(2 * 96);
    expect(saved).toBeLessThan(warm.stats.promptTokens - before.promptTokens);
    await warm.close();
    for (const [at, one] of requests.entries()) {
      expectSame(found[at]!, await drawAll(model, { rows: 8 }, [one]));
    }
  });

  it('draws the same tokens when memory is short, with fewer rows at once', async () => {
    const requests = ['a', 'bc', 'def'].map((id) => request(id, { samples: 8 }));
    const ample = await openEngine({ rows: 24 });
    const expected = await drawWith(ample, requests);
    const { mostRows, restedRows } = ample.stats;
    expect(restedRows).toBe(0);
    await ample.close();
    // A row at its greatest length, of 137 positions and in whole blocks, and some.
    const kvMemoryBytes = 1000 * positionBytes(model);
    const tight = await openEngine({ rows: 24, kvMemoryBytes });
    expect(tight.memory.blocks * tight.memory.blockBytes).toBeLessThanOrEqual(kvMemoryBytes);
    expectSame(await drawWith(tight, requests), expected);
    expect(tight.stats.mostRows).toBeLessThan(mostRows);
    await tight.close();
  });

  it('draws the same tokens when it guesses them first, in fewer runs', async () => {
    const requests = [
      ...['a', 'bc', 'def'].map((id) => request(id)),
      request('long', { samples: 1, maxTokens: 500, stopTokens: [] }),
      request('greedy', { samples: 1, sampling: GREEDY }),
      request('penalised', {
        samples: 2,
        sampling: { ...SAMPLING, repetitionPenalty: 1.1, temperature: 0.8 },
      }),
    ];
    const expected = await drawAll(model, { rows: 4 }, requests);
    const guessing = await openEngine({ rows: 4, draftTokens: 6 });
    expectSame(await drawWith(guessing, requests), expected);
    const { guessedTokens, rightGuesses, drawnTokens } = guessing.stats;
    expect(rightGuesses).toBeGreaterThan(drawnTokens / 20);
    expect(guessedTokens).toBeGreaterThanOrEqual(rightGuesses);
    await guessing.close();
  });

  it('refuses at once what its memory can never hold, and says what it needs', async () => {
    const small = await openEngine({ rows: 4, kvMemoryBytes: 800 * positionBytes(model) });
    const refused = small.generate([request('too long', { maxTokens: 900 })]);
    await expect(refused).rejects.toThrow(/too long: .* need .* MB of keys and values, and there are/);
    await expect(refused).rejects.toBeInstanceOf(KvMemoryError);
    await small.generate([request('short', { maxTokens: 40 })]);
    await small.close();
  });

  it('ends each of thousands of requests exactly once', async () => {
    const ended = new Map<string, number>();
    const sizes: Partial<GenerateRequest> = { samples: 1, maxTokens: 2, stopTokens: [] };
    const requests = Array.from({ length: options.queued }, (_, at) =>
      request(`${at}`, { ...sizes, promptTokens: [1, 20 + (at % 10), 2] }),
    );
    const busy = await openEngine({ rows: 64 });
    await busy.generate(requests, {
      onSample: ({ id, tokens }) => ended.set(id, (ended.get(id) ?? 0) + tokens.length),
    });
    await busy.close();
    expect(ended.size).toBe(options.queued);
    expect([...ended.values()].every((tokens) => tokens === 2)).toBe(true);
  });

  it('what a callback throws reaches the call that gave it, and nobody else', async () => {
    let calls = 0;
    const onSample = () => {
      calls += 1;
      throw new Error('not mine');
    };
    const requests = [request('bad'), request('worse', { stopTokens: [], maxTokens: 900 })];
    await expect(engine.generate(requests, { onSample })).rejects.toThrow('not mine');
    await engine.generate([request('good')]);
    expect(calls).toBe(1);
  });

  it('rejects open requests when it is closed, running or waiting', async () => {
    const closed = await openEngine({ rows: 2 });
    const endless = { stopTokens: [], maxTokens: 900 };
    const open = ['running', 'waiting'].map((id) => closed.generate([request(id, endless)]));
    const rejected = open.map(async (one) => {
      await expect(one).rejects.toThrow('the engine was closed');
      await expect(one).rejects.toBeInstanceOf(EngineFailedError);
    });
    await closed.close();
    await Promise.all(rejected);
    await closed.close();
    await expect(closed.generate([request('late')])).rejects.toThrow('the engine was closed');
  });
}
