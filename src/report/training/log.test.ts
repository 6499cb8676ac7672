import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readTrainingLog } from './log.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

const step = (at: number) => `{"type":"step","step":${at},"loss":${1 / at},"epoch":1}`;
const validation = '{"type":"validation","step":2,"accuracy":0.5,"meanTokens":70}';

async function logOf(text: string): Promise<string> {
  const file = join(folder, 'log.jsonl');
  await writeFile(file, text);
  return file;
}

describe('readTrainingLog', () => {
  test('finds the log in the folder of the checkpoint, which names it', async () => {
    await mkdir(join(folder, 'pebble', 'training'), { recursive: true });
    await writeFile(
      join(folder, 'pebble', 'training', 'log.jsonl'),
      `${step(1)}\n${step(2)}\n${validation}\n`,
    );
    const log = await readTrainingLog(join(folder, 'pebble'));
    expect(log).toMatchObject({ name: 'pebble', stage: 'sft' });
    expect(log.steps.map(({ step: at, loss }) => [at, loss])).toEqual([
      [1, 1],
      [2, 0.5],
    ]);
    // A log of an earlier version has neither intervals nor samples.
    expect(log.validations).toEqual([
      expect.objectContaining({ accuracy: 0.5, accuracyInterval: null, samples: [], stopped: null }),
    ]);
  });

  test('knows policy optimization by its rewards, whatever they are called', async () => {
    const rewards = '{"format":0.5,"cosine":null,"constructor":1,"toString":2}';
    const file = await logOf(`{"type":"step","step":1,"rewards":${rewards},"kl":0.01}\n`);
    const log = await readTrainingLog(file);
    expect(log.stage).toBe('grpo');
    expect([...log.steps[0]!.rewards]).toEqual([
      ['format', 0.5],
      ['cosine', null],
      ['constructor', 1],
      ['toString', 2],
    ]);
  });

  test.each([...step(3)].map((_, bytes) => bytes).slice(1))(
    'is read up to a last line torn after %d bytes',
    async (bytes) => {
      const file = await logOf(`${step(1)}\n${step(2)}\n`);
      await appendFile(file, step(3).slice(0, bytes));
      expect((await readTrainingLog(file)).steps).toHaveLength(2);
    },
  );

  test.each([
    [`${step(1)}\n${step(2).slice(0, 20)}\n${step(3)}\n`, /log\.jsonl:2: it is no JSON/],
    [`${step(1)}\n\n${step(2)}\n`, /log\.jsonl:2: it is no JSON/],
    [`${step(1)}\n{"type":"step","step":2,"loss":"low"}\n`, /log\.jsonl:2, loss: /],
    [`${step(1)}\n{"type":"step","step":0}\n`, /log\.jsonl:2, step: /],
    [`{"type":"validation","step":2}\n`, /log\.jsonl:1, accuracy: /],
    [`{"type":"epoch","step":2}\n`, /log\.jsonl:1, type: /],
    [`7\n`, /log\.jsonl:1: /],
    [`${step(2)}\n${step(2)}\n`, /log\.jsonl:2: step 2 stands after step 2/],
    [step(1).slice(0, 9), /holds no step/],
  ])('refuses %j by file and line', async (text, message) => {
    await expect(readTrainingLog(await logOf(text))).rejects.toMatchObject({
      name: 'TrainingLogError',
      message: expect.stringMatching(message),
    });
  });

  test('refuses a folder without a log', async () => {
    await expect(readTrainingLog(folder)).rejects.toMatchObject({ name: 'TrainingLogError' });
    await expect(readTrainingLog(join(folder, 'none.jsonl'))).rejects.toMatchObject({
      name: 'FileAccessError',
    });
  });
});
