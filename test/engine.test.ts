/** The engine on a bundled checkpoint: same tokens whatever the batch, deadlines, cancellation, refusals. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sampling } from '../src/core.js';
import { Engine } from '../src/engine/engine.js';
import type { Completion, GenerateRequest } from '../src/engine/types.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { exportForTest, GREEDY, temporaryFolder } from './support/models.js';

const SAMPLING: Sampling = { ...GREEDY, greedy: false, topP: 0.9, minP: 0.05 };
/** `<|user|>\n1234\n<|assistant|>\n` in the tokens of the bundled checkpoints, with other digits for other prompts. */
const NEWLINE = 203;

let model: ExportedModel;

beforeAll(async () => {
  model = await exportForTest('models/pebble-grpo');
});

function request(id: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  const digits = [...id].map((letter) => 20 + (letter.charCodeAt(0) % 10));
  return {
    id,
    promptTokens: [1, NEWLINE, ...digits, ...digits, NEWLINE, 2, NEWLINE],
    samples: 4,
    sampling: SAMPLING,
    stopTokens: [0],
    maxTokens: 120,
    seed: 11,
    ...changes,
  };
}

async function drawAll(rows: number, requests: readonly GenerateRequest[]): Promise<Map<string, number[]>> {
  const engine = await Engine.open(model, { rows });
  try {
    const drawn = new Map<string, number[]>();
    await engine.generate(requests, {
      onSample: ({ id, index, tokens }) => drawn.set(`${id}/${index}`, [...tokens]),
    });
    return new Map([...drawn].sort());
  } finally {
    await engine.close();
  }
}

test('draws the same tokens whatever the batch size and the order', async () => {
  const requests = ['a', 'bc', 'def', 'ghij', 'kl', 'mnopqr'].map((id) => request(id));
  const expected = await drawAll(24, requests);
  expect(expected.size).toBe(24);
  expect(new Set([...expected.values()].map((tokens) => tokens.join(' '))).size).toBeGreaterThan(18);
  for (const rows of [1, 5, 32]) {
    expect(await drawAll(rows, [...requests].reverse())).toEqual(expected);
  }
});

describe('one engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open(model, { rows: 8 });
  });
  afterAll(() => engine.close());

  test('shares its batch between calls that overlap', async () => {
    const counts = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        const seen: Completion[] = [];
        await engine.generate([request(id)], { onSample: (completion) => seen.push(completion) });
        return seen.filter((completion) => completion.id === id).length;
      }),
    );
    expect(counts).toEqual([4, 4, 4]);
  });

  test('ends every sample by its deadline with what was drawn', async () => {
    const seen: Completion[] = [];
    const endless = request('endless', { stopTokens: [], maxTokens: 900, samples: 16 });
    const deadlineMs = performance.timeOrigin + performance.now() + 300;
    await engine.generate([endless], { deadlineMs, onSample: (completion) => seen.push(completion) });
    expect(seen).toHaveLength(16);
    expect(new Set(seen.map(({ finish }) => finish))).toEqual(new Set(['deadline']));
    const drawn = seen.filter(({ tokens }) => tokens.length > 0);
    expect(drawn.length).toBeGreaterThan(0);
    for (const { startedAt, seconds } of drawn)
      expect(startedAt + 1000 * seconds).toBeGreaterThanOrEqual(deadlineMs);
  });

  test('cancels one request and finishes another', async () => {
    const finishes: string[] = [];
    const cancelled = engine.generate([request('long', { stopTokens: [], maxTokens: 900 })], {
      onSample: ({ finish }) => finishes.push(finish),
    });
    const other = engine.generate([request('other')]);
    engine.cancel('long');
    await Promise.all([cancelled, other]);
    expect(finishes).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
  });

  test('shortens what the positions of the model do not allow', async () => {
    const seen: Completion[] = [];
    const promptTokens = Array.from({ length: 1020 }, (_, at) => 20 + (at % 10));
    const long = request('full', { promptTokens, samples: 1, stopTokens: [], maxTokens: 50 });
    await engine.generate([long], { onSample: (completion) => seen.push(completion) });
    expect(seen[0]!.finish).toBe('length');
    expect(seen[0]!.tokens).toHaveLength(5);
  });

  test.each<[string, Partial<GenerateRequest>, RegExp]>([
    ['an empty prompt', { promptTokens: [] }, /empty/],
    ['a token outside the vocabulary', { promptTokens: [1, 512] }, /512 is outside the vocabulary/],
    [
      'a prompt as long as the model',
      { promptTokens: new Array(1025).fill(20) },
      /1025 tokens and the model 1024/,
    ],
  ])('refuses %s and goes on', async (_, changes, message) => {
    await expect(engine.generate([request('bad', changes)])).rejects.toThrow(message);
    await engine.generate([request('good', { samples: 1 })]);
  });

  test('refuses an id that is open', async () => {
    const first = engine.generate([request('twin')]);
    await expect(engine.generate([request('twin')])).rejects.toThrow('a request with this id is open');
    await first;
  });

  test('needs no call for no samples', async () => {
    await engine.generate([request('none', { samples: [] })]);
    await engine.generate([]);
  });
});

test('a model that the runtime cannot load is an error with its name', async () => {
  const folder = await temporaryFolder();
  await expect(Engine.open({ folder, manifest: model.manifest })).rejects.toThrow('the runtime failed');
});

test('what a callback throws reaches the call that gave it, and nobody else', async () => {
  const engine = await Engine.open(model, { rows: 4 });
  const onSample = () => {
    throw new Error('not mine');
  };
  await expect(engine.generate([request('bad')], { onSample })).rejects.toThrow('not mine');
  await engine.generate([request('good')]);
  await engine.close();
});

test('open requests are rejected when the engine is closed', async () => {
  const engine = await Engine.open(model, { rows: 2 });
  const open = engine.generate([request('open', { stopTokens: [], maxTokens: 900 })]);
  const rejected = expect(open).rejects.toThrow('the engine was closed');
  await engine.close();
  await rejected;
  await engine.close();
  await expect(engine.generate([request('late')])).rejects.toThrow('the engine was closed');
});
