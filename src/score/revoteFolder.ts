/** Replays the votes of a run folder; with answers, only of a run that is sealed. */
import { readGold } from '../answers/gold.js';
import type { VoteRule } from '../answers/vote.js';
import { readAnswerKey } from '../problems/answerKey.js';
import { editionOf } from '../problems/editions.js';
import { readRun } from '../run/readRun.js';
import { checkSeal } from '../run/seal.js';
import { collectRecords } from './records.js';
import { type Revote, revote } from './revote.js';

/**
 * @param answers a set folder or a file with an answer column; `null` to see the answers handed in alone
 * @throws RunFormatError for a journal of another version, NotSealedError and SealBrokenError when there are answers,
 * and what `readAnswerKey` and `revote` throw
 */
export async function revoteFolder(
  folder: string,
  rules: readonly VoteRule[],
  answers: string | null,
  seed: number,
): Promise<Revote> {
  const { run, samples } = await readRun(folder);
  if (answers !== null) await checkSeal(folder, run);
  const records = await collectRecords(run, samples);
  const edition = editionOf(run.settings.edition);
  const key = answers === null ? null : await readAnswerKey(answers, edition, readGold);
  return revote(run, records, rules, key, seed);
}
