/** Folders in which exports are made before they are moved into place, and the removal of those that a killed export left. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { accessError } from '../files.js';
import { isAlive, ownStart } from '../processes.js';

const PREFIX = '.unfinished-';
/** `.unfinished-<process id>-<start of that process>-<random>-<host>`: the owner is in the name, so it is never half written. */
const OWNED = /^\.unfinished-(\d+)-([^-]+)-[0-9a-f]+-(.+)$/;

/** An export writes all the time; of another machine's, whose processes cannot be seen, a day of silence says that it is dead. */
const SILENCE_MS = 24 * 3600 * 1000;

/** Makes a new folder inside `parent`. @throws FileAccessError */
export async function makeWorkFolder(parent: string): Promise<string> {
  const random = randomBytes(6).toString('hex');
  const name = `${PREFIX}${process.pid}-${ownStart()}-${random}-${encodeURIComponent(hostname())}`;
  const folder = join(parent, name);
  try {
    await mkdir(folder);
  } catch (error) {
    throw accessError('write to', folder, error);
  }
  return folder;
}

/** Removes the work folders inside `parent` whose owners are gone. Those of exports under way are left alone. */
export async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    const [, processId, start, host] = OWNED.exec(name) ?? [];
    const here = host === encodeURIComponent(hostname());
    const dead = here ? !isAlive(Number(processId), start!) : await isSilent(folder);
    if (dead) await rm(folder, { recursive: true, force: true });
  }
}

async function isSilent(folder: string): Promise<boolean> {
  try {
    const files = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
    const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
    return Date.now() - Math.max(...times) > SILENCE_MS;
  } catch {
    // It vanished meanwhile: its owner has finished, or another export has removed it.
    return false;
  }
}
