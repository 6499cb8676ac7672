/** Runs under conditions that a run must survive: a disk that fills up, a second run in its folder, a journal that was tampered with. */
import { spawn, spawnSync } from 'node:child_process';
import { appendFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Run } from '../src/core.js';
import { MAIN, runCli, startCli } from './support/cli.js';
import { fewProblems } from './support/fewProblems.js';
import { temporaryFolder } from './support/models.js';
import { onSmallDisk, UNSHARE } from './support/smallDisk.js';

const PROBLEMS = 8;
const SAMPLES = 8;
const MODEL = join('models', 'pebble-grpo');

let folder: string;
let problems: string;
let whole: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  problems = await fewProblems(folder, PROBLEMS);
  whole = join(folder, 'whole');
  expect(await runCli(argsFor(whole))).toMatchObject({ status: 0 });
});

const argsFor = (out: string, ...more: string[]) => [
  ...['evaluate', '--model', MODEL, '--problems', problems, '--samples', String(SAMPLES)],
  ...['--rows', '1', '--seed', '3', '--out', out, ...more],
];

const linesOf = async (run: string) =>
  (await readFile(join(run, 'samples.jsonl'), 'utf8')).trimEnd().split('\n');

/** Samples without their times, by name. */
async function drawn(run: string): Promise<Map<string, string>> {
  const samples = (await linesOf(run)).map((line) => JSON.parse(line) as Record<string, unknown>);
  const entries = samples.map(({ startedAt, seconds, ...sample }) => {
    return [`${String(sample.problemId)}/${String(sample.index)}`, JSON.stringify(sample)] as const;
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A disk of 512 kB with all but `$1` kB filled: the run, what it left, room again, and the run once more. Each sample
 * takes about 1.5 kB, so it breaks somewhere in the middle.
 */
const FULL_DISK = `
set -u
disk=$1; room=$2; copy=$3; shift 3
mount -t tmpfs -o size=512k none "$disk" || exit 99
dd if=/dev/zero of="$disk/filler" bs=1024 count=$((512 - room)) 2>/dev/null
"$@"; echo "first $?"
cp -r "$disk/run" "$copy/broken" 2>/dev/null
rm "$disk/filler"
"$@"; echo "second $?"
cp -r "$disk/run" "$copy/resumed"
`;

describe('a disk that fills up', () => {
  onSmallDisk.each([12, 40, 64])(
    'ends the run by name with %d kB left, loses nothing that was recorded, and lets it go on when there is room again',
    async (roomKb) => {
      const copy = await temporaryFolder();
      const disk = join(copy, 'disk');
      await mkdir(disk);
      const args = [process.execPath, MAIN, ...argsFor(join(disk, 'run'))];
      const { stdout, stderr } = spawnSync(
        'unshare',
        [...UNSHARE, 'sh', '-c', FULL_DISK, 'sh', disk, String(roomKb), copy, ...args],
        { encoding: 'utf8' },
      );
      expect(stdout).toContain('first 1');
      expect(stderr).toContain('FileAccessError');
      expect(stderr).toContain('ENOSPC');
      expect(stderr).toContain('The disk is full');
      expect(stdout).toContain('second 0');
      // What the full disk still took is whole but for the last line, and is what an undisturbed run draws.
      const expected = await drawn(whole);
      const torn = await readFile(join(copy, 'broken', 'samples.jsonl'), 'utf8');
      const kept = torn.split('\n').slice(0, -1);
      for (const line of kept) {
        const { startedAt, seconds, ...sample } = JSON.parse(line) as Record<string, unknown>;
        expect(JSON.stringify(sample)).toBe(
          expected.get(`${String(sample.problemId)}/${String(sample.index)}`),
        );
      }
      const resumed = join(copy, 'resumed');
      expect((await linesOf(resumed)).slice(0, kept.length)).toEqual(kept);
      expect(await drawn(resumed)).toEqual(expected);
      const submission = (run: string) => readFile(join(run, 'submission.csv'), 'utf8');
      expect(await submission(resumed)).toBe(await submission(whole));
    },
  );
});

test('two runs in one folder: the second is refused by name, and the lock outlives no holder', async () => {
  const out = join(folder, 'contested');
  const first = startCli(argsFor(out, '--samples', '200'));
  const holder = `.lock-${first.pid}-`;
  const isHeld = async () => (await readdir(out).catch(() => [])).some((name) => name.startsWith(holder));
  while (!(await isHeld())) await new Promise((resolve) => setTimeout(resolve, 10));
  const second = await runCli(argsFor(out, '--samples', '200'));
  expect(second.status).toBe(1);
  expect(second.stderr).toContain('RunLockedError');
  expect(second.stderr).toContain(`process ${first.pid}`);
  expect(await isHeld()).toBe(true);
  first.kill('SIGKILL');
  await new Promise((resolve) => first.on('close', resolve));
  // The dead holder's lock is still there, and stops nobody.
  expect(await isHeld()).toBe(true);
  const third = spawn(process.execPath, [MAIN, ...argsFor(out, '--samples', '200')], { stdio: 'ignore' });
  while (await isHeld()) await new Promise((resolve) => setTimeout(resolve, 10));
  third.kill('SIGKILL');
  await new Promise((resolve) => third.on('close', resolve));
});

describe('a journal that was tampered with', () => {
  /** A copy of the whole run, unsealed or not, with another journal. */
  async function tampered(
    name: string,
    change: (lines: string[]) => string[],
    unseal: boolean,
  ): Promise<string> {
    const run = join(folder, name);
    await cp(whole, run, { recursive: true });
    const lines = await linesOf(run);
    await writeFile(join(run, 'samples.jsonl'), `${change(lines).join('\n')}\n`);
    if (unseal) {
      const file = join(run, 'run.json');
      const about = JSON.parse(await readFile(file, 'utf8')) as Run;
      await writeFile(file, JSON.stringify({ ...about, sealed: null }));
    }
    return run;
  }

  const edits: [string, (lines: string[]) => string[]][] = [
    [
      'a changed answer',
      (lines) => lines.map((line, at) => (at === 0 ? line.replace(/"value":"\d+"/, '"value":"1"') : line)),
    ],
    ['a line less', (lines) => lines.slice(1)],
    ['a line twice', (lines) => [...lines, lines[0]!]],
    ['its lines in another order', (lines) => lines.toReversed()],
  ];
  test.each(edits)('after the seal, with %s, it is not scored', async (what, change) => {
    const run = await tampered(`sealed ${what}`, change, false);
    const { status, stderr } = await runCli(['score', run, '--answers', problems]);
    expect(status).toBe(1);
    expect(stderr).toContain('SealBrokenError');
    expect(stderr).toContain('samples.jsonl');
  });

  test('after the seal, it is not voted on by a key, compared or gone on with either', async () => {
    const run = await tampered('sealed', edits[0]![1], false);
    for (const args of [['revote', run, '--answers', problems], ['compare', run, whole], argsFor(run)]) {
      const { status, stderr } = await runCli(args);
      expect([args[0], status, stderr.match(/\w+Error/)?.[0]]).toEqual([args[0], 1, 'SealBrokenError']);
    }
  });

  test('before the seal, a torn line in the middle is refused by its number', async () => {
    const cut = (lines: string[]) => lines.map((line, at) => (at === 4 ? line.slice(0, 40) : line));
    const run = await tampered('torn', cut, true);
    const { status, stderr } = await runCli(argsFor(run));
    expect(status).toBe(1);
    expect(stderr).toContain('CorruptJournalError');
    expect(stderr).toContain('samples.jsonl:5');
  });

  test('a line that stands twice counts once', async () => {
    const run = await tampered('twice', (lines) => [...lines, lines[0]!], true);
    const { status, stderr } = await runCli(argsFor(run));
    expect([status, stderr.match(/\w+Error/)]).toEqual([0, null]);
    const scored = await runCli(['score', run, '--answers', problems, '--json']);
    const { samples } = JSON.parse(scored.stdout) as { samples: number };
    expect(samples).toBe(PROBLEMS * SAMPLES);
  });

  test('lines of another run are refused by their number, the run that they are of and this one’s', async () => {
    const other = join(folder, 'other');
    expect(await runCli(argsFor(other, '--seed', '4'))).toMatchObject({ status: 0 });
    const [foreign] = await linesOf(other);
    const run = await tampered('mixed', (lines) => [...lines.slice(0, 9), foreign!, ...lines.slice(9)], true);
    const [own, its] = await Promise.all(
      [run, other].map(async (at) => (JSON.parse(await readFile(join(at, 'run.json'), 'utf8')) as Run).id),
    );
    const { status, stderr } = await runCli(argsFor(run));
    expect(status).toBe(1);
    expect(stderr).toContain('MixedRunsError');
    expect(stderr).toContain('samples.jsonl:10');
    for (const id of [own!, its!]) expect(stderr).toContain(id);
    expect(own).not.toBe(its);
    const bare = foreign!.replace(/"run":"\w+",/, '');
    const unmarked = await tampered(
      'unmarked',
      (lines) => [...lines.slice(0, 9), bare, ...lines.slice(9)],
      true,
    );
    const refused = await runCli(argsFor(unmarked));
    expect(refused.stderr).toMatch(/MixedRunsError: .*samples\.jsonl:10, run: the line names no run/);
  });

  test('a run of another format is refused with both numbers', async () => {
    const run = join(folder, 'format');
    await cp(whole, run, { recursive: true });
    const file = join(run, 'run.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 2', '"format": 9'));
    for (const args of [argsFor(run), ['score', run, '--answers', problems], ['compare', run, whole]]) {
      const { status, stderr } = await runCli(args);
      expect(status).toBe(1);
      expect(stderr).toContain('RunFormatError');
      expect(stderr).toMatch(/format 9.*format 2/);
    }
  });

  test.each(['submission.csv', 'submission.parquet'])('an edited %s is not scored', async (name) => {
    const run = join(folder, `edited ${name}`);
    await cp(whole, run, { recursive: true });
    await appendFile(join(run, name), ' ');
    const { status, stderr } = await runCli(['score', run, '--answers', problems]);
    expect(status).toBe(1);
    expect(stderr).toContain('SealBrokenError');
    expect(stderr).toContain(name);
  });
});

test('the key cannot be exchanged between run and score, where it was sealed before', async () => {
  const set = join(folder, 'sealed-set');
  await cp(problems, set, { recursive: true });
  expect(await runCli(['seal', set, '--remove'])).toMatchObject({ status: 0 });
  expect((await readdir(set)).sort()).toEqual(['answers.sealed.json', 'set.json', 'test.csv']);
  const run = join(folder, 'on-sealed-set');
  const args = argsFor(run).map((arg) => (arg === problems ? set : arg));
  expect(await runCli(args)).toMatchObject({ status: 0 });
  const scored = await runCli(['score', run, '--answers', set, '--json']);
  const plain = await runCli(['score', whole, '--answers', problems, '--json']);
  const averageOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { average: unknown }).average;
  expect(averageOf(scored)).toEqual(averageOf(plain));
  // A key by which every answer of the submission would be right.
  const kind = join(folder, 'kind.csv');
  await cp(join(run, 'submission.csv'), kind);
  const bent = await runCli(['score', run, '--answers', kind]);
  expect(bent.status).toBe(1);
  expect(bent.stderr).toContain('KeyMismatchError');
  // The same in place of the sealed file.
  const resealed = await runCli([
    'seal',
    kind,
    '--edition',
    'aime',
    '--out',
    join(set, 'answers.sealed.json'),
  ]);
  expect(resealed.status).toBe(0);
  const replaced = await runCli(['score', run, '--answers', set]);
  expect(replaced.status).toBe(1);
  expect(replaced.stderr).toContain('KeyMismatchError');
});
