/** A run against solvers that break its rules: each is stopped by name, and nothing of what it had no right to is kept. */
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { digestOf } from '../src/files.js';
import { editionOf } from '../src/problems/editions.js';
import { readProblems } from '../src/problems/problemSet.js';
import { evaluateRun } from '../src/run/evaluate.js';
import { describeRun } from '../src/run/manifest.js';
import { readRun } from '../src/run/readRun.js';
import { readSubmission } from '../src/run/submission.js';
import { entryOf, SETTINGS } from './support/hostileRun.js';
import { temporaryFolder } from './support/models.js';

const IN_FLIGHT = 2;

/** Lets the solver play a trick; what the run ends with, and what is in its folder then. */
async function play(trick: string) {
  const folder = join(await temporaryFolder(), 'run');
  const problems = await readProblems('problems/pebble');
  const settings = { ...SETTINGS, inFlight: IN_FLIGHT };
  const digests = { modelDigest: digestOf('m'), promptDigest: digestOf('p') };
  const error: unknown = await evaluateRun({
    folder,
    run: describeRun({ modelName: 'm', problems, settings, ...digests }),
    problems,
    modelFolder: resolve('models', 'pebble-base'),
    prompt: trick,
    rows: 1,
    threads: 1,
    kvMemoryBytes: null,
    draftTokens: 0,
    predictor: null,
    startedAt: Date.now(),
    onProgress: () => undefined,
    solverEntry: entryOf('cheatingSolver'),
  }).then(
    () => null,
    (thrown) => thrown,
  );
  const { run, samples } = await readRun(folder);
  const texts: string[] = [];
  for await (const { text } of samples) texts.push(text);
  const submission = await readSubmission(folder, editionOf(run.settings.edition));
  return { error, run, texts, submission, problems };
}

describe('a solver that', () => {
  test.each<[string, string, RegExp, string[]]>([
    ['asks ahead', 'SolverProtocolError', /not-shown: this problem is not open/, [`shown ${IN_FLIGHT}`]],
    ['answers twice', 'SolverProtocolError', /this problem is not open/, ['\\boxed{7}']],
    ['changes its answer', 'SolverProtocolError', /this problem is not open/, ['\\boxed{7}']],
    ['changes a sample', 'SolverProtocolError', /sample 0 was not due/, ['\\boxed{7}']],
    ['answers a problem that it has not seen', 'SolverProtocolError', /this problem is not open/, []],
    ['draws a sample too many', 'SolverProtocolError', /sample 1 was not due/, []],
    ['answers without samples', 'SolverProtocolError', /before its samples/, []],
    [
      'answers against its samples',
      'SolverProtocolError',
      /answered 8 where its samples vote for 7/,
      ['\\boxed{7}'],
    ],
    ['takes a finished problem up again', 'SolverProtocolError', /this problem is not open/, ['\\boxed{7}']],
    ['sends nothing', 'SolverProtocolError', /no solver sends/, []],
    ['sends a sample that is none', 'SolverProtocolError', /no solver sends/, []],
    ['sends a message of its own', 'SolverProtocolError', /no solver sends/, []],
    ['sends a time that is none', 'SolverProtocolError', /no solver sends/, []],
    ['leaves early', 'SolverFailedError', /ended too early/, []],
  ])('%s is stopped', async (trick, name, message, kept) => {
    const { error, run, texts, submission, problems } = await play(trick);
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
    expect(texts).toEqual(kept);
    expect(run.sealed).toBeNull();
    // Whatever happens, every problem is answered, and by nothing that the solver had no right to say.
    expect(submission.size).toBe(problems.problems.length);
    expect([...submission.values()].filter((value) => value !== 0n && value !== 7n)).toEqual([]);
  });
});
