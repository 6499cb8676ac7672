/** Streams bytes into a file, small pieces gathered into large writes. */
import { type FileHandle, open } from 'node:fs/promises';
import { BoxedError } from '../errors.js';
import { accessError } from '../files.js';

/** Pieces smaller than this are gathered first: a write call for each row of a table would take longer than the table. */
const GATHER_BYTES = 4 << 20;
/** Bytes given to one write call: the system takes at most 2 GiB at once. */
const WRITE_BYTES = 1 << 30;

/**
 * Creates `file` from `pieces` and waits until the disk has it. A piece may be overwritten once the next is asked for.
 * A file shorter than `length` ends in a hole: it reads as zeros and takes no room on file systems that know holes.
 * @throws FileAccessError when the file cannot be written; errors of `pieces` as they are.
 */
export async function writeSynced(
  file: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  length = 0,
): Promise<void> {
  try {
    const handle = await open(file, 'w');
    try {
      await gather(handle, pieces);
      if ((await handle.stat()).size < length) await handle.truncate(length);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof BoxedError ? error : accessError('write', file, error);
  }
}

async function gather(
  handle: FileHandle,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const gathered = new Uint8Array(GATHER_BYTES);
  let filled = 0;
  const flush = async () => {
    await writeAll(handle, gathered.subarray(0, filled));
    filled = 0;
  };
  for await (const piece of pieces) {
    if (filled + piece.byteLength > GATHER_BYTES) await flush();
    if (piece.byteLength >= GATHER_BYTES) {
      await writeAll(handle, piece);
      continue;
    }
    gathered.set(piece, filled);
    filled += piece.byteLength;
  }
  await flush();
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const length = Math.min(bytes.byteLength - written, WRITE_BYTES);
    written += (await handle.write(bytes, written, length)).bytesWritten;
  }
}
