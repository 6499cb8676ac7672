/** Opens the answer key of a run, sealed or not: the one place where that is done to score. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import pLimit from 'p-limit';
import { readGold } from '../answers/gold.js';
import type { AnswerValue, Run } from '../core.js';
import { digestOf, digestOfFile } from '../files.js';
import { type AnswerKey, keyFileOf, readAnswerKey } from '../problems/answerKey.js';
import { editionOf } from '../problems/editions.js';
import { isSealedAnswer, readSealedKey, type SealedAnswer, type SealedKey } from '../problems/sealedKey.js';
import type { Candidates } from './candidates.js';
import { KeyMismatchError } from './errors.js';

/** Problems of a sealed key that have been looked at, of how many, and digests computed for them. */
export type OpenKeyProgress = (problems: number, total: number, digests: number) => void;

/** What has been found out about a sealed answer: wrong ones, and the right one once it is known. */
interface Findings {
  right: AnswerValue | null;
  readonly wrong: Set<AnswerValue>;
}

/** Of each answer under a seal, by its entry. Runs that are scored one after another ask about the same answers. */
const known = new Map<string, Findings>();

/** The threads that Node computes digests in. */
const DIGEST_THREADS = 4;

/**
 * Opens a set folder's key or a file. Of a sealed key only the answers that were given come to light; of any other it is
 * known that nobody gave it. Each distinct answer costs a digest, once a process, and none once the right one is found.
 * @throws KeyMismatchError when the key is not the one that the run was made for, BadSealedKeyError, and what
 * `readAnswerKey` throws
 */
export async function openKey(
  path: string,
  run: Run,
  candidates: Candidates,
  onProgress: OpenKeyProgress = () => undefined,
): Promise<AnswerKey> {
  const file = await keyFileOf(path);
  await requireNamedFile(file, run);
  if (!isSealed(file)) return readAnswerKey(path, editionOf(run.settings.edition), readGold);
  const key = await readSealedKey(file);
  requireFit(file, key, run);
  const wanted = new Set(run.order);
  const entries = key.answers.filter(({ id }) => wanted.has(id));
  const limit = pLimit(Math.min(availableParallelism(), DIGEST_THREADS));
  let [problems, digests] = [0, 0];
  const find = async (entry: SealedAnswer): Promise<readonly [string, AnswerValue]> => {
    const name = JSON.stringify(entry);
    const findings = known.get(name) ?? { right: null, wrong: new Set() };
    known.set(name, findings);
    for (const value of candidates.for(entry.id)) {
      if (findings.right !== null) break;
      if (findings.wrong.has(value)) continue;
      digests += 1;
      if (await isSealedAnswer(entry, value, key.cost)) findings.right = value;
      else findings.wrong.add(value);
    }
    problems += 1;
    onProgress(problems, entries.length, digests);
    return [entry.id, findings.right ?? unknownAnswer(entry)];
  };
  const answers = new Map(await Promise.all(entries.map((entry) => limit(find, entry))));
  return { file, answers, digest: digestOf(JSON.stringify(key.answers)) };
}

/** Whether a file is a key as `boxed seal` writes it, by its name. */
export function isSealed(file: string): boolean {
  return extname(file).toLowerCase() === '.json';
}

/** An answer that no text has: whoever could write it has the digest, and who has that has the key. */
function unknownAnswer({ digest }: SealedAnswer): string {
  return `sealed:${digest}`;
}

async function requireNamedFile(file: string, run: Run): Promise<void> {
  if (run.answersDigest === undefined || run.answersDigest === (await digestOfFile(file))) return;
  throw new KeyMismatchError(
    'it is not the file of answers that the problem set named when the run began',
    'Give the answers that stood beside the problems then; a run cannot be scored by others.',
    { file, field: 'answersDigest' },
  );
}

function requireFit(file: string, key: SealedKey, run: Run): void {
  const { edition } = run.settings;
  if (key.edition !== edition)
    throw new KeyMismatchError(
      `the answers were sealed by the rules of edition ${key.edition}, the run is of ${edition}`,
      `Seal them again with --edition ${edition}.`,
      { file, field: 'edition' },
    );
  if (key.problems !== null && key.problems !== run.digests.problems)
    throw new KeyMismatchError(
      'the answers were sealed for other problems than those of the run',
      'Give the key of the problem set that the run was made on; a changed text makes another set.',
      { file, field: 'problems' },
    );
}
