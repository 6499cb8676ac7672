/** Replays the votes of a run folder; with answers, only of a run that is sealed. */
import { join } from 'node:path';
import type { VoteRule } from '../answers/vote.js';
import { readRun } from '../run/readRun.js';
import { SAMPLES_FILE } from '../run/runFile.js';
import { checkSeal } from '../run/seal.js';
import { FALLBACK_ANSWER } from '../solve/prediction.js';
import { Candidates } from './candidates.js';
import { type OpenKeyProgress, openKey } from './openKey.js';
import { collectRecords } from './records.js';
import { type Revote, revote } from './revote.js';

/**
 * @param answers a set folder or a file with an answer column; `null` to see the answers handed in alone
 * @throws RunFormatError for a journal of another version, NotSealedError and SealBrokenError when there are answers,
 * and what `openKey` and `revote` throw
 */
export async function revoteFolder(
  folder: string,
  rules: readonly VoteRule[],
  answers: string | null,
  seed: number,
  onProgress?: OpenKeyProgress,
): Promise<Revote> {
  const { run, samples } = await readRun(folder);
  if (answers !== null) await checkSeal(folder, run);
  const records = await collectRecords(run, samples, { file: join(folder, SAMPLES_FILE) });
  const candidates = Candidates.of(records);
  for (const id of run.order) candidates.add(id, FALLBACK_ANSWER);
  const key = answers === null ? null : await openKey(answers, run, candidates, onProgress);
  return revote(run, records, rules, key, seed);
}
