import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOfFile } from '../files.js';
import { editionOf } from '../problems/editions.js';
import { Journal } from './journal.js';
import { readRunFile } from './runFile.js';
import { checkSeal, sealRun } from './seal.js';
import { SubmissionWriter } from './submission.js';
import { RUN, sampleOf } from './testRun.fixture.js';

const FILES = ['submission.csv', 'submission.parquet', 'samples.jsonl'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-seal-'));
  const journal = await Journal.create(folder, RUN);
  await journal.append(sampleOf('a', 0));
  await journal.close();
  await new SubmissionWriter(folder, RUN.order, 0n, editionOf('aime')).start();
});
afterEach(() => rm(folder, { recursive: true }));

describe('the seal', () => {
  test('holds the digests of the three files and nothing else of the run changes', async () => {
    const sealed = await sealRun(folder, RUN);
    const expected: Record<string, string> = {};
    for (const name of FILES) expected[name] = await digestOfFile(join(folder, name));
    expect(sealed).toEqual({ ...RUN, sealed: expected });
    expect(await readRunFile(folder)).toEqual(sealed);
    await checkSeal(folder, sealed);
  });

  test('a run that is not complete is refused', async () => {
    await expect(checkSeal(folder, RUN)).rejects.toMatchObject({ name: 'NotSealedError' });
  });

  test.each(FILES)('a changed %s is refused by name, one put back is not', async (name) => {
    const sealed = await sealRun(folder, RUN);
    const file = join(folder, name);
    const content = await readFile(file);
    await appendFile(file, ' ');
    await expect(checkSeal(folder, sealed)).rejects.toMatchObject({
      name: 'SealBrokenError',
      place: { file },
    });
    await writeFile(file, content);
    await checkSeal(folder, sealed);
  });

  test('a seal that leaves a file out is broken', async () => {
    await expect(checkSeal(folder, { ...RUN, sealed: {} })).rejects.toMatchObject({
      name: 'SealBrokenError',
    });
  });

  test('a run without a submission cannot be sealed', async () => {
    await rm(join(folder, 'submission.parquet'));
    await expect(sealRun(folder, RUN)).rejects.toMatchObject({ name: 'FileAccessError' });
    expect((await readRunFile(folder)).sealed).toBeNull();
  });
});
