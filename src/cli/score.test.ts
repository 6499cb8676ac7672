import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { leaveRun, leaveSyntheticRun } from '../../test/support/runFolders.js';
import {
  type Behaviour,
  GRPO,
  SFT,
  type SyntheticSize,
  sampleOf,
  syntheticKey,
  syntheticRun,
  syntheticSamples,
  syntheticScore,
} from '../../test/support/syntheticRuns.js';
import { VOTE_RULES } from '../answers/vote.js';
import type { Sample } from '../core.js';
import { UsageError } from '../errors.js';
import { IncomparableRunsError, ScoreFileError } from '../score/errors.js';
import { compareCommand } from './compare.js';
import { reportCommand } from './report.js';
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

async function makeRun(name: string, behaviour: Behaviour, size: SyntheticSize = SIZE): Promise<string> {
  const folder = join(home, name);
  await leaveSyntheticRun(folder, behaviour, size);
  return folder;
}

const boxedScore = (...parts: string[]) => scoreCommand().parseAsync(parts, { from: 'user' });
const boxedRevote = (...parts: string[]) =>
  revoteCommand().exitOverride().parseAsync(parts, { from: 'user' });
const boxedReport = (...parts: string[]) =>
  reportCommand().exitOverride().parseAsync(parts, { from: 'user' });
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

describe('boxed report', () => {
  test("writes the page into a run's folder, or beside those of several, and prints its numbers", async () => {
    const folders = [await makeRun('one/g', SFT), await makeRun('one/h', GRPO)];
    await boxedReport(folders[0]!, '--answers', answers);
    expect(printed).toContain('Tokens of right and wrong samples');
    expect(printed).not.toContain('Paired differences');
    expect(await readFile(join(folders[0]!, 'report.html'), 'utf8')).toContain('pebble-sft');
    printed = '';
    await boxedReport(...folders, '--answers', answers, '--differences', '3');
    expect(printed).toMatch(/visible +for this +for 3 +at best/);
    expect(await readFile(join(home, 'one', 'report.html'), 'utf8')).toContain('<th scope="col">for 3</th>');
    printed = '';
    await boxedReport(...folders, '--json', '--html', join(home, 'named.html'));
    expect(JSON.parse(printed)).toMatchObject({ file: join(home, 'named.html'), pairs: [{ a: 0, b: 1 }] });
  });

  test('needs a score, the problems of the run, and differences above 0', async () => {
    const folder = await makeRun('i', SFT);
    await expect(boxedReport(folder)).rejects.toThrow(ScoreFileError);
    const others = join(home, 'others.csv');
    await writeFile(others, 'id,problem\np000,What is 1 + 1?\n');
    await expect(boxedReport(folder, '--answers', answers, '--problems', others)).rejects.toMatchObject({
      name: 'OtherProblemsError',
      place: { file: others },
    });
    await expect(boxedReport(folder, '--differences', '0')).rejects.toThrow('Write points');
    await expect(boxedReport(folder, '--differences', '1,,2')).rejects.toThrow('Write points');
  });
});

describe('runs that must not be believed', () => {
  const size = { problems: 3, samples: 2 };
  const run = syntheticRun(SFT, size);
  const none = new Map<string, bigint>();
  const refusal = (attempt: Promise<unknown>): Promise<unknown> => attempt.catch((error: unknown) => error);

  test('a key that lacks problems: their ids are named', async () => {
    const folder = await makeRun('gaps', SFT);
    const partial = join(home, 'partial.csv');
    await writeFile(partial, 'id,answer\np000,0\np003,21\n');
    const error = await refusal(boxedReport(folder, '--answers', partial));
    expect(error).toMatchObject({ name: 'KeyCoverageError' });
    expect(String(error)).toContain("no answer for 18 of the run's 20 problems: p001, p002, p004");
  });

  test('a journal of another version, and a score of another version', async () => {
    const folder = await makeRun('versions', SFT);
    await boxedScore(folder, '--answers', answers);
    const score = JSON.parse(await readFile(join(folder, 'score.json'), 'utf8'));
    await writeFile(join(folder, 'score.json'), JSON.stringify({ ...score, format: 1 }));
    await expect(boxedReport(folder)).rejects.toMatchObject({ name: 'ScoreFileError' });
    const file = join(folder, 'run.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), format: 1 }));
    for (const command of [boxedReport, boxedCompare])
      await expect(command(folder)).rejects.toMatchObject({ name: 'RunFormatError' });
  });

  test('a journal of another run under the name of this one', async () => {
    const folder = join(home, 'mixed');
    await leaveRun(folder, run, syntheticSamples(SFT, { ...size, seed: 9 }), none);
    const error = await refusal(boxedScore(folder, '--answers', answers));
    expect(error).toMatchObject({ name: 'JournalContentError' });
    expect(String(error)).toContain("was drawn from seed 9, the run's is 0");
    // Put there after the seal, it does not even come to that.
    const later = await makeRun('mixed-later', SFT, size);
    await writeFile(join(later, 'samples.jsonl'), await readFile(join(folder, 'samples.jsonl')));
    await expect(boxedScore(later, '--answers', answers)).rejects.toMatchObject({ name: 'SealBrokenError' });
  });

  test('a run of no problems, and one of no samples', async () => {
    const empty = join(home, 'empty');
    await leaveRun(empty, { ...run, order: [] }, [], none);
    await expect(boxedReport(empty, '--answers', answers)).rejects.toMatchObject({ name: 'EmptyRunError' });
    const idle = join(home, 'idle');
    await leaveRun(idle, run, [], none);
    await expect(boxedReport(idle, '--answers', answers)).rejects.toMatchObject({ name: 'EmptyRunError' });
  });

  const ids = ['p000', 'p001', 'p002'];
  const everywhere = (outcome: Parameters<typeof sampleOf>[2]): Sample[] =>
    ids.flatMap((id) => [0, 1].map((index) => sampleOf(id, index, outcome)));

  test.each([
    ['all samples truncated', everywhere({ value: null, tokens: 512, finish: 'length' })],
    ['every answer the same', everywhere({ value: 7n, tokens: 40 })],
    ['nothing drawn before the deadline', everywhere({ value: null, tokens: 0, finish: 'deadline' })],
    ['one sample of one problem', [sampleOf('p001', 0, { value: 7n, tokens: 5 })]],
    ['everything right', ids.map((id, at) => sampleOf(id, 0, { value: BigInt(7 * at), tokens: 5 }))],
  ])('%s: an honest table and page, without a number that is none', async (name, samples) => {
    const folder = join(home, name);
    await leaveRun(folder, run, samples, none);
    await boxedReport(folder, folder, '--answers', answers);
    const page = await readFile(join(home, 'report.html'), 'utf8');
    for (const text of [printed, page.replace(/<script[\s\S]*<\/script>/, '')])
      expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
    expect(printed).toContain('Beyond noise');
    const score = await readFile(join(folder, 'score.json'), 'utf8');
    // JSON has no NaN: it would be null where a number stands.
    expect(score).not.toMatch(/"(value|low|high|meanTokens|p5|seconds)": null/);
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
