/** Streams a text file as blocks of whole lines that are known to be UTF-8. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { systemCode } from '../files.js';
import type { Piece } from './corpusPieces.js';
import { CorpusFault } from './errors.js';

/** A block of whole lines. */
export interface LineBlock {
  readonly bytes: Buffer;
  /** Number of its first line, counted from 1 at the beginning of the piece. */
  readonly line: number;
}

const CHUNK_BYTES = 2 ** 20;
/** A line is in memory several times over (bytes, text, tokens); the longest novels have 5 MB. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines that begin in a piece. Blocks end with a newline, but for a last line without one.
 * @throws CorpusFault
 */
export async function* lineBlocks(piece: Piece): AsyncGenerator<LineBlock> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 1;
  for await (const chunk of lineAlignedChunks(piece)) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      rest.push(chunk);
      restBytes += chunk.length;
      if (restBytes > MAX_LINE_BYTES) throw tooLong(line);
      continue;
    }
    const bytes =
      rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...rest, chunk.subarray(0, end)]);
    if (restBytes > 0 && bytes.indexOf(NEWLINE) > MAX_LINE_BYTES) throw tooLong(line);
    requireUtf8(bytes, line);
    yield { bytes, line };
    line += countNewlines(bytes);
    rest = end === chunk.length ? [] : [Buffer.from(chunk.subarray(end))];
    restBytes = chunk.length - end;
  }
  if (restBytes === 0) return;
  const bytes = Buffer.concat(rest);
  requireUtf8(bytes, line);
  yield { bytes, line };
}

/** The bytes of a piece from the beginning of its first line to the end of its last one. */
async function* lineAlignedChunks(piece: Piece): AsyncGenerator<Buffer> {
  const isRange = !piece.gzip && piece.format === 'jsonl';
  const chunks = piece.gzip
    ? inflatedChunks(piece.file)
    : plainChunks(piece.file, Math.max(0, piece.start - 1));
  let position = piece.gzip ? 0 : Math.max(0, piece.start - 1);
  let isBegun = piece.start === 0;
  let isFirst = true;
  for await (const whole of chunks) {
    let chunk = whole;
    if (!isBegun) {
      // The byte before the piece tells whether a line begins with it.
      const newline = chunk.indexOf(NEWLINE);
      const skipped = newline < 0 ? chunk.length : newline + 1;
      position += skipped;
      chunk = chunk.subarray(skipped);
      isBegun = newline >= 0;
      if (position >= piece.end) return;
      if (!isBegun || chunk.length === 0) continue;
    } else if (isFirst && piece.start === 0 && chunk.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
      position += 3;
      chunk = chunk.subarray(3);
    }
    isFirst = false;
    if (isRange && position + chunk.length >= piece.end) {
      // The last line ends with the first newline at or behind the last byte of the piece.
      const newline = chunk.indexOf(NEWLINE, Math.max(0, piece.end - 1 - position));
      if (newline >= 0) {
        yield chunk.subarray(0, newline + 1);
        return;
      }
    }
    position += chunk.length;
    yield chunk;
  }
}

async function* plainChunks(file: string, start: number): AsyncGenerator<Buffer> {
  const handle = await open(file).catch((error) => {
    throw accessFault(error);
  });
  try {
    for (let position = start; ; ) {
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(CHUNK_BYTES),
        0,
        CHUNK_BYTES,
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof CorpusFault || systemCode(error) === undefined ? error : accessFault(error);
  } finally {
    await handle.close();
  }
}

async function* inflatedChunks(file: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const source = createReadStream(file).on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (/^E(?!RR_)/.test(code)) throw accessFault(error);
    if (!code.startsWith('Z_')) throw error;
    const what =
      code === 'Z_BUF_ERROR'
        ? 'the compressed data ends early: the file was cut short'
        : `it cannot be decompressed (${error instanceof Error ? error.message : code})`;
    throw new CorpusFault({ kind: 'malformed', what, hint: 'Fetch or write the file again.' });
  } finally {
    source.destroy();
  }
}

function accessFault(error: unknown): CorpusFault {
  return new CorpusFault({ kind: 'access', what: systemCode(error) ?? 'unknown', hint: '' });
}

function tooLong(line: number): CorpusFault {
  return new CorpusFault({
    kind: 'too-large',
    what: `the line has more than ${MAX_LINE_BYTES / 2 ** 20} MiB`,
    hint: 'Each line is one document, held in memory as a whole: split it into several.',
    line,
  });
}

function requireUtf8(block: Buffer, firstLine: number): void {
  if (isUtf8(block)) return;
  let start = 0;
  for (let line = firstLine; ; line += 1) {
    const newline = block.indexOf(NEWLINE, start);
    const end = newline < 0 ? block.length : newline + 1;
    const bytes = block.subarray(start, end);
    if (!isUtf8(bytes)) {
      const byte = firstBadByte(bytes);
      const what = `byte ${byte + 1} of the line (0x${bytes[byte]!.toString(16)}) is not UTF-8`;
      const hint = 'Save the file as UTF-8: what is read wrongly would be missed.';
      throw new CorpusFault({ kind: 'not-utf8', what, hint, line });
    }
    start = end;
  }
}

/** Where the first character begins that is not UTF-8. */
function firstBadByte(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return bytes.length - 1;
}

export function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
