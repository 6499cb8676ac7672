/** What identifies a checkpoint: SHA-256 over its configuration and the content of its weight files. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { accessError, digestOf, digestOfFile } from '../files.js';
import { weightFiles } from './weights.js';

/** Digests by file name; one holds as long as size and time of change do, so that 28 GB are not read at each start. */
export type KnownDigests = Readonly<
  Record<string, { readonly bytes: number; readonly modifiedMs: number; readonly digest: string }>
>;

/** @throws MissingWeightsError, FileAccessError */
export async function checkpointDigest(
  folder: string,
  known: KnownDigests = {},
): Promise<{ digest: string; files: KnownDigests }> {
  const files: Record<string, KnownDigests[string]> = {};
  for (const name of ['config.json', ...(await weightFiles(folder))]) {
    const file = join(folder, name);
    const { size: bytes, mtimeMs: modifiedMs } = await stat(file).catch((error: unknown) => {
      throw accessError('read', file, error);
    });
    const old = known[name];
    const unchanged = old !== undefined && old.bytes === bytes && old.modifiedMs === modifiedMs;
    files[name] = unchanged ? old : { bytes, modifiedMs, digest: await digestOfFile(file) };
  }
  const content = Object.entries(files).map(([name, { digest }]) => [name, digest]);
  return { digest: digestOf(JSON.stringify(content)), files };
}
