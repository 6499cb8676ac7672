/** Parquet corpora: a row is a document; only columns of bytes are decoded, one group of rows at a time. */
import { isUtf8 } from 'node:buffer';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { accessError, systemCode } from '../files.js';
import { MalformedFileError } from '../problems/errors.js';
import { PARQUET_COMPRESSORS } from '../problems/parquetTable.js';
import type { Piece } from './corpusPieces.js';
import type { DocumentVisitor } from './documents.js';
import { CorpusFault, DocumentTooLargeError } from './errors.js';

/** A group of rows is in memory as a whole, twice over, in each worker. Writers make groups of 128 MiB at most by default. */
const MAX_GROUP_BYTES = 512 * 2 ** 20;

const HINT = 'Check that it is a whole Parquet file; write it uncompressed or with snappy, gzip or brotli.';

/** Groups of rows: first row and the one after the last, and the bytes that its texts take in the file. */
interface RowGroup {
  readonly rows: readonly [start: number, end: number];
  readonly bytes: number;
}

/** Reads the footer. @throws MalformedFileError, DocumentTooLargeError, FileAccessError */
export async function openParquetCorpus(file: string) {
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    const columns = parquetSchema(metadata)
      .children.filter((column) => hasBytes(column))
      .map(({ element }) => element.name);
    const groups: RowGroup[] = [];
    let row = 0;
    for (const { num_rows, columns: chunks } of metadata.row_groups) {
      const texts = chunks.flatMap(({ meta_data }) =>
        meta_data && columns.includes(meta_data.path_in_schema[0]!) ? [meta_data] : [],
      );
      const inflated = texts.reduce(
        (sum, { total_uncompressed_size }) => sum + Number(total_uncompressed_size),
        0,
      );
      if (inflated > MAX_GROUP_BYTES)
        throw new DocumentTooLargeError(
          `the group of rows from row ${row + 1} on has ${Math.round(inflated / 2 ** 20)} MiB of text`,
          `A group is held in memory as a whole: write groups of at most ${MAX_GROUP_BYTES / 2 ** 20} MiB.`,
          { file },
        );
      const bytes = texts.reduce((sum, { total_compressed_size }) => sum + Number(total_compressed_size), 0);
      groups.push({ rows: [row, row + Number(num_rows)], bytes });
      row += Number(num_rows);
    }
    // A file without rows still is a piece, so that it is noticed.
    if (groups.length === 0) groups.push({ rows: [0, 0], bytes: 0 });
    return { buffer, metadata, columns, groups };
  } catch (error) {
    if (error instanceof DocumentTooLargeError) throw error;
    if (isOfSystem(error)) throw accessError('read', file, error);
    throw new MalformedFileError(messageOf(error), HINT, { file });
  }
}

/** Reads the rows of a piece and gives their number. @throws CorpusFault, and what opening throws */
export async function readParquetDocuments(piece: Piece, visitor: DocumentVisitor): Promise<number> {
  const { file, start, end, fileBytes } = piece;
  const { buffer, metadata, columns } = await openParquetCorpus(file);
  if (columns.length === 0 || end === start) return 0;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({
      file: buffer,
      metadata,
      columns,
      rowStart: start,
      rowEnd: end,
      compressors: PARQUET_COMPRESSORS,
      parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8Of(bytes, start, end) },
    });
  } catch (error) {
    if (error instanceof CorpusFault) throw error;
    if (isOfSystem(error)) throw new CorpusFault({ kind: 'access', what: systemCode(error)!, hint: '' });
    throw new CorpusFault({
      kind: 'malformed',
      what: `rows ${start + 1} to ${end}: ${messageOf(error)}`,
      hint: HINT,
    });
  }
  for (const [offset, row] of rows.entries()) visitor.document(start + offset + 1, row);
  visitor.bytes(fileBytes);
  return end - start;
}

function utf8Of(bytes: Uint8Array, start: number, end: number): string {
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  throw new CorpusFault({
    kind: 'not-utf8',
    what: `a text in rows ${start + 1} to ${end} is not UTF-8`,
    hint: 'Write texts as UTF-8, and drop columns of raw bytes.',
  });
}

interface SchemaNode {
  readonly element: { readonly type?: string };
  readonly children: readonly SchemaNode[];
}

function hasBytes({ element, children }: SchemaNode): boolean {
  return element.type === 'BYTE_ARRAY' || children.some(hasBytes);
}

function isOfSystem(error: unknown): boolean {
  return /^E(?!RR_)/.test(systemCode(error) ?? '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
