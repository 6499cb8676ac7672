import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  SFT,
  syntheticRun,
  syntheticSamples,
  syntheticSubmission,
} from '../../test/support/syntheticRuns.js';
import type { AnswerValue, Run } from '../core.js';
import { digestOfFile } from '../files.js';
import { editionOf } from '../problems/editions.js';
import { readProblems } from '../problems/problemSet.js';
import { Candidates } from './candidates.js';
import { openKey } from './openKey.js';
import { collectRecords } from './records.js';
import { scoreRun } from './scoreRun.js';
import { removeReadableKey, sealKey } from './sealKey.js';

const PROBLEMS = 12;
const SIZE = { problems: PROBLEMS, samples: 4 };
const quiet = () => undefined;
const sealed = { edition: editionOf('aime'), out: null, onProgress: quiet };

let folder: string;
let set: string;
let run: Run;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-key-'));
  set = join(folder, 'set');
  const bare = syntheticRun(SFT, SIZE);
  await mkdir(set);
  const description = { name: 'tiny', title: 'Tiny', edition: 'aime', source: 'here' };
  await writeFile(join(set, 'set.json'), JSON.stringify(description));
  await writeFile(
    join(set, 'test.csv'),
    `id,problem\n${bare.order.map((id) => `${id},Why ${id}?\n`).join('')}`,
  );
  const answers = bare.order.map((id, at) => `${id},${(7 * at) % 1000}\n`);
  await writeFile(join(set, 'answers.csv'), `id,answer\n${answers.join('')}`);
  run = { ...bare, digests: { ...bare.digests, problems: (await readProblems(set)).digest } };
});
afterAll(() => rm(folder, { recursive: true }));

async function copyOfSet(name: string): Promise<string> {
  const copy = join(folder, name);
  await cp(set, copy, { recursive: true });
  return copy;
}

