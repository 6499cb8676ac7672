/** Files of a checkpoint that an export carries along, so that it can be used on its own. */
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { accessError, writeAtomically } from '../files.js';

/** None of them changes the graph, but for `config.json`, which is part of the digest. */
export const COMPANIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];

/** Bytes that the companions of a checkpoint take. */
export async function companionBytes(checkpoint: string): Promise<number> {
  const sizes = present(checkpoint).map(async (name) => (await stat(join(checkpoint, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Copies those that `checkpoint` has into a new export. @throws FileAccessError */
export async function copyCompanions(checkpoint: string, target: string): Promise<void> {
  for (const name of present(checkpoint)) {
    try {
      await copyFile(join(checkpoint, name), join(target, name));
    } catch (error) {
      throw accessError('copy', join(checkpoint, name), error);
    }
  }
}

/**
 * Brings those of an existing export up to date: a mended chat template or tokenizer must not wait for other weights.
 * @throws FileAccessError
 */
export async function refreshCompanions(checkpoint: string, exported: string): Promise<void> {
  for (const name of COMPANIONS) {
    const copy = join(exported, name);
    const [wanted, found] = await Promise.all([contentOf(join(checkpoint, name)), contentOf(copy)]);
    if (wanted === null) await rm(copy, { force: true });
    else if (found === null || !wanted.equals(found)) await writeAtomically(copy, wanted);
  }
}

function present(checkpoint: string): string[] {
  return COMPANIONS.filter((name) => existsSync(join(checkpoint, name)));
}

async function contentOf(file: string): Promise<Buffer | null> {
  if (!existsSync(file)) return null;
  try {
    return await readFile(file);
  } catch (error) {
    throw accessError('read', file, error);
  }
}
