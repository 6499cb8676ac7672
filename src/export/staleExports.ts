/** Exports that nothing uses any more: of an earlier content of their checkpoint, or by an earlier version. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EXPORT_FORMAT, MANIFEST_FILE } from './manifest.js';

export interface StaleExport {
  readonly folder: string;
  readonly bytes: number;
}

/** What every version's manifest has. */
const anyManifest = z.object({ format: z.int(), digest: z.string() });

/** Finds the exports in `parent`, a folder for one checkpoint alone, that are not of content `digest` and this version. */
export async function findStaleExports(parent: string, digest: string): Promise<StaleExport[]> {
  const stale: StaleExport[] = [];
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    const manifest = await readFile(join(folder, MANIFEST_FILE), 'utf8')
      .then((text) => anyManifest.parse(JSON.parse(text)))
      .catch(() => null);
    // Whatever has no manifest is not an export, and not ours to judge.
    if (manifest === null || (manifest.format === EXPORT_FORMAT && manifest.digest === digest)) continue;
    stale.push({ folder, bytes: await folderBytes(folder) });
  }
  return stale;
}

/** Deletes them. */
export async function removeExports(exports: readonly StaleExport[]): Promise<void> {
  for (const { folder } of exports) await rm(folder, { recursive: true, force: true });
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
