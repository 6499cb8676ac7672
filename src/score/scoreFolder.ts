/** Scores run folders: the seal first, the answer key last. */
import { basename, join, resolve } from 'node:path';
import { editionOf } from '../problems/editions.js';
import { readRun } from '../run/readRun.js';
import { SAMPLES_FILE } from '../run/runFile.js';
import { checkSeal } from '../run/seal.js';
import { readSubmission } from '../run/submission.js';
import { Candidates } from './candidates.js';
import { requireSameProblems } from './comparison.js';
import { EmptyRunError } from './errors.js';
import { type OpenKeyProgress, openKey } from './openKey.js';
import { collectRecords } from './records.js';
import type { Score } from './score.js';
import { readScore, writeScore } from './scoreFile.js';
import { type ScoreOptions, scoreRun } from './scoreRun.js';

/**
 * Scores the run in `folder` and leaves `score.json` there. `answers` is a set folder or a file with an answer column; it
 * is opened after the seal has been checked and everything else has been read.
 */
export async function scoreFolder(
  folder: string,
  answers: string,
  options: Omit<ScoreOptions, 'name'> = {},
  onProgress?: OpenKeyProgress,
): Promise<Score> {
  const { run, samples } = await readRun(folder);
  await checkSeal(folder, run);
  if (run.order.length === 0)
    throw new EmptyRunError('the run has no problems', 'Solve a problem set that has some.', {
      file: folder,
    });
  const edition = editionOf(run.settings.edition);
  const records = await collectRecords(run, samples, { file: join(folder, SAMPLES_FILE) });
  const submission = await readSubmission(folder, edition);
  const candidates = Candidates.of(records);
  for (const [id, value] of submission) candidates.add(id, value);
  const key = await openKey(answers, run, candidates, onProgress);
  const score = scoreRun(run, records, key, submission, { ...options, name: nameOf(folder) });
  await writeScore(folder, score);
  return score;
}

/** The score that stands in `folder`, if it was made from the samples that are there. @throws ScoreFileError */
export async function storedScore(folder: string): Promise<Score> {
  const { run, samples } = await readRun(folder);
  await checkSeal(folder, run);
  const score = await readScore(
    folder,
    await collectRecords(run, samples, { file: join(folder, SAMPLES_FILE) }),
  );
  return { ...score, name: nameOf(folder) };
}

/** @throws IncomparableRunsError unless the runs in `folders` were made on the same problems. */
export async function requireSameProblemFolders(folders: readonly string[]): Promise<void> {
  const runs = await Promise.all(
    folders.map(async (folder) => ({ name: nameOf(folder), ...(await readRun(folder)) })),
  );
  requireSameProblems(
    runs.map(({ name, run }) => ({ name, problemSet: run.problemSet, digests: run.digests })),
  );
}

function nameOf(folder: string): string {
  return basename(resolve(folder));
}
