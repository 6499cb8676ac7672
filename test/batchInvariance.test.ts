/** `--batch-invariant`: tokens and log-probabilities that do not depend on the batch by a bit, on the CPU and on WebGPU. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Engine, type EngineOptions } from '../src/engine/engine.js';
import type { Completion, GenerateRequest } from '../src/engine/types.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { runCli } from './support/cli.js';
import { fewProblems } from './support/fewProblems.js';
import { exportForTest, exportForWebgpu, GREEDY, temporaryFolder } from './support/models.js';
import { NEWLINE, request, SAMPLING } from './support/requests.js';
import { RemoteSession } from './support/session.js';
import { describeOnWebgpu } from './support/webgpu.js';

const MODEL = 'models/pebble-sft';
/** On WebGPU a test compiles shaders, which without a GPU takes the driver most of a minute. */
const TIMEOUT_MS = 300_000;

/** Digits, as many as asked for. */
const digits = (count: number, salt: number) =>
  Array.from({ length: count }, (_, at) => 20 + ((at * at + salt * at) % 10));
const promptOf = (...middle: readonly number[]) => [1, NEWLINE, ...middle, NEWLINE, 2, NEWLINE];

/** Every way of drawing, prompts of all lengths, beginnings in common; one sample is long enough to fill a block of the caches. */
const REQUESTS: readonly GenerateRequest[] = [
  request('nucleus', { samples: 3 }),
  request('shared', { promptTokens: promptOf(...digits(150, 3), 21, 22), samples: 2 }),
  request('sharing', { promptTokens: promptOf(...digits(150, 3), 23), samples: 1 }),
  request('long', { promptTokens: promptOf(...digits(470, 5)), samples: 2, stopTokens: [], maxTokens: 60 }),
  request('flat', { sampling: { ...SAMPLING, temperature: 3, topP: 0.99, minP: 0 }, samples: 2 }),
  request('everything', { sampling: { ...GREEDY, greedy: false }, samples: 2 }),
  request('penalty', {
    sampling: { ...SAMPLING, temperature: 0.7, topK: 20, repetitionPenalty: 1.2 },
    samples: 1,
  }),
  request('greedy', { sampling: GREEDY, samples: 1, promptTokens: [1] }),
];

interface Way extends EngineOptions {
  /** The last request first. */
  readonly reversed?: boolean;
  /** Each request in a call of its own, one after another. */
  readonly alone?: boolean;
}

type Drawn = Map<string, Completion>;

/** `leftMs`: the time until the deadline when the engine is open. */
async function draw(model: ExportedModel, way: Way, requests = REQUESTS, leftMs?: number): Promise<Drawn> {
  const { reversed, alone, ...options } = way;
  const engine = await Engine.open(model, options);
  const drawn: Drawn = new Map();
  const given = {
    onSample: (completion: Completion) => drawn.set(`${completion.id}/${completion.index}`, completion),
    ...(leftMs !== undefined && { deadlineMs: performance.timeOrigin + performance.now() + leftMs }),
  };
  const order = reversed ? requests.toReversed() : requests;
  try {
    for (const some of alone ? order.map((one) => [one]) : [order]) await engine.generate(some, given);
  } finally {
    await engine.close();
  }
  return drawn;
}

/** Tokens and log-probabilities of each sample; equal texts are equal bits, and of a zero no sign is lost that counts. */
const bitsOf = (drawn: Drawn) =>
  new Map(
    [...drawn]
      .map(
        ([key, { tokens, logprobs, finish }]) =>
          [key, `${finish} ${tokens.join()} ${logprobs.join()}`] as const,
      )
      .sort(),
  );

