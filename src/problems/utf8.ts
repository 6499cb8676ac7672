/** Reads text files byte for byte: a set whose bytes are not UTF-8 is refused, never silently altered. */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { accessError } from '../files.js';
import { NotUtf8Error } from './errors.js';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The bytes of a UTF-8 file without its byte-order mark.
 * @throws NotUtf8Error with the first line that is not UTF-8, FileAccessError
 */
export async function readUtf8(file: string): Promise<Buffer> {
  const bytes = await readFile(file).catch((error) => {
    throw accessError('read', file, error);
  });
  const content = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
  if (!isUtf8(content)) {
    const hint = 'Save the file as UTF-8 (spreadsheets: "CSV UTF-8").';
    throw new NotUtf8Error('the text is not UTF-8', hint, { file, line: firstBadLine(content) });
  }
  return content;
}

/** The lines of `bytes` without their `\n`; what follows the last one counts if it is not empty. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

// No byte of a multi-byte character equals a newline, so lines can be judged one by one.
function firstBadLine(bytes: Buffer): number {
  let line = 0;
  for (const content of linesOf(bytes)) {
    line += 1;
    if (!isUtf8(content)) break;
  }
  return line;
}
