/** Budgets end to end: policies, stop rules and forcing of `evaluate`, the simulator and the predictor, and their wrong input. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { runCli, startCli } from './support/cli.js';
import { fewProblems } from './support/fewProblems.js';
import { temporaryFolder } from './support/models.js';

const PROBLEMS = 24;
const MODEL = 'models/pebble-grpo';

let folder: string;
let problems: string;
/** A run without a budget. */
let journal: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  problems = await fewProblems(folder, PROBLEMS);
  journal = join(folder, 'journal');
  const { status } = await runCli(evaluateArgs(journal));
  expect(status).toBe(0);
});

const evaluateArgs = (out: string, ...more: string[]) => [
  'evaluate',
  ...['--model', MODEL, '--problems', problems, '--samples', '6', '--seed', '3', '--out', out],
  ...more,
];

interface Line {
  readonly problemId: string;
  readonly index: number;
  readonly finish: string;
  readonly answer: { readonly value: string | null };
  readonly forced: { readonly answer: { readonly rule: string } } | null;
}

async function samplesOf(out: string): Promise<Line[]> {
  const lines = (await readFile(join(out, 'samples.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

const submissionOf = (out: string) => readFile(join(out, 'submission.csv'), 'utf8');

describe('an early stop', () => {
  test('cancels samples, journals them as such, and leaves the submission as all samples would', async () => {
    const out = join(folder, 'leader');
    expect((await runCli(evaluateArgs(out, '--stop', 'leader', '--rows', '4'))).status).toBe(0);
    const samples = await samplesOf(out);
    expect(samples).toHaveLength(PROBLEMS * 6);
    const cancelled = samples.filter(({ finish }) => finish === 'cancelled');
    expect(cancelled.length).toBeGreaterThan(PROBLEMS);
    expect(await submissionOf(out)).toBe(await submissionOf(journal));
    const score = await runCli(['score', out, '--answers', problems]);
    expect(score.stdout).toContain('†');
    expect(score.stdout).toContain(`${cancelled.length} samples were cancelled by an early stop`);
  });

  test('a resumed run comes to the decisions of the journal', async () => {
    const out = join(folder, 'resumed');
    const args = evaluateArgs(out, '--stop', 'agree:2', '--rows', '2');
    let status: number | null = null;
    for (let attempt = 0; status !== 0 && attempt < 60; attempt += 1) {
      const child = startCli(args);
      const timer = setTimeout(() => child.kill('SIGKILL'), 900 + 300 * attempt);
      status = await new Promise<number | null>((resolve) => child.on('close', resolve));
      clearTimeout(timer);
    }
    expect(status).toBe(0);
    const samples = await samplesOf(out);
    expect(new Set(samples.map(({ problemId, index }) => `${problemId}/${index}`)).size).toBe(PROBLEMS * 6);
    // The submission is what the journal's votes say.
    const answers = new Map(
      (await submissionOf(out))
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.split(',') as [string, string]),
    );
    for (const [id, answer] of answers) {
      const votes = new Map<string, number>();
      for (const { problemId, finish, answer: given } of samples)
        if (problemId === id && finish !== 'cancelled' && given.value !== null)
          votes.set(given.value, (votes.get(given.value) ?? 0) + 1);
      if (votes.size > 0) expect(votes.get(answer)).toBe(Math.max(...votes.values()));
    }
  });
});

test('budget forcing opens a box where every sample of a problem was cut, and marks what comes of it', async () => {
  const [plain, forced] = [join(folder, 'cut'), join(folder, 'forced')];
  expect((await runCli(evaluateArgs(plain, '--max-tokens', '60'))).status).toBe(0);
  expect((await runCli(evaluateArgs(forced, '--max-tokens', '60', '--budget-forcing'))).status).toBe(0);
  const samples = await samplesOf(forced);
  const marked = samples.filter((sample) => sample.forced?.answer.rule === 'budget-forcing');
  expect(marked.length).toBeGreaterThan(0);
  expect(marked.every(({ answer, finish }) => answer.value === null && finish === 'length')).toBe(true);
  // The samples themselves are the same.
  const own = (all: Line[]) => all.filter(({ answer }) => answer.value !== null).length;
  expect(own(samples)).toBe(own(await samplesOf(plain)));
  expect((await samplesOf(plain)).every((sample) => sample.forced === null)).toBe(true);
  const scoreOf = async (...more: string[]) =>
    JSON.parse((await runCli(['score', forced, '--answers', problems, '--json', ...more])).stdout) as {
      noAnswerRate: number;
      forced: unknown;
    };
  const [apart, counted] = [await scoreOf(), await scoreOf('--count-forced')];
  expect(apart.forced).toEqual({ samples: marked.length, counted: false });
  expect(counted.forced).toEqual({ samples: marked.length, counted: true });
  expect(counted.noAnswerRate).toBeCloseTo(apart.noAnswerRate - marked.length / samples.length);
});

test.each(['bank', 'clamp'])('the policy %s ends a run in time', async (policy) => {
  const out = join(folder, policy);
  const startedAt = Date.now();
  const args = ['--samples', '200', '--time-budget', '6s', '--budget-policy', policy, '--in-flight', '2'];
  expect((await runCli([...evaluateArgs(out), ...args, '--budget-forcing'])).status).toBe(0);
  const samples = (await samplesOf(out)) as unknown as { startedAt: number; seconds: number }[];
  expect(samples).toHaveLength(200 * PROBLEMS);
  for (const { startedAt: began, seconds } of samples)
    expect(began + 1000 * seconds).toBeLessThan(startedAt + 6_000);
});

describe('the predictor and the simulator', () => {
  let predictor: string;
  beforeAll(async () => {
    predictor = join(folder, 'difficulty.json');
    const { status, stdout } = await runCli([
      ...['difficulty', 'train', journal, '--problems', problems, '--out', predictor, '--json'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ problems: PROBLEMS, heldOutSpearman: expect.any(Number) });
  });

  test('a run shares its time by predicted difficulty, and records the predictor', async () => {
    const out = join(folder, 'difficult');
    const pace = ['--time-budget', '6s', '--budget-policy', 'difficulty', '--in-flight', '2'];
    const { status } = await runCli([
      ...evaluateArgs(out, ...pace, '--difficulty', predictor),
      '--samples',
      '100',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(await readFile(join(out, 'run.json'), 'utf8'))).toMatchObject({
      settings: { budgetPolicy: 'difficulty', difficulty: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const finishes = new Set((await samplesOf(out)).map(({ finish }) => finish));
    // A share that was cut short is a deadline, not a cancellation.
    expect(finishes).toContain('deadline');
    expect(finishes).not.toContain('cancelled');
  });

  test('a journal is replayed through every strategy', async () => {
    const { status, stdout } = await runCli([
      ...['simulate', journal, '--answers', problems, '--problems', problems, '--difficulty', predictor],
      ...['--time-budget', '10s', '--policy', 'equal,bank,clamp,difficulty', '--stop', 'none,agree:4+leader'],
      ...['--samples', '4,6', '--runs', '50', '--json'],
    ]);
    expect(status).toBe(0);
    const results = JSON.parse(stdout) as { overruns: number; right: { mean: number } }[];
    expect(results).toHaveLength(16);
    expect(results.every(({ overruns }) => overruns === 0)).toBe(true);
    expect(results[0]!.right.mean).toBeGreaterThan(PROBLEMS / 4);
  });

  test('synthetic problems give a table, the same for the same seed', async () => {
    const args = [
      'simulate',
      '--runs',
      '20',
      '--policy',
      'equal,bank',
      '--stop',
      'none,leader',
      '--samples',
      '8',
    ];
    const [first, again] = [await runCli(args), await runCli(args)];
    expect(first.stdout).toContain('Strategies');
    expect(first.stdout).toBe(again.stdout);
  });
});

describe('wrong use', () => {
  const out = () => join(folder, 'wrong');
  test.each<[string, () => string[], number, string[]]>([
    [
      'an unknown policy',
      () => evaluateArgs(out(), '--budget-policy', 'greedy'),
      2,
      ['greedy', 'equal, bank, clamp, difficulty'],
    ],
    [
      'an unknown stop rule',
      () => evaluateArgs(out(), '--stop', 'agree'),
      2,
      ["'agree'", 'agree:K', 'leader', 'arbitration'],
    ],
    [
      'a stop rule and none',
      () => evaluateArgs(out(), '--stop', 'leader', '--no-early-stop'),
      2,
      ['--no-early-stop', 'leader'],
    ],
    [
      'a policy without its predictor',
      () => evaluateArgs(out(), '--budget-policy', 'difficulty'),
      2,
      ['boxed difficulty train'],
    ],
    [
      'a predictor without its policy',
      () => evaluateArgs(out(), '--difficulty', 'x.json'),
      2,
      ['--budget-policy difficulty'],
    ],
    [
      'a predictor that is none',
      () => evaluateArgs(out(), '--budget-policy', 'difficulty', '--difficulty', join(problems, 'set.json')),
      1,
      ['BadPredictorError', 'set.json'],
    ],
    [
      "a budget below one problem's floor",
      () => evaluateArgs(out(), '--time-budget', '2s', '--in-flight', '1', '--edition', 'aimo3'),
      1,
      ['BudgetTooSmallError', '24 problems', 'at least 2702 ms'],
    ],
    [
      'a resume with another stop rule',
      () => evaluateArgs(journal, '--stop', 'leader'),
      1,
      ['RunMismatchError', 'settings.stop'],
    ],
    ['a resume with forcing', () => evaluateArgs(journal, '--budget-forcing'), 1, ['settings.budgetForcing']],
    ['a replay without a key', () => ['simulate', journal], 2, ['--answers']],
    ['a replay of no run', () => ['simulate', problems, '--answers', problems], 1, ['NotARunError']],
    ['a simulation of an unknown policy', () => ['simulate', '--policy', 'equal,greedy'], 2, ['greedy']],
    ['rates that are none', () => ['simulate', '--rates', '16'], 2, ['--rates', '16:550']],
    [
      'training on the wrong problems',
      () => [
        'difficulty',
        'train',
        journal,
        '--problems',
        'problems/pebble',
        '--out',
        join(folder, 'no.json'),
      ],
      2,
      ['--problems'],
    ],
  ])('%s: says what and what to do', async (_, args, status, parts) => {
    const result = await runCli(args());
    for (const part of parts) expect(result.stderr).toContain(part);
    expect(result.status).toBe(status);
    expect(result.stderr).not.toContain('    at ');
    expect(result.stdout).toBe('');
  });

  test('a replay of samples that a budget cut is refused', async () => {
    const cut = join(folder, 'budgeted');
    await cp(journal, cut, { recursive: true });
    const file = join(cut, 'run.json');
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('"timeBudgetMs": null', '"timeBudgetMs": 5000'),
    );
    const { status, stderr } = await runCli(['simulate', cut, '--answers', problems]);
    expect([status, stderr.match(/\w+Error/)?.[0]]).toEqual([1, 'UnfitReplayError']);
  });

  test('a journal of another version is refused by name', async () => {
    const other = join(folder, 'other-version');
    await cp(journal, other, { recursive: true });
    const file = join(other, 'run.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"format": \d+/, '"format": 99'));
    const { status, stderr } = await runCli(['simulate', other, '--answers', problems]);
    expect([status, stderr.match(/\w+Error/)?.[0]]).toEqual([1, 'RunFormatError']);
  });
});
