/** The solver process against its walls: it tries to read the key, to start a process, and to see more problems than it may. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { RunSettings } from '../src/core.js';
import { digestOf } from '../src/files.js';
import { editionOf } from '../src/problems/editions.js';
import { readProblems } from '../src/problems/problemSet.js';
import { evaluateRun } from '../src/run/evaluate.js';
import { IsolatedSolver, SolverProtocolError } from '../src/run/isolation.js';
import { describeRun } from '../src/run/manifest.js';
import { readRun } from '../src/run/readRun.js';
import { readSubmission } from '../src/run/submission.js';
import type { HostileReport } from './support/hostileSolver.js';
import { GREEDY, temporaryFolder } from './support/models.js';

const KEY_FILE = resolve('problems', 'pebble', 'answers.csv');
const entryOf = (name: string) => fileURLToPath(new URL(`./support/${name}.js`, import.meta.url));

const SETTINGS: RunSettings = {
  samples: 1,
  maxTokens: 8,
  seed: 0,
  sampling: GREEDY,
  edition: 'aime',
  vote: 'plurality',
  inFlight: 2,
  timeBudgetMs: null,
  budgetPolicy: 'equal',
  stop: 'none',
  budgetForcing: false,
  difficulty: null,
  dtype: 'fp32',
  device: 'cpu',
};

/** Runs the hostile solver with a folder it may read; the key's path is whispered to it as the prompt. */
async function attack(readable: string): Promise<HostileReport> {
  let solver: IsolatedSolver | null = null;
  try {
    return await new Promise<HostileReport>((resolvePromise, reject) => {
      solver = new IsolatedSolver({
        entry: entryOf('hostileSolver'),
        readable: [readable],
        onMessage: (message) => resolvePromise((message as unknown as { report: HostileReport }).report),
      });
      solver.ended.catch(reject);
      const setup = {
        modelFolder: '',
        prompt: KEY_FILE,
        settings: SETTINGS,
        rows: 1,
        threads: 1,
        problems: 1,
        deadline: null,
        predictor: null,
        hardProblems: 0,
      };
      solver.send({ type: 'setup', setup });
    });
  } finally {
    (solver as IsolatedSolver | null)?.kill();
  }
}

describe('the solver process', () => {
  test('reads neither the key nor its folder, writes nothing, and starts no process', async () => {
    expect(existsSync(KEY_FILE)).toBe(true);
    const { environment, arguments: given, ...attempts } = await attack(resolve('models', 'pebble-base'));
    expect(Object.keys(attempts)).toHaveLength(11);
    for (const outcome of Object.entries(attempts))
      expect(outcome).toEqual([outcome[0], 'ERR_ACCESS_DENIED']);
    expect(existsSync(join(dirname(KEY_FILE), 'stolen'))).toBe(false);
    // The only variables are Node's own, of the IPC channel.
    expect(Object.keys(JSON.parse(environment!)).filter((name) => !name.startsWith('NODE_CHANNEL'))).toEqual(
      [],
    );
    expect(given).toBe('');
  });

  test('fails for want of permission, not of skill: on a folder it may read, the same attempts succeed', async () => {
    const report = await attack(dirname(KEY_FILE));
    for (const name of ['readSync', 'readAsync', 'readStream', 'readRelative']) {
      expect([name, report[name]]).toEqual([name, expect.stringContaining('got: id,answer')]);
    }
    expect(report.listFolder).toContain('answers.csv');
    for (const name of ['readInThread', 'write', 'spawn', 'spawnSync', 'exec', 'fork'])
      expect(report[name]).toBe('ERR_ACCESS_DENIED');
  });
});

describe('a run', () => {
  test('shows a greedy solver no more than may be open, stops it when it cheats, and keeps what was drawn', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const problems = await readProblems('problems/pebble');
    const run = describeRun({
      modelName: 'm',
      problems,
      settings: SETTINGS,
      modelDigest: digestOf('m'),
      promptDigest: digestOf('p'),
    });
    const evaluating = evaluateRun({
      folder,
      run,
      problems,
      modelFolder: resolve('models', 'pebble-base'),
      prompt: '{problem}',
      rows: 1,
      threads: 1,
      predictor: null,
      startedAt: Date.now(),
      onProgress: () => undefined,
      solverEntry: entryOf('cheatingSolver'),
    });
    await expect(evaluating).rejects.toThrow(SolverProtocolError);
    const { run: kept, samples } = await readRun(folder);
    expect(kept.sealed).toBeNull();
    const texts = [];
    for await (const { text } of samples) texts.push(text);
    expect(texts).toEqual([`shown ${SETTINGS.inFlight}`]);
    expect((await readSubmission(folder, editionOf(SETTINGS.edition))).size).toBe(problems.problems.length);
  });
});
