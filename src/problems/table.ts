/** One face for CSV, JSONL and Parquet: a header and, for the columns asked for alone, rows of cells. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { accessError } from '../files.js';
import { openCsv } from './csvTable.js';
import { FileTooLargeError, UnknownFileTypeError } from './errors.js';
import { openJsonl } from './jsonlTable.js';
import { openParquet } from './parquetTable.js';

/** A cell is `undefined` or `null` where the row does not have the column. */
export type Cell = unknown;

/** A row of a table, and the line of the file on which it begins (in Parquet: the number of the row, from 1). */
export interface Row {
  readonly line: number;
  /** In the order of the columns asked for. */
  readonly cells: readonly Cell[];
}

/** A file whose header is known and whose rows are still to be asked for. */
export interface Table {
  readonly file: string;
  readonly header: readonly string[];
  /** Reads these columns of the header and no other: what is not asked for (an answer, a solution) is left behind. */
  read(columns: readonly string[]): Promise<readonly Row[]>;
}

/** A set of 100,000 long problems is below this; a larger file is a corpus given by mistake. */
const MAX_FILE_BYTES = 512 * 2 ** 20;

const FILE_TYPES = ['.csv', '.jsonl', '.parquet'] as const;
type FileType = (typeof FILE_TYPES)[number];

/**
 * Opens a file by its extension, in any case.
 * @throws UnknownFileTypeError, FileTooLargeError, NotUtf8Error, MalformedFileError, FileAccessError
 */
export async function openTable(file: string): Promise<Table> {
  const type = fileTypeOf(file);
  const { size } = await stat(file).catch((error) => {
    throw accessError('read', file, error);
  });
  if (size > MAX_FILE_BYTES) {
    const hint = `Give a file of at most ${MAX_FILE_BYTES / 2 ** 20} MiB, or split it.`;
    throw new FileTooLargeError(`${Math.round(size / 2 ** 20)} MiB are too much for a problem set`, hint, {
      file,
    });
  }
  switch (type) {
    case '.csv':
      return openCsv(file);
    case '.jsonl':
      return openJsonl(file);
    case '.parquet':
      return openParquet(file);
    default:
      return type satisfies never;
  }
}

function fileTypeOf(file: string): FileType {
  const extension = extname(file).toLowerCase();
  const type = FILE_TYPES.find((known) => known === extension);
  if (type) return type;
  const what = extension
    ? `files of type ${extension} are not read`
    : 'a file without an extension is not read';
  throw new UnknownFileTypeError(what, `Give a set folder or a file of type ${FILE_TYPES.join(', ')}.`, {
    file,
  });
}
