/** Turns a readable answer key into a sealed one. */
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import pLimit from 'p-limit';
import { readGold } from '../answers/gold.js';
import { digestOfFile, writeAtomically } from '../files.js';
import { type AnswerKey, readAnswerKey } from '../problems/answerKey.js';
import type { Edition } from '../problems/editions.js';
import { MissingColumnError } from '../problems/errors.js';
import { isSetFolder, type ProblemSet, readProblems } from '../problems/problemSet.js';
import {
  isSealedAnswer,
  readSealedKey,
  SEALED_KEY_FILE,
  SEALED_KEY_FORMAT,
  SEALING_COST,
  sealAnswer,
  writeSealedKey,
} from '../problems/sealedKey.js';
import { KeyCoverageError, KeyMismatchError, nameIds } from './errors.js';

export interface SealOptions {
  readonly edition: Edition;
  /** Default: `answers.sealed.json` in a set folder, else beside the file. */
  readonly out: string | null;
  readonly onProgress: (done: number, total: number) => void;
}

export interface SealedResult {
  readonly file: string;
  readonly answers: number;
  /** SHA-256 of the file. */
  readonly digest: string;
  /** The readable key, which is still there. */
  readonly source: string;
  /** Whether `set.json` names the digest, so that runs from now on are scored by this key alone. */
  readonly named: boolean;
}

/** One digest a core at a time: each takes the memory of its cost. */
const atATime = () => pLimit(availableParallelism());

/**
 * Seals the answers of a set folder, or of a file with an answer column.
 * @throws KeyCoverageError when a problem has no answer, and what `readAnswerKey` and `readProblems` throw
 */
export async function sealKey(
  path: string,
  { edition, out, onProgress }: SealOptions,
): Promise<SealedResult> {
  const key = await readAnswerKey(path, edition, readGold);
  const problems = await problemsBeside(path);
  if (problems !== null) requireCoverage(problems, key);
  const limit = atATime();
  let done = 0;
  const answers = await Promise.all(
    [...key.answers].map(([id, value]) =>
      limit(async () => {
        const sealed = await sealAnswer(id, value);
        done += 1;
        onProgress(done, key.answers.size);
        return sealed;
      }),
    ),
  );
  const isFolder = await isSetFolder(path);
  const beside = isFolder ? join(path, SEALED_KEY_FILE) : join(dirname(path), sealedNameOf(path));
  const file = out ?? beside;
  await writeSealedKey(file, {
    format: SEALED_KEY_FORMAT,
    edition: edition.name,
    problems: problems?.digest ?? null,
    cost: SEALING_COST,
    answers,
  });
  const digest = await digestOfFile(file);
  const named = isFolder && file === beside;
  if (named) await nameInSet(join(path, 'set.json'), digest);
  return { file, answers: answers.length, digest, source: key.file, named };
}

/**
 * Removes the readable key of a set folder, once every answer in it has been found under the seal.
 * @throws KeyMismatchError when one has not
 */
export async function removeReadableKey(
  path: string,
  sealedFile: string,
  { edition, onProgress }: Pick<SealOptions, 'edition' | 'onProgress'>,
): Promise<void> {
  const key = await readAnswerKey(path, edition, readGold);
  const sealed = await readSealedKey(sealedFile);
  const entries = new Map(sealed.answers.map((entry) => [entry.id, entry]));
  const limit = atATime();
  let done = 0;
  const check = async ([id, value]: readonly [string, bigint | string]) => {
    const entry = entries.get(id);
    if (entry === undefined || !(await isSealedAnswer(entry, value, sealed.cost)))
      throw new KeyMismatchError(`the answer to ${id} is not under the seal`, 'Seal the answers again.', {
        file: sealedFile,
      });
    done += 1;
    onProgress(done, key.answers.size);
  };
  await Promise.all([...key.answers].map((entry) => limit(check, entry)));
  await rm(key.file);
}

/** The problems of a folder, or of the same file; `null` for a file of answers alone. */
async function problemsBeside(path: string): Promise<ProblemSet | null> {
  try {
    return await readProblems(path);
  } catch (error) {
    if (error instanceof MissingColumnError && !(await isSetFolder(path))) return null;
    throw error;
  }
}

function requireCoverage({ problems }: ProblemSet, key: AnswerKey): void {
  const missing = problems.filter(({ id }) => !key.answers.has(id)).map(({ id }) => id);
  if (missing.length > 0)
    throw new KeyCoverageError(
      `no answer for ${missing.length} of ${problems.length} problems: ${nameIds(missing)}`,
      'Give every problem its answer, then seal them.',
      { file: key.file },
    );
}

const sealedNameOf = (file: string) => `${basename(file, extname(file))}.sealed.json`;

/** From now on a run takes the digest down as it begins, unread; the key cannot be exchanged between run and score. */
async function nameInSet(file: string, digest: string): Promise<void> {
  const description = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, '')) as object;
  await writeAtomically(file, `${JSON.stringify({ ...description, answersDigest: digest }, null, 2)}\n`);
}
