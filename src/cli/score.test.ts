import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type Behaviour,
  GRPO,
  SFT,
  type SyntheticSize,
  syntheticKey,
  syntheticRun,
  syntheticSamples,
  syntheticScore,
  syntheticSubmission,
} from '../../test/support/syntheticRuns.js';
import { VOTE_RULES } from '../answers/vote.js';
import { UsageError } from '../errors.js';
import { editionOf } from '../problems/editions.js';
import { Journal } from '../run/journal.js';
import { sealRun } from '../run/seal.js';
import { SubmissionWriter } from '../run/submission.js';
import { IncomparableRunsError, ScoreFileError } from '../score/errors.js';
import { compareCommand } from './compare.js';
import { revoteCommand } from './revote.js';
import { scoreCommand } from './score.js';

const SIZE = { problems: 20, samples: 3 };

let home = '';
let answers = '';
let printed = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'boxed-score-'));
  answers = join(home, 'answers.csv');
  const rows = [...syntheticKey(SIZE.problems).answers].map(([id, answer]) => `${id},${answer}`);
  await writeFile(answers, ['id,answer', ...rows, ''].join('\r\n'));
});
afterAll(() => rm(home, { recursive: true }));
beforeEach(() => {
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** A run folder as `boxed evaluate` leaves it. */
async function makeRun(name: string, behaviour: Behaviour, size: SyntheticSize = SIZE): Promise<string> {
  const folder = join(home, name);
  const run = syntheticRun(behaviour, size);
  const journal = await Journal.create(folder, run);
  await Promise.all([...syntheticSamples(behaviour, size)].map((sample) => journal.append(sample)));
  await journal.close();
  const submission = new SubmissionWriter(folder, run.order, 0n, editionOf(run.settings.edition));
  for (const [id, value] of syntheticSubmission(syntheticSamples(behaviour, size), run.order))
    submission.set(id, value);
  await submission.start();
  await sealRun(folder, run);
  return folder;
}

const boxedScore = (...parts: string[]) => scoreCommand().parseAsync(parts, { from: 'user' });
const boxedRevote = (...parts: string[]) =>
  revoteCommand().exitOverride().parseAsync(parts, { from: 'user' });
const boxedCompare = (...parts: string[]) => compareCommand().parseAsync(parts, { from: 'user' });

describe('boxed score', () => {
  test('prints the table and leaves the same score in the folder', async () => {
    const folder = await makeRun('pebble-sft', SFT);
    await boxedScore(folder, '--answers', answers);
    expect(printed).toContain('Accuracy at a token budget');
    const { source, ...stored } = JSON.parse(await readFile(join(folder, 'score.json'), 'utf8'));
    const { source: expectedSource, ...expected } = await syntheticScore(SFT, SIZE);
    expect(stored).toEqual(expected);
    expect(source).toEqual(expectedSource);
    printed = '';
    await boxedScore(folder, '--answers', answers, '--json');
    expect(JSON.parse(printed)).toEqual({ source, ...stored });
  });

  test('does not open the answers of a run whose submission has changed', async () => {
    const folder = await makeRun('changed', SFT);
    await appendFile(join(folder, 'submission.csv'), 'p999,1\n');
    // The answers are not even there: were they opened first, that would be the error.
    await expect(boxedScore(folder, '--answers', join(home, 'nowhere.csv'))).rejects.toMatchObject({
      name: 'SealBrokenError',
    });
  });
});

describe('boxed compare', () => {
  test('asks for a score, then compares by those there are', async () => {
    const folders = [await makeRun('a', SFT), await makeRun('b', GRPO)];
    const refusal = await boxedCompare(...folders).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ScoreFileError);
    expect((refusal as ScoreFileError).hint).toContain(`boxed score ${folders[0]} --answers FILE`);
    for (const folder of folders) await boxedScore(folder, '--answers', answers);
    printed = '';
    await boxedCompare(...folders);
    expect(printed).toContain('Paired differences');
    expect(printed).toMatch(/pebble-grpo +pebble-sft/);
  });

  test('scores first when it has the answers, at the budgets asked for, and writes the page', async () => {
    const folders = [await makeRun('c', SFT), await makeRun('d', GRPO)];
    const page = join(home, 'report.html');
    await boxedCompare(...folders, '--answers', answers, '--budgets', '100,200', '--html', page, '--json');
    const { scores, pairs } = JSON.parse(printed);
    expect(pairs).toHaveLength(1);
    for (const { curve } of scores)
      expect(curve.map(({ budget }: { budget: number }) => budget)).toEqual(
        expect.arrayContaining([100, 200]),
      );
    expect(await readFile(page, 'utf8')).toContain('<td>100</td>');
    // The scores that were left hold those budgets, and no other odd ones.
    await boxedCompare(...folders, '--budgets', '100');
    await expect(boxedCompare(...folders, '--budgets', '101')).rejects.toThrow(UsageError);
  });

  test('refuses runs on different problems before it looks for scores', async () => {
    const folders = [await makeRun('e', SFT), await makeRun('f', SFT, { ...SIZE, problems: 19 })];
    await expect(boxedCompare(...folders)).rejects.toThrow(IncomparableRunsError);
  });

  test('refuses budgets that are no numbers of tokens', async () => {
    const command = compareCommand().exitOverride();
    await expect(command.parseAsync(['x', '--budgets', '64,many'], { from: 'user' })).rejects.toThrow(
      'whole numbers of tokens',
    );
  });
});

describe('boxed revote', () => {
  test('prints what every vote hands in and how right it is over k samples', async () => {
    const folder = await makeRun('votes', SFT);
    await boxedRevote(folder, '--answers', answers);
    for (const title of ['Answers handed in', 'Accuracy of a vote over k samples'])
      expect(printed).toContain(title);
    for (const rule of VOTE_RULES) expect(printed).toContain(rule);
    printed = '';
    await boxedRevote(folder, '--rule', 'entropy', '--json');
    const { rules } = JSON.parse(printed);
    expect(rules).toHaveLength(1);
    expect(rules[0]).toMatchObject({ rule: 'entropy', right: null, byVotes: [] });
    expect(rules[0].answers).toHaveLength(SIZE.problems);
  });

  test('the plurality over all samples is the submission that the run left', async () => {
    const folder = await makeRun('same', SFT);
    await boxedRevote(folder, '--rule', 'plurality', '--answers', answers, '--json');
    const { rules } = JSON.parse(printed);
    printed = '';
    await boxedScore(folder, '--answers', answers, '--json');
    expect(rules[0].byVotes.at(-1).accuracy).toEqual(JSON.parse(printed).majority);
  });

  test('an unknown rule is refused with those there are', async () => {
    const refusal = (await boxedRevote('nowhere', '--rule', 'best').catch((error) => error)) as Error;
    for (const rule of VOTE_RULES) expect(refusal.message).toContain(rule);
  });

  test('a journal of another version is refused by name, and the key stays shut before the seal', async () => {
    const folder = await makeRun('older', SFT);
    const file = join(folder, 'run.json');
    const run = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...run, sealed: null }));
    await expect(boxedRevote(folder, '--answers', join(home, 'nowhere.csv'))).rejects.toMatchObject({
      name: 'NotSealedError',
    });
    await writeFile(file, JSON.stringify({ ...run, format: 1 }));
    await expect(boxedRevote(folder)).rejects.toMatchObject({ name: 'RunFormatError' });
  });
});
