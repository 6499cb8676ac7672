/** Cuts corpus files into pieces that workers read on their own. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { accessError } from '../files.js';
import { UnknownFileTypeError } from '../problems/errors.js';
import { openParquetCorpus } from './parquetDocuments.js';

export type CorpusFormat = 'jsonl' | 'csv' | 'parquet';

/** A part of a file: a range of bytes (JSONL), a range of rows (Parquet), or all of it (CSV, anything compressed). */
export interface Piece {
  readonly file: string;
  readonly format: CorpusFormat;
  readonly gzip: boolean;
  /** First byte or row, and the one after the last. A line belongs to the piece in which it begins. */
  readonly start: number;
  readonly end: number;
  /** Bytes of the file that belong to it. */
  readonly fileBytes: number;
}

/** Small enough that two workers end at about the same time, large enough that a piece costs nothing by itself. */
const PIECE_BYTES = 16 * 2 ** 20;

const FORMATS: Readonly<Record<string, CorpusFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.parquet': 'parquet',
};

/**
 * The pieces of a file, in order.
 * @throws UnknownFileTypeError, FileAccessError, MalformedFileError, DocumentTooLargeError
 */
export async function piecesOf(file: string): Promise<Piece[]> {
  const gzip = extname(file).toLowerCase() === '.gz';
  const extension = extname(gzip ? file.slice(0, -'.gz'.length) : file).toLowerCase();
  const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension] : undefined;
  if (format === undefined || (gzip && format === 'parquet')) {
    const what = `corpora of type ${extname(file) || '(no extension)'} are not read`;
    const hint = 'Give files of type .jsonl, .ndjson or .csv, compressed (.gz) or not, or .parquet.';
    throw new UnknownFileTypeError(what, hint, { file });
  }
  const status = await stat(file).catch((error) => {
    throw accessError('read', file, error);
  });
  if (status.isDirectory()) throw accessError('read', file, { code: 'EISDIR' });
  const { size } = status;
  if (format === 'parquet') {
    const { groups } = await openParquetCorpus(file);
    return groups.map(
      ({ rows: [start, end], bytes }): Piece => ({ file, format, gzip, start, end, fileBytes: bytes }),
    );
  }
  if (gzip || format === 'csv') return [{ file, format, gzip, start: 0, end: size, fileBytes: size }];
  return Array.from({ length: Math.max(1, Math.ceil(size / PIECE_BYTES)) }, (_, number): Piece => {
    const start = number * PIECE_BYTES;
    const end = Math.min(size, start + PIECE_BYTES);
    return { file, format, gzip, start, end, fileBytes: end - start };
  });
}
