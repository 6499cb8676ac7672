/** CSV after RFC 4180: quoted newlines, any line ending, a header; every fault is reported with its line. */
import { CsvError, parse } from 'csv-parse/sync';
import { EmptySetError, MalformedFileError } from './errors.js';
import type { Row, Table } from './table.js';
import { readUtf8 } from './utf8.js';

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;

/** Our words for the parser's faults: its own hold a line number that counts a quoted `\r\n` as two lines. */
const FAULTS: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  CSV_QUOTE_NOT_CLOSED: {
    what: 'the row that begins here opens a quote that nothing closes',
    hint: 'Close the quote; a quote inside a quoted field is doubled.',
  },
  CSV_INVALID_CLOSING_QUOTE: {
    what: 'text follows a closing quote',
    hint: 'A closing quote ends its field; a quote inside a quoted field is doubled.',
  },
  INVALID_OPENING_QUOTE: {
    what: 'a quote stands inside a field that is not quoted',
    hint: 'Quote the field as a whole and double the quote inside.',
  },
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: {
    what: 'the row has more or fewer fields than the header',
    hint: 'Quote a field that holds a comma or a line break.',
  },
};

/** Reads and parses the whole file. @throws MalformedFileError, NotUtf8Error, EmptySetError, FileAccessError */
export async function openCsv(file: string): Promise<Table> {
  const bytes = await readUtf8(file);
  const [header, ...records] = parseRecords(file, bytes);
  if (!header)
    throw new EmptySetError('the file is empty', 'Write a header and one row a problem.', { file });
  const names = header.fields;
  return {
    file,
    header: names,
    read: async (columns) => {
      const places = columns.map((column) => names.indexOf(column));
      return records.map(({ line, fields }): Row => ({ line, cells: places.map((place) => fields[place]) }));
    },
  };
}

interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

function parseRecords(file: string, bytes: Buffer): CsvRecord[] {
  const records: CsvRecord[] = [];
  const lines = new LineCounter(bytes);
  try {
    parse(bytes, {
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      on_record: (fields: string[], context) => {
        records.push({ line: lines.begin(), fields });
        lines.end(context.bytes);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { what, hint } = FAULTS[error.code] ?? {
      what: error.message,
      hint: 'Write the file with a CSV library.',
    };
    throw new MalformedFileError(what, hint, { file, line: lines.begin() });
  }
  return records;
}

/** Line numbers of records from their byte positions; goes over the bytes once. */
class LineCounter {
  readonly #bytes: Buffer;
  #position = 0;
  #line = 1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The line on which the next record begins: empty lines are passed over. */
  begin(): number {
    let end = this.#position;
    while (this.#bytes[end] === CARRIAGE_RETURN || this.#bytes[end] === NEWLINE) end += 1;
    this.end(end);
    return this.#line;
  }

  /** Moves behind a record that ends (its line ending included) at byte `position`. */
  end(position: number): void {
    for (; this.#position < position; this.#position += 1) {
      const byte = this.#bytes[this.#position];
      const isPair = byte === CARRIAGE_RETURN && this.#bytes[this.#position + 1] === NEWLINE;
      if (byte === NEWLINE || (byte === CARRIAGE_RETURN && !isPair)) this.#line += 1;
    }
  }
}