describe.each(['fp32', 'int8'] as const)('batch-invariant on the CPU, %s', (dtype) => {
  let model: ExportedModel;
  let expected: Map<string, string>;
  const invariant = { rows: 8, batchInvariant: true };
  beforeAll(async () => {
    model = await exportForTest(MODEL, false, dtype);
    expected = bitsOf(await draw(model, invariant));
  }, TIMEOUT_MS);

  test.each<[string, Way]>([
    ['1 row', { rows: 1 }],
    ['3 rows', { rows: 3 }],
    ['21 rows, the last request first', { rows: 21, reversed: true }],
    ['5 rows, a request at a time, the last first', { rows: 5, reversed: true, alone: true }],
    ['chunks of 5 steps', { chunkSteps: 5 }],
    ['little memory', { kvMemoryBytes: 6e6 }],
  ])(
    '%s: the same bits',
    async (_, way) => {
      const found = bitsOf(await draw(model, { ...invariant, ...way }));
      expect(found).toEqual(expected);
    },
    TIMEOUT_MS,
  );

  test('samples cut off by a deadline are beginnings of what they would be, to the bit', async () => {
    const endless = (maxTokens: number) => [request('endless', { samples: 8, stopTokens: [], maxTokens })];
    const whole = await draw(model, invariant, endless(200));
    const cut = await draw(model, invariant, endless(1000), 150);
    for (const [key, { tokens, logprobs, finish }] of cut) {
      const other = whole.get(key)!;
      const common = Math.min(tokens.length, other.tokens.length);
      expect(finish).toBe('deadline');
      expect(tokens.slice(0, common)).toEqual(other.tokens.slice(0, common));
      expect(logprobs.slice(0, common)).toEqual(other.logprobs.slice(0, common));
    }
  });

  test('without it, the same comparison finds differences, and the check finds them, too', async () => {
    const plain = bitsOf(await draw(model, { rows: 8 }));
    expect(bitsOf(await draw(model, { rows: 8 }))).toEqual(plain);
    expect(bitsOf(await draw(model, { rows: 3, chunkSteps: 5 }))).not.toEqual(plain);
    const session = await RemoteSession.open(model, { maxRows: 8 });
    await expect(session.checkInvariance(8)).rejects.toThrow('is computed to other bits than by itself');
    await session.close();
  });
});

describe('a batch-invariant run', () => {
  let folder: string;
  let problems: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    problems = await fewProblems(folder, 3);
  });
  const evaluate = (out: string, ...more: string[]) =>
    runCli([
      ...['evaluate', '--model', MODEL, '--problems', problems, '--samples', '2', '--in-flight', '3'],
      ...['--out', out, ...more],
    ]);

  test('goes on as it was begun, with any number of rows, and is not the same as another', async () => {
    const out = join(folder, 'run');
    const { status, stderr } = await evaluate(out, '--batch-invariant');
    expect([status, stderr]).toEqual([0, expect.stringContaining('fp32 on cpu, batch-invariant')]);
    expect((await evaluate(out, '--batch-invariant', '--rows', '3')).stderr).toContain(
      'nothing left to draw',
    );
    const refused = await evaluate(out);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('settings.batchInvariant')]);
  });
});

describeOnWebgpu('batch-invariant on WebGPU', () => {
  let model: ExportedModel;
  let expected: Map<string, string>;
  const invariant = { rows: 4, batchInvariant: true };
  const requests = REQUESTS.map((one) => ({ ...one, maxTokens: 8, samples: 1 }));
  beforeAll(async () => {
    model = await exportForWebgpu(MODEL);
    expected = bitsOf(await draw(model, invariant, requests));
  }, TIMEOUT_MS);

  test.each<[string, Way]>([
    ['9 rows, the last request first', { rows: 9, reversed: true }],
    ['a request at a time', { alone: true }],
  ])(
    '%s: the same bits',
    async (_, way) => {
      expect(bitsOf(await draw(model, { ...invariant, ...way }, requests))).toEqual(expected);
    },
    TIMEOUT_MS,
  );

  test(
    'without it, the check finds differences',
    async () => {
      const session = await RemoteSession.open(model, { maxRows: 4 });
      await expect(session.checkInvariance(4)).rejects.toThrow('is computed to other bits than by itself');
      await session.close();
    },
    TIMEOUT_MS,
  );
});
