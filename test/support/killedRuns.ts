/**
 * Runs `boxed evaluate` and kills it, -9, at random moments, again and again until it has been killed often enough and
 * is done; then holds what it left against a run that nobody disturbed.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededBits } from '../../src/score/random.js';
import { startCli } from './cli.js';

export interface KillOptions {
  /** A new folder to work in. */
  readonly folder: string;
  readonly kills: number;
  /** Of the moments. */
  readonly seed: number;
  /** Rows of the batch, one number after the other for each start. Default: 1. */
  readonly rows?: readonly number[];
  /** Further options of the command. */
  readonly options?: readonly string[];
  readonly onKill?: (kills: number, ofRuns: number, differences: number) => void;
}

export interface KilledRuns {
  readonly kills: number;
  /** Runs that came to their end, each killed on the way. */
  readonly runs: number;
  /** What differs from the undisturbed run; empty when nothing does. */
  readonly differences: readonly string[];
}

const MODEL = join('models', 'pebble-grpo');
const PROBLEMS = 24;
const SAMPLES = 3;

/** A run is killed this long after it has taken its folder: while it loads, solves, writes, or seals. */
const DELAY_MS = [50, 900] as const;

/** Kills of one run at most, so that one may also come to its end. */
const KILLS_A_RUN = 12;

/**
 * What a run left that does not depend on when it ran. With one row at a time, or --batch-invariant: else sums depend a little on
 * which rows run together, and that does depend on when a run was killed.
 */
async function leftBy(run: string): Promise<Record<string, string>> {
  const left: Record<string, string> = {};
  const lines = (await readFile(join(run, 'samples.jsonl'), 'utf8')).trimEnd().split('\n');
  for (const line of lines) {
    const { startedAt, seconds, ...sample } = JSON.parse(line) as Record<string, unknown>;
    const name = `sample ${String(sample.problemId)}/${String(sample.index)}`;
    left[name] = (left[name] ?? '') + JSON.stringify(sample);
  }
  for (const name of ['submission.csv', 'submission.parquet'])
    left[name] = await readFile(join(run, name), 'base64');
  left.files = (await readdir(run)).sort().join();
  const { sealed, ...about } = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  left.run = JSON.stringify(about);
  left.sealed = Object.keys(sealed as object).join();
  return left;
}

/** Runs the command to its end, or kills it; the whole group of processes, or its first one alone. */
async function runOnce(
  args: readonly string[],
  kill: { readonly run: string; readonly delayMs: number; readonly group: boolean } | null,
): Promise<'killed' | 'done'> {
  const child = startCli(args, {}, { detached: true });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout!.resume();
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  let isOver = false;
  void closed.then(() => {
    isOver = true;
  });
  let isKilled = false;
  if (kill) {
    const holds = async () =>
      (await readdir(kill.run).catch(() => [])).some((name) => name.startsWith(`.lock-${child.pid}-`));
    while (!isOver && !(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, kill.delayMs))]);
    if (!isOver) {
      isKilled = true;
      process.kill(kill.group ? -child.pid! : child.pid!, 'SIGKILL');
    }
  }
  const status = await closed;
  if (status === 0) return 'done';
  if (isKilled && status === null) return 'killed';
  throw new Error(`boxed ${args[0]} ended with ${status}:\n${said}`);
}

export async function killRuns(options: KillOptions): Promise<KilledRuns> {
  const { folder, kills, seed, rows = [1], onKill } = options;
  const set = join(folder, 'few');
  await mkdir(set, { recursive: true });
  await cp(join('problems', 'pebble', 'set.json'), join(set, 'set.json'));
  const problems = (await readFile(join('problems', 'pebble', 'test.csv'), 'utf8')).split('\n');
  await writeFile(join(set, 'test.csv'), problems.slice(0, PROBLEMS + 1).join('\n'));
  let starts = 0;
  const argsFor = (run: string) => [
    ...['evaluate', '--model', MODEL, '--problems', set, '--samples', String(SAMPLES)],
    ...['--rows', String(rows[starts++ % rows.length]), '--threads', '1', '--seed', '5', '--out', run],
    ...(options.options ?? []),
  ];
  const undisturbed = join(folder, 'undisturbed');
  await runOnce(argsFor(undisturbed), null);
  const expected = await leftBy(undisturbed);

  const bits = seededBits(seed);
  const uniform = () => bits() / 2 ** 32;
  const differences: string[] = [];
  let [killed, runs] = [0, 0];
  while (killed < kills) {
    const run = join(folder, `killed-${runs}`);
    let [ofThis, outcome] = [0, 'killed'];
    while (outcome === 'killed') {
      const delayMs = DELAY_MS[0] + uniform() * (DELAY_MS[1] - DELAY_MS[0]);
      const mayKill = ofThis < KILLS_A_RUN && killed < kills;
      outcome = await runOnce(argsFor(run), mayKill ? { run, delayMs, group: uniform() < 0.5 } : null);
      if (outcome === 'killed') {
        killed += 1;
        ofThis += 1;
        onKill?.(killed, runs + 1, differences.length);
      }
    }
    runs += 1;
    const left = await leftBy(run);
    for (const name of new Set([...Object.keys(expected), ...Object.keys(left)]))
      if (left[name] !== expected[name]) differences.push(`${run}: ${name}`);
    await rm(run, { recursive: true });
  }
  return { kills: killed, runs, differences };
}