describe('a sealed key', () => {
  test('scores a run as the readable one does, figure by figure', async () => {
    const copy = await copyOfSet('scored');
    const { file, answers, named } = await sealKey(copy, sealed);
    expect([answers, named]).toEqual([PROBLEMS, true]);
    const records = await collectRecords(run, syntheticSamples(SFT, SIZE));
    const submission = syntheticSubmission(syntheticSamples(SFT, SIZE), run.order);
    const candidates = Candidates.of(records);
    for (const [id, value] of submission) candidates.add(id, value);
    const scores = [];
    for (const path of [set, copy, file]) {
      const { source, ...score } = scoreRun(run, records, await openKey(path, run, candidates), submission, {
        name: 'x',
      });
      scores.push(score);
    }
    expect(scores[1]).toEqual(scores[0]);
    expect(scores[2]).toEqual(scores[0]);
    expect(scores[0]!.average.value).toBeGreaterThan(0.5);
    expect(scores[0]!.average.value).toBeLessThan(1);
  });

  test('says of an answer that nobody gave no more than that, and asks no more than it must', async () => {
    const copy = await copyOfSet('asked');
    await sealKey(copy, sealed);
    const candidates = new Candidates();
    for (const value of [1n, 1n, 7n, 7n, 7n, 9n, 7n]) candidates.add(run.order[1]!, value);
    for (const value of [1n, 2n, 2n]) candidates.add(run.order[0]!, value);
    const asked: number[] = [];
    const key = await openKey(copy, run, candidates, (...seen) => asked.push(...seen));
    expect(key.answers.get(run.order[1]!)).toBe(7n);
    expect(key.answers.get(run.order[0]!)).toMatch(/^sealed:[0-9a-f]{64}$/);
    // Two wrong ones of one problem, and the likeliest of the other, which is right.
    expect(asked.at(-1)).toBe(3);
    expect(asked.at(-2)).toBe(PROBLEMS);
    // The next run of the same process asks about what is new alone, and nothing where the right answer is known.
    candidates.add(run.order[0]!, 3n);
    candidates.add(run.order[1]!, 8n);
    const again = await openKey(copy, run, candidates, (...seen) => asked.push(...seen));
    expect(asked.at(-1)).toBe(1);
    expect([...again.answers]).toEqual([...key.answers]);
  });

  test('holds free answers by their canonical texts', async () => {
    const file = join(folder, 'free.jsonl');
    const texts: [string, string, AnswerValue, AnswerValue][] = [
      ['a', '\\frac{1}{\\sqrt{2}}', 'sqrt(2)/2', '1/2'],
      ['b', '0.5', '1/2', 'sqrt(2)/2'],
      ['c', '{2, 1}', '{1, 2}', '(1, 2)'],
      ['d', '\\text{Yes}', 'yes', 'no'],
      ['e', '(x+1)^2', 'x^2 + 2*x + 1', 'x^2 + 1'],
      ['f', '42', 42n, 41n],
    ];
    await writeFile(file, texts.map(([id, answer]) => `${JSON.stringify({ id, answer })}\n`).join(''));
    const result = await sealKey(file, { ...sealed, edition: editionOf('free') });
    expect(result).toMatchObject({ file: join(folder, 'free.sealed.json'), named: false, source: file });
    const candidates = new Candidates();
    for (const [id, , right, wrong] of texts) for (const value of [wrong, right]) candidates.add(id, value);
    const free = { ...run, order: texts.map(([id]) => id), settings: { ...run.settings, edition: 'free' } };
    const key = await openKey(result.file, free, candidates);
    expect([...key.answers]).toEqual(texts.map(([id, , right]) => [id, right]));
  });

  test('lets the readable one go only when all of it is under the seal', async () => {
    const copy = await copyOfSet('removed');
    const { file } = await sealKey(copy, sealed);
    const answers = join(copy, 'answers.csv');
    const right = await readFile(answers, 'utf8');
    await writeFile(answers, right.replace(/,7\n/, ',8\n'));
    await expect(removeReadableKey(copy, file, sealed)).rejects.toMatchObject({
      name: 'KeyMismatchError',
      message: expect.stringContaining(run.order[1]!),
    });
    await writeFile(answers, right);
    await removeReadableKey(copy, file, sealed);
    expect((await readdir(copy)).sort()).toEqual(['answers.sealed.json', 'set.json', 'test.csv']);
    expect((await readProblems(copy)).answersDigest).toBe(await digestOfFile(file));
  });

  test('is not made of a key with gaps, which are named', async () => {
    const copy = await copyOfSet('gaps');
    await writeFile(join(copy, 'answers.csv'), `id,answer\n${run.order[0]},1\n`);
    await expect(sealKey(copy, sealed)).rejects.toMatchObject({
      name: 'KeyCoverageError',
      message: expect.stringContaining(run.order[1]!),
    });
  });
});

describe('a key that is not the run’s', () => {
  const nothing = new Candidates();

  test('exchanged since the run began, it is refused, sealed or readable', async () => {
    const copy = await copyOfSet('exchanged');
    const { file, digest } = await sealKey(copy, sealed);
    const begun = { ...run, answersDigest: digest };
    await openKey(copy, begun, nothing);
    const mismatch = { name: 'KeyMismatchError', place: { file, field: 'answersDigest' } };
    // The same answers once more: other salts, another file.
    await sealKey(copy, sealed);
    await expect(openKey(copy, begun, nothing)).rejects.toMatchObject(mismatch);
    const readable = join(copy, 'answers.csv');
    await expect(openKey(readable, begun, nothing)).rejects.toMatchObject({
      ...mismatch,
      place: { file: readable },
    });
  });

  test('of another edition or of other problems, it is refused', async () => {
    const copy = await copyOfSet('other');
    await sealKey(copy, sealed);
    const free = { ...run, settings: { ...run.settings, edition: 'free' } };
    const others = { ...run, digests: { ...run.digests, problems: 'f'.repeat(64) } };
    for (const [other, field] of [
      [free, 'edition'],
      [others, 'problems'],
    ] as const)
      await expect(openKey(copy, other, nothing)).rejects.toMatchObject({
        name: 'KeyMismatchError',
        place: { field },
      });
  });
});
