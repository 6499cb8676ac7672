/** The main job end to end on a few problems: run, kill -9, resume, seal, score; and every wrong input a user may give. */
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parquetReadObjects } from 'hyparquet';
import type { Run } from '../src/core.js';
import { runCli, startCli } from './support/cli.js';
import { fewProblems } from './support/fewProblems.js';
import { temporaryFolder } from './support/models.js';

const PROBLEMS = 12;
const SAMPLES = 4;
const MODEL = 'models/pebble-grpo';

let folder: string;
let problems: string;
let answers: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  problems = await fewProblems(folder, PROBLEMS);
  answers = join(problems, 'answers.csv');
});

const evaluateArgs = (out: string, ...more: string[]) => [
  'evaluate',
  ...['--model', MODEL, '--problems', problems, '--samples', String(SAMPLES), '--seed', '3', '--out', out],
  ...more,
];

async function samplesOf(out: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(join(out, 'samples.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** What a run drew, without the times at which it did. */
async function drawn(out: string): Promise<Map<string, unknown>> {
  const samples = await samplesOf(out);
  const entries = samples.map(
    ({ problemId, index, tokens, text }) => [`${problemId}/${index}`, { tokens, text }] as const,
  );
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('a run', () => {
  let out: string;
  beforeAll(async () => {
    out = join(folder, 'whole');
    const { status, stdout, stderr } = await runCli(evaluateArgs(out));
    expect([status, stderr.match(/\w+Error.*/)?.[0]]).toEqual([0, undefined]);
    expect(stdout.trim()).toBe(out);
  });

  test('journals every sample once and submits an answer to every problem, in both formats', async () => {
    expect((await drawn(out)).size).toBe(PROBLEMS * SAMPLES);
    expect(await samplesOf(out)).toHaveLength(PROBLEMS * SAMPLES);
    const csv = (await readFile(join(out, 'submission.csv'), 'utf8')).trim().split('\n');
    expect(csv[0]).toBe('id,answer');
    expect(csv).toHaveLength(PROBLEMS + 1);
    const bytes = await readFile(join(out, 'submission.parquet'));
    const rows = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer });
    expect(rows.map(({ id, answer }) => `${id},${answer}`)).toEqual(csv.slice(1));
  });

  test('is scored, with figures that follow from the journal', async () => {
    const { status, stdout } = await runCli(['score', out, '--answers', answers, '--json']);
    expect(status).toBe(0);
    const key = new Map(
      (await readFile(answers, 'utf8'))
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',') as [string, string]),
    );
    const samples = await samplesOf(out);
    const right = samples.filter(
      ({ problemId, answer }) =>
        String((answer as { value: unknown }).value) === key.get(problemId as string),
    );
    const tokens = samples.reduce(
      (sum, { tokens: drawnTokens }) => sum + (drawnTokens as number[]).length,
      0,
    );
    const text = JSON.stringify(JSON.parse(stdout));
    expect(text).toContain(String(right.length / samples.length).slice(0, 6));
    expect(text).toContain(String(tokens / samples.length).slice(0, 6));
    // The checkpoint solves four of five of these problems; a broken pipeline none.
    expect(right.length / samples.length).toBeGreaterThan(0.5);
  });

  test('run again, finds itself complete and changes nothing', async () => {
    const before = await readFile(join(out, 'samples.jsonl'), 'utf8');
    const { status, stderr } = await runCli(evaluateArgs(out));
    expect(status).toBe(0);
    expect(stderr).toContain('nothing left to draw');
    expect(await readFile(join(out, 'samples.jsonl'), 'utf8')).toBe(before);
    expect((JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Run).sealed).not.toBeNull();
  });

  test.each<[string, string[], string]>([
    ['a setting', ['--max-tokens', '99'], 'settings.maxTokens'],
    ['how tokens are drawn', ['--top-p', '0.8'], 'settings.sampling.topP'],
    ['the prompt', ['--prompt', 'Solve: {problem}'], 'digests.prompt'],
    ['the seed', ['--seed', '4'], 'seed'],
  ])('refuses to go on when %s has changed, and names it', async (_, changes, field) => {
    const { status, stderr } = await runCli(evaluateArgs(out, ...changes));
    expect(status).toBe(1);
    expect(stderr).toContain('RunMismatchError');
    expect(stderr).toContain(field);
  });

  test('is not scored once its submission was edited', async () => {
    const edited = join(folder, 'edited');
    await cp(out, edited, { recursive: true });
    const file = join(edited, 'submission.csv');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/,\d+\n/, ',999\n'));
    const { status, stderr } = await runCli(['score', edited, '--answers', answers]);
    expect(status).toBe(1);
    expect(stderr).toContain('SealBrokenError');
    expect(stderr).toContain('submission.csv');
  });
});

/** Processes are looked up in /proc; systems without it are reported as skipped. */
const withProc = existsSync('/proc/self/stat') ? test : test.skip;

withProc('killed with -9, a run leaves no solver process behind', async () => {
  const child = startCli(evaluateArgs(join(folder, 'orphan'), '--samples', '400'));
  const solvers = async () => {
    const found = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const status = await readFile(join('/proc', pid, 'stat'), 'utf8').catch(() => '');
      if (Number(status.split(') ')[1]?.split(' ')[1]) === child.pid) found.push(pid);
    }
    return found;
  };
  let started: string[] = [];
  while (started.length === 0) started = await solvers();
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('close', resolve));
  const alive = () => started.filter((pid) => existsSync(join('/proc', pid)));
  for (let waited = 0; alive().length > 0 && waited < 100; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(alive()).toEqual([]);
});

