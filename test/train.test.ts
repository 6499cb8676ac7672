/** Training through the command line: it learns, goes on after a kill to the same bits, and refuses what it cannot learn from. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, digestOfFile } from '../src/files.js';
import { readModel, writeModelFolder } from '../src/train/modelFolder.js';
import { makeTaskSet } from '../src/train/tasks/taskSet.js';
import { runCli, startCli } from './support/cli.js';
import { temporaryFolder } from './support/models.js';

let folder: string;
let data: string;
const out = (name: string) => join(folder, name);

const sft = (name: string, ...more: string[]) =>
  runCli([
    'train',
    'sft',
    '--model',
    'models/pebble-base',
    '--out',
    out(name),
    '--batch-tokens',
    '1024',
    ...more,
  ]);

interface Line {
  readonly type: string;
  readonly step: number;
  readonly loss: number;
  readonly accuracy?: number;
  readonly meanTokens?: number;
}
const logOf = async (name: string): Promise<Line[]> =>
  (await readFile(join(out(name), 'training', 'log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

beforeAll(async () => {
  folder = await temporaryFolder();
  data = out('data.jsonl');
  const problems = makeTaskSet({ seed: 4, count: 32, levels: [1], taken: null, styles: [1, 0, 0] });
  const lines = problems.map(({ text, completion }) => JSON.stringify({ problem: text, completion }));
  await writeFile(data, `${lines.join('\n')}\n`);
});

describe('sft', () => {
  test('learns, and leaves a checkpoint that the rest of the program takes', async () => {
    const { status, stdout, stderr } = await sft(
      'learnt',
      '--data',
      data,
      '--epochs',
      '3',
      '--warm-up',
      '0',
      '--from-scratch',
    );
    expect([status, stderr]).toEqual([0, expect.stringContaining('32 examples (0 dropped, 0 truncated)')]);
    expect(stdout.trim()).toBe(out('learnt'));
    const losses = (await logOf('learnt')).map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.8);
    expect((await runCli(['export', out('learnt')])).status).toBe(0);
  });

  test('goes on after a kill to the same bits', async () => {
    const args = ['--data', data, '--epochs', '3'];
    expect((await sft('whole', ...args)).status).toBe(0);
    await killInSecondEpoch('cut', args);
    const done = (await logOf('cut')).length;
    expect(done).toBeLessThan((await logOf('whole')).length);
    expect((await sft('cut', ...args)).status).toBe(0);
    const weights = (name: string) => digestOfFile(join(out(name), 'model.safetensors'));
    expect(await weights('cut')).toBe(await weights('whole'));
    const steps = async (name: string) => (await logOf(name)).map(({ step, loss }) => [step, loss]);
    expect(await steps('cut')).toEqual(await steps('whole'));
  });

  test('refuses to go on with other settings, by name', async () => {
    const { status, stderr } = await sft('whole', '--data', data, '--epochs', '2');
    expect(status).toBe(1);
    expect(stderr).toMatch(/TrainStateError.*settings/s);
  });

  test.each([
    ['{"problem":"1+1","completion":""}', /BadExampleError: .*:1, completion: it is empty/],
    ['{"problem":"1+1","answer":"2"}', /BadExampleError: .*no column is called completion/],
    ['{"problem":"1+1","completion":7}', /BadExampleError: .*:1, completion: it is not a text/],
    ['not json', /MalformedFileError: .*:1/],
  ])('refuses %j', async (line, expected) => {
    const file = out('bad.jsonl');
    await writeFile(file, `${line}\n`);
    const { status, stderr } = await sft('bad', '--data', file);
    expect(status).toBe(1);
    expect(stderr).toMatch(expected);
  });

  test('drops or cuts examples that are too long, as told, and counts them', async () => {
    const file = out('long.jsonl');
    const long = JSON.stringify({ problem: '1+1', completion: 'and so on '.repeat(1500) });
    const short = JSON.stringify({ problem: '1+1', completion: '2' });
    await writeFile(file, `${long}\n${short}\n`);
    const args = ['--data', file, '--epochs', '1'];
    expect((await sft('dropped', ...args)).stderr).toContain('1 examples (1 dropped, 0 truncated)');
    expect((await sft('truncated', ...args, '--too-long', 'truncate')).stderr).toContain(
      '2 examples (0 dropped, 1 truncated)',
    );
  });

  test('learns from the right samples of a run', async () => {
    const args = ['--journal', 'submissions/example', '--answers', 'problems/pebble', '--per-problem', '1'];
    const { status, stderr } = await sft('selected', ...args, '--epochs', '1', '--batch-tokens', '8192');
    expect([status, stderr]).toEqual([0, expect.stringMatching(/ (1[5-9]\d|2[0-4]\d) examples/)]);
  });

  test('stops at a loss that is no number, and writes no checkpoint of it', async () => {
    const { status, stderr } = await sft(
      'lost',
      '--data',
      data,
      '--epochs',
      '1',
      '--model',
      await overflowingModel(),
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/DivergedError: step 1 has a loss or gradient that is no number/);
    expect(stderr).toContain('The training has saved nothing yet.');
    expect(existsSync(join(out('lost'), 'model.safetensors'))).toBe(false);
  });
});

describe('grpo', () => {
  test('rewards samples, moves the policy and logs what it saw', async () => {
    const problems = out('grpo.csv');
    const set = makeTaskSet({ seed: 8, count: 4, levels: [3], taken: null, styles: null });
    await writeFile(
      problems,
      ['id,problem,answer', ...set.map(({ text, answer }, at) => `p${at},"${text}",${answer}`)].join('\n'),
    );
    const args = [
      '--problems',
      problems,
      '--steps',
      '2',
      '--problems-per-step',
      '4',
      '--samples',
      '4',
      '--max-tokens',
      '200',
    ];
    const { status, stderr } = await runCli([
      'train',
      'grpo',
      '--model',
      'models/pebble-sft',
      '--out',
      out('grpo'),
      ...args,
    ]);
    expect([status, stderr]).toEqual([0, expect.stringContaining('step 2/2')]);
    const log = (await logOf('grpo')).filter(({ type }) => type === 'step');
    expect(log).toHaveLength(2);
    expect(log[1]).toMatchObject({
      rewards: { format: expect.any(Number), cosine: expect.any(Number), length: expect.any(Number) },
    });
    expect(await digestOfFile(join(out('grpo'), 'model.safetensors'))).not.toBe(
      await digestOfFile('models/pebble-sft/model.safetensors'),
    );
  });

  test('learns nothing where all samples of a problem are rewarded alike, and counts these', async () => {
    const problems = out('alike.csv');
    await writeFile(problems, 'id,problem,answer\np0,What is $1+1$?,2\np1,What is $2+2$?,4\n');
    const { status } = await runCli([
      ...['train', 'grpo', '--model', 'models/pebble-sft', '--problems', problems, '--out', out('alike')],
      ...['--steps', '1', '--problems-per-step', '2', '--samples', '3', '--max-tokens', '32'],
      ...['--reward', 'format=0', '--validate', problems, '--validation-samples', '2'],
    ]);
    expect(status).toBe(0);
    const [before, step, after] = await logOf('alike');
    expect(step).toMatchObject({ type: 'step', droppedGroups: 2, loss: 0, gradientNorm: 0 });
    const weights = async (model: string) =>
      [...(await readModel(model)).tensors].map(([name, { data }]) => [
        name,
        digestOf(Buffer.from(data.buffer)),
      ]);
    expect(await weights(out('alike'))).toEqual(await weights('models/pebble-sft'));
    // Weights that did not change write the same, and a few samples of that are in the log.
    expect(before).toMatchObject({
      ...{ type: 'validation', step: 0, problems: 2, samplesPerProblem: 2 },
      accuracyInterval: { low: expect.any(Number), high: expect.any(Number) },
      samples: expect.arrayContaining([
        {
          ...{ id: 'p0', problem: 'What is $1+1$?', text: expect.any(String) },
          ...{ isRight: expect.any(Boolean), tokens: expect.any(Number) },
        },
      ]),
    });
    expect(after).toEqual({ ...before, step: 1, seconds: expect.any(Number) });
  });

  test('refuses a reward that nobody knows', async () => {
    const args = [
      '--model',
      'models/pebble-sft',
      '--problems',
      'problems/pebble',
      '--out',
      out('none'),
      '--reward',
      'beauty=1',
    ];
    const { status, stderr } = await runCli(['train', 'grpo', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain('format, cosine, length, accuracy');
  });
});

/** Kills a training with -9 as soon as it logs a step of its second epoch. */
async function killInSecondEpoch(name: string, args: readonly string[]): Promise<void> {
  const child = startCli([
    'train',
    'sft',
    '--model',
    'models/pebble-base',
    '--out',
    out(name),
    '--batch-tokens',
    '1024',
    ...args,
  ]);
  const ended = new Promise((resolve) => child.on('close', resolve));
  const log = join(out(name), 'training', 'log.jsonl');
  while (child.exitCode === null && !(await readFile(log, 'utf8').catch(() => '')).includes('"epoch":2')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGKILL');
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
}

/** A checkpoint of finite weights whose logits are not. */
async function overflowingModel(): Promise<string> {
  const { tensors } = await readModel('models/pebble-base');
  tensors.get('model.norm.weight')!.data.fill(3e38);
  await writeModelFolder(out('overflowing'), tensors, 'models/pebble-base');
  return out('overflowing');
}
