/** Reads the documents of a piece, whatever its format, and hands over the texts of each. */
import type { Piece } from './corpusPieces.js';
import { readCsvDocuments } from './csvDocuments.js';
import { readJsonlDocuments } from './jsonlDocuments.js';
import { readParquetDocuments } from './parquetDocuments.js';

/** What a reader calls for each document. */
export interface DocumentVisitor {
  /**
   * @param line within the piece, from 1; of Parquet the number of the row in the file
   * @param value its fields by name; texts may be anywhere in it
   */
  document(line: number, value: object): void;
  /** Bytes that were read, decompressed. */
  bytes(count: number): void;
}

/** Reads a piece and gives its number of lines. @throws CorpusFault */
export async function readDocuments(piece: Piece, visitor: DocumentVisitor): Promise<number> {
  switch (piece.format) {
    case 'jsonl':
      return readJsonlDocuments(piece, visitor);
    case 'csv':
      return readCsvDocuments(piece, visitor);
    case 'parquet':
      return readParquetDocuments(piece, visitor);
    default:
      return piece.format satisfies never;
  }
}

/** A text and the names that lead to it, joined by dots; places in lists are left out: `messages.content`. */
export type FieldText = readonly [field: string, text: string];

/** Nothing that people wrote is nested deeper, and no call stack ends before. */
const MAX_DEPTH = 200;

/**
 * All texts of a value, or those in the fields named (`messages` names all that is in it).
 * @param fields null for all
 */
export function textsOf(value: object, fields: readonly string[] | null): FieldText[] {
  const texts: FieldText[] = [];
  const collect = (part: unknown, field: string, depth: number): void => {
    if (typeof part === 'string') {
      if (fields === null || fields.some((name) => field === name || field.startsWith(`${name}.`)))
        texts.push([field, part]);
    } else if (Array.isArray(part)) {
      if (depth < MAX_DEPTH) for (const element of part) collect(element, field, depth + 1);
    } else if (typeof part === 'object' && part !== null && depth < MAX_DEPTH)
      for (const [name, element] of Object.entries(part))
        collect(element, field === '' ? name : `${field}.${name}`, depth + 1);
  };
  collect(value, '', 0);
  return texts;
}