test('a time budget ends a run, with what was drawn sealed', async () => {
  // All these samples would take a minute. That a deadline is met to a step is tested on a simulated clock.
  const out = join(folder, 'hurried');
  const { status } = await runCli([...evaluateArgs(out), '--samples', '400', '--time-budget', '10s']);
  expect(status).toBe(0);
  const samples = await samplesOf(out);
  expect(samples).toHaveLength(400 * PROBLEMS);
  const finishes = new Set(samples.map(({ finish }) => finish));
  expect(finishes).toContain('deadline');
  expect(finishes).toContain('stop');
  expect((JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Run).sealed).not.toBeNull();
});

describe('wrong use', () => {
  const write = async (name: string, content: string) => {
    const file = join(folder, name);
    await writeFile(file, content);
    return file;
  };
  const withProblems = (file: string) => [
    'evaluate',
    '--model',
    MODEL,
    '--problems',
    file,
    '--out',
    join(folder, 'wrong'),
  ];

  test.each<[string, () => Promise<string[]>, number, string[]]>([
    ['no arguments', async () => ['evaluate'], 2, ['--model']],
    ['an unknown option', async () => evaluateArgs('x', '--modle', 'x'), 2, ['--modle']],
    [
      'a number that is none',
      async () => evaluateArgs('x', '--samples', 'many'),
      2,
      ['--samples', 'whole number'],
    ],
    [
      'a budget too small',
      async () => evaluateArgs(join(folder, 'tiny'), '--time-budget', '200ms'),
      1,
      ['BudgetTooSmallError', '200 ms'],
    ],
    ['a duration without unit', async () => evaluateArgs('x', '--time-budget', '5'), 2, ['90s']],
    ['a prompt without the problem', async () => evaluateArgs('x', '--prompt', 'Solve.'), 2, ['{problem}']],
    ['an unknown edition', async () => evaluateArgs('x', '--edition', 'imo'), 1, ['imo', 'aimo3']],
    ['an unknown dtype', async () => evaluateArgs('x', '--dtype', 'int3'), 2, ['--dtype fp32']],
    [
      'a model that is not there',
      async () => ['evaluate', '--model', 'models/none', '--problems', problems],
      1,
      ['models/none'],
    ],
    ['problems that are not there', async () => withProblems('problems/none.csv'), 1, ['problems/none.csv']],
    [
      'a missing column',
      async () => withProblems(await write('column.csv', 'id,answer\na,1\n')),
      1,
      ['column.csv', 'problem'],
    ],
    [
      'a duplicate id',
      async () => withProblems(await write('twice.csv', 'id,problem\n192e23,x\n192e23,y\n')),
      1,
      ['192e23', ':3'],
    ],
    [
      'an empty problem',
      async () => withProblems(await write('empty.csv', 'id,problem\na,x\nb,\n')),
      1,
      ['empty.csv:3', 'problem'],
    ],
  ])('%s: says what, where and what to do', async (_, args, status, parts) => {
    const result = await runCli(await args());
    for (const part of parts) expect(result.stderr).toContain(part);
    expect(result.status).toBe(status);
    expect(result.stderr).not.toContain('    at ');
    expect(result.stdout).toBe('');
  });

  test('an output folder that cannot be written: nothing is drawn', async () => {
    const file = await write('file', '');
    const { status, stderr } = await runCli(evaluateArgs(join(file, 'run')));
    expect(status).toBe(1);
    expect(stderr).toContain('FileAccessError');
    expect(stderr).toContain(basename(file));
  });

  test.each<[string, (checkpoint: string) => Promise<unknown>, string[]]>([
    [
      'truncated weights',
      async (to) =>
        writeFile(
          join(to, 'model.safetensors'),
          (await readFile(join(MODEL, 'model.safetensors'))).subarray(0, 2_000_000),
        ),
      ['TruncatedWeightsError', 'model.safetensors'],
    ],
    ['no weights', (to) => rm(join(to, 'model.safetensors')), ['MissingWeightsError']],
    [
      'a shape that config.json contradicts',
      (to) => edit(join(to, 'config.json'), '"intermediate_size": 384', '"intermediate_size": 256'),
      ['TensorShapeError', 'gate_proj', '[384, 128]'],
    ],
    [
      'an unknown architecture',
      (to) => edit(join(to, 'config.json'), 'Qwen2ForCausalLM', 'FooForCausalLM'),
      ['UnsupportedArchitectureError', 'Qwen2ForCausalLM'],
    ],
    [
      'a tokenizer without a chat template',
      (to) => edit(join(to, 'tokenizer_config.json'), 'chat_template', 'chat_templat'),
      ['NoChatTemplateError'],
    ],
  ])('a checkpoint with %s', async (_, spoil, parts) => {
    const checkpoint = join(await temporaryFolder(), 'checkpoint');
    await cp(MODEL, checkpoint, { recursive: true, filter: (from) => basename(from) !== 'onnx' });
    await spoil(checkpoint);
    const { status, stderr } = await runCli([
      'evaluate',
      '--model',
      checkpoint,
      '--problems',
      problems,
      '--out',
      join(folder, 'spoilt'),
    ]);
    for (const part of parts) expect(stderr).toContain(part);
    expect(status).toBe(1);
  });
});

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  expect(text).toContain(from);
  await writeFile(file, text.replace(from, to));
}
