/** Positioned reads from an open file. */
import type { FileHandle } from 'node:fs/promises';
import { accessError } from '../files.js';
import { TruncatedWeightsError } from './errors.js';

/** Linux moves at most 2^31 - 4096 bytes in one read, and Node refuses 2^31 or more; a round number below. */
const READ_BYTES_CAP = 2 ** 30;

/**
 * Fills `target` with the bytes of the file from `position` on.
 * @throws TruncatedWeightsError when the file ends before, FileAccessError when the system refuses.
 */
export async function readExactly(
  handle: FileHandle,
  file: string,
  target: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < target.byteLength) {
    const length = Math.min(target.byteLength - done, READ_BYTES_CAP);
    const bytesRead = await read(handle, file, target, done, length, position + done);
    if (bytesRead === 0) throw new TruncatedWeightsError(file, position + target.byteLength, position + done);
    done += bytesRead;
  }
}

async function read(
  handle: FileHandle,
  file: string,
  target: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(target, offset, length, position)).bytesRead;
  } catch (error) {
    throw accessError('read', file, error);
  }
}
