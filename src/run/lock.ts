/** One writer a folder: a lock that a killed process cannot leave locked. */
import { open, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { accessError, systemCode } from '../files.js';
import { isAlive, ownStart } from '../processes.js';
import { RunLockedError } from './errors.js';

/** `.lock-<process id>-<start of that process>-<host>`: who holds the lock is in the name, so it is never half written. */
const LOCK_NAME = /^\.lock-(\d+)-([^-]+)-(.+)$/;

/** Gives the lock back. */
export type Release = () => Promise<void>;

/**
 * Takes the folder's lock. Each process first puts down a file of its own, then looks for others: of two that come
 * at once at least one sees the other, and a file is only ever removed by its owner or after its owner's death. So
 * two never hold the lock together; at worst both of two that start in the same instant are refused.
 * @throws RunLockedError while another process (or this one) holds it, FileAccessError
 */
export async function lockFolder(folder: string): Promise<Release> {
  const host = encodeURIComponent(hostname());
  const own = `.lock-${process.pid}-${ownStart()}-${host}`;
  const release = () => rm(join(folder, own), { force: true });
  try {
    await (await open(join(folder, own), 'wx')).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw locked(folder, own, process.pid);
    throw accessError('write to', folder, error);
  }
  try {
    for (const name of await readdir(folder)) {
      const holder = LOCK_NAME.exec(name);
      if (!holder || name === own) continue;
      const [, processId, start, holderHost] = holder;
      if (holderHost !== host) throw lockedElsewhere(folder, name);
      if (isAlive(Number(processId), start!)) throw locked(folder, name, Number(processId));
      await rm(join(folder, name), { force: true });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

function locked(folder: string, name: string, processId: number): RunLockedError {
  const who = processId === process.pid ? 'this process' : `process ${processId}`;
  const hint = 'Wait until it ends, or end it; its samples are kept.';
  return new RunLockedError(`${who} writes to this run already`, hint, { file: join(folder, name) });
}

function lockedElsewhere(folder: string, name: string): RunLockedError {
  const file = join(folder, name);
  const hint =
    'If no process on that machine (or in that container) writes to the run any more, delete this file.';
  return new RunLockedError('a process of another machine writes to this run', hint, { file });
}
