/** The seal of a complete run: digests of what was handed in, taken before anybody opens the answer key. */
import { join } from 'node:path';
import type { Run } from '../core.js';
import { digestOfFile } from '../files.js';
import { NotSealedError, SealBrokenError } from './errors.js';
import { SAMPLES_FILE, writeRunFile } from './runFile.js';
import { SUBMISSION_CSV, SUBMISSION_PARQUET } from './submission.js';

/** The files under the seal. */
const SEALED_FILES = [SUBMISSION_CSV, SUBMISSION_PARQUET, SAMPLES_FILE] as const;

/** Writes the digests of the run's files into its `run.json`. @returns the run as sealed. @throws FileAccessError */
export async function sealRun(folder: string, run: Run): Promise<Run> {
  const digests: [string, string][] = [];
  for (const name of SEALED_FILES) digests.push([name, await digestOfFile(join(folder, name))]);
  const sealed = { ...run, sealed: Object.fromEntries(digests) };
  await writeRunFile(folder, sealed);
  return sealed;
}

/**
 * Holds the run's files against its seal.
 * @throws NotSealedError when the run is not complete, SealBrokenError when a file has changed, FileAccessError
 */
export async function checkSeal(folder: string, run: Run): Promise<void> {
  if (!run.sealed) {
    const hint = 'Resume it with the same settings; it is sealed when it is complete.';
    throw new NotSealedError('the run is not complete', hint, { file: folder });
  }
  for (const name of SEALED_FILES) await checkSealedFile(folder, run.sealed, name);
}

/** Holds one file against a seal. @throws SealBrokenError, FileAccessError */
export async function checkSealedFile(
  folder: string,
  sealed: NonNullable<Run['sealed']>,
  name: string,
): Promise<void> {
  const file = join(folder, name);
  if (sealed[name] === (await digestOfFile(file))) return;
  const hint = 'Put the file back as the run left it, or run it again in another folder.';
  throw new SealBrokenError('the file has changed since the run was sealed', hint, { file });
}
