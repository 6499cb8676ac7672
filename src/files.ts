/** Small file verbs used by several rooms: atomic replacement, digests, folders that must be writable. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BoxedError } from './errors.js';

/** A file or folder that the system will not let us read or write. */
export class FileAccessError extends BoxedError {
  override readonly name = 'FileAccessError';
}

/** The system's error code (`ENOENT`, `EACCES`, …) of a caught value, if it has one. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: an error of Node's own is of another realm where modules run in a context of their own (jest).
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Names of files that are not there yet under their own. */
const TEMPORARY = /^\.[0-9a-f]{12}\.tmp$/;
const temporaryIn = (folder: string) => join(folder, `.${randomBytes(6).toString('hex')}.tmp`);

/**
 * Replaces `file` by `content` so that a reader, or a crash, sees the old or the new file and nothing between.
 * @throws FileAccessError when the folder cannot be written.
 */
export async function writeAtomically(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryIn(dirname(file));
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw accessError('write', file, error);
  }
}

/** Creates `folder` and its parents. @throws FileAccessError when that is not possible or it cannot be written to. */
export async function makeWritableFolder(folder: string): Promise<void> {
  const probe = temporaryIn(folder);
  try {
    await mkdir(folder, { recursive: true });
    await (await open(probe, 'w')).close();
    // Somebody else may have cleared it away.
    await rm(probe, { force: true });
  } catch (error) {
    throw accessError('write to', folder, error);
  }
}

/**
 * Clears away what writers that were killed in the middle of `writeAtomically` left in a folder; for whoever alone writes there.
 * @throws FileAccessError
 */
export async function removeTemporaries(folder: string): Promise<void> {
  try {
    const left = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
    for (const name of left) await rm(join(folder, name), { force: true });
  } catch (error) {
    throw accessError('write to', folder, error);
  }
}

/** Bytes that may still be written where `folder` is, or would be made. @throws FileAccessError */
export async function freeDiskBytes(folder: string): Promise<number> {
  let place = resolve(folder);
  while (!existsSync(place)) place = dirname(place);
  try {
    const { bavail, bsize } = await statfs(place);
    return bavail * bsize;
  } catch (error) {
    throw accessError('measure', place, error);
  }
}

/** Reads a whole UTF-8 text file without its byte-order mark. @throws FileAccessError */
export async function readText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  } catch (error) {
    throw accessError('read', file, error);
  }
}

/** SHA-256 of a string or buffer, in hexadecimal. */
export function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file's content, streamed. @throws FileAccessError */
export async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
  } catch (error) {
    throw accessError('read', file, error);
  }
  return hash.digest('hex');
}

/** Turns a system error into one that names the file and what to do. */
export function accessError(verb: string, file: string, error: unknown): FileAccessError {
  const code = systemCode(error);
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  const hint =
    code === 'ENOENT'
      ? 'Check the path.'
      : code === 'ENOSPC' || code === 'EDQUOT'
        ? 'The disk is full: free some space or choose another folder.'
        : 'Check the permissions, or choose another place.';
  return new FileAccessError(`cannot ${verb} it (${reason})`, hint, { file });
}
