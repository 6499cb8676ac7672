/** JSONL corpora: one JSON object a line; blank lines are passed over. */
import { isAscii } from 'node:buffer';
import type { Piece } from './corpusPieces.js';
import type { DocumentVisitor } from './documents.js';
import { CorpusFault } from './errors.js';
import { lineBlocks } from './lineBlocks.js';

const NEWLINE = 0x0a;

/** Reads the objects that begin in a piece and gives the number of its lines. @throws CorpusFault */
export async function readJsonlDocuments(piece: Piece, visitor: DocumentVisitor): Promise<number> {
  let lines = 0;
  for await (const { bytes, line: firstLine } of lineBlocks(piece)) {
    // Bytes of ASCII become a text of one byte a character, twice as fast.
    const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
    let line = firstLine;
    for (let start = 0; start < bytes.length; line += 1) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline;
      const text = bytes.toString(encoding, start, end);
      start = end + 1;
      if (text.trim() !== '') visitor.document(line, parseObject(text, line, newline < 0));
    }
    lines = line - 1;
    visitor.bytes(bytes.length);
  }
  return lines;
}

function parseObject(text: string, line: number, isUnended: boolean): object {
  const fault = (what: string, hint: string) => new CorpusFault({ kind: 'malformed', what, hint, line });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw isUnended
      ? fault(
          'the file ends within this line: it was cut short',
          'Fetch or write the file again, or remove the line.',
        )
      : fault(`not JSON: ${reason}`, 'Each line must be one JSON object.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw fault('not a JSON object', 'Each line must be one JSON object.');
}
