/** The digest of a checkpoint: what a run records to be sure that it is resumed with the same model. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { accessError, digestOf, digestOfFile } from '../files.js';
import { readRequired } from './jsonFile.js';
import { findWeightFiles, INDEX_FILE } from './weightFiles.js';

/** What is known of a file's content; valid as long as its size and time of change stay the same. */
export interface KnownDigest {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly mtimeMs: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Digests by file name in the checkpoint's folder; plain JSON, for the caller to keep. */
export type KnownDigests = Readonly<Record<string, KnownDigest>>;

/**
 * SHA-256 over `config.json` and the weight files (the index included), names and contents. Files whose size and
 * time of change are those in `known` are not read: hashing 28 GB takes a minute, and a run asks at each start.
 * @returns the digest, and what to hand in as `known` the next time.
 * @throws MissingCheckpointFileError, MissingWeightsError, InvalidCheckpointFileError, FileAccessError
 */
export async function checkpointDigest(
  folder: string,
  known: KnownDigests = {},
): Promise<{ readonly digest: string; readonly files: KnownDigests }> {
  await readRequired(join(folder, 'config.json'));
  const { shards, shardOf } = await findWeightFiles(folder);
  const names = ['config.json', ...(shardOf ? [INDEX_FILE] : []), ...shards];
  const files: Record<string, KnownDigest> = {};
  for (const name of names) files[name] = await digestUnlessKnown(join(folder, name), known[name]);
  const listing = JSON.stringify(names.map((name) => [name, files[name]!.sha256]));
  return { digest: digestOf(listing), files };
}

async function digestUnlessKnown(file: string, known: KnownDigest | undefined): Promise<KnownDigest> {
  // Before the content is read: should someone write meanwhile, the next call sees a newer time and reads again.
  const { size, mtimeMs } = await stat(file).catch((error: unknown) => {
    throw accessError('read', file, error);
  });
  if (known?.size === size && known.mtimeMs === mtimeMs) return known;
  return { size, mtimeMs, sha256: await digestOfFile(file) };
}
