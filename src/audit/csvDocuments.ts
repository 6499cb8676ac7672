/** CSV corpora after RFC 4180, streamed: a row is a document, a quoted field may hold line breaks. */
import type { Piece } from './corpusPieces.js';
import type { DocumentVisitor } from './documents.js';
import { CorpusFault } from './errors.js';
import { lineBlocks, MAX_LINE_BYTES } from './lineBlocks.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Reads the rows below the header and gives the number of lines. @throws CorpusFault */
export async function readCsvDocuments(piece: Piece, visitor: DocumentVisitor): Promise<number> {
  let header: readonly string[] | null = null;
  const rows = new RowReader((fields, line) => {
    if (header === null) {
      header = fields;
      return;
    }
    const names = header;
    if (fields.length !== names.length)
      throw malformed(
        `the row has ${fields.length} fields, the header ${names.length}`,
        'Quote a field that holds a comma or a line break.',
        line,
      );
    visitor.document(line, Object.fromEntries(fields.map((field, column) => [names[column], field])));
  });
  for await (const { bytes } of lineBlocks(piece)) {
    rows.read(bytes.toString('utf8'));
    visitor.bytes(bytes.length);
  }
  return rows.end();
}

type Where = 'start' | 'plain' | 'quoted' | 'after-quote';

/** Cuts text into rows of fields; it may come in any portions that do not end within `\r\n`. */
class RowReader {
  readonly #onRow: (fields: string[], line: number) => void;
  #fields: string[] = [];
  #field = '';
  #where: Where = 'start';
  #line = 1;
  /** The line on which the row began. */
  #rowLine = 1;

  constructor(onRow: (fields: string[], line: number) => void) {
    this.#onRow = onRow;
  }

  read(text: string): void {
    let at = 0;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      switch (this.#where) {
        case 'start':
          this.#where = code === QUOTE ? 'quoted' : 'plain';
          if (code === QUOTE) at += 1;
          break;
        case 'quoted': {
          const quote = text.indexOf('"', at);
          const end = quote < 0 ? text.length : quote;
          this.#take(text.slice(at, end));
          at = end + 1;
          if (quote >= 0) this.#where = 'after-quote';
          break;
        }
        case 'after-quote':
          if (code === QUOTE) {
            this.#field += '"';
            this.#where = 'quoted';
            at += 1;
          } else if (isEnd(code)) at = this.#endField(text, at);
          else
            throw malformed(
              'text follows a closing quote',
              'A closing quote ends its field; a quote inside a quoted field is doubled.',
              this.#rowLine,
            );
          break;
        case 'plain': {
          let end = at;
          while (end < text.length && !isEnd(text.charCodeAt(end))) end += 1;
          const field = text.slice(at, end);
          if (field.includes('"'))
            throw malformed(
              'a quote stands inside a field that is not quoted',
              'Quote the field as a whole and double the quote inside.',
              this.#rowLine,
            );
          this.#field += field;
          at = end < text.length ? this.#endField(text, end) : end;
          break;
        }
        default:
          this.#where satisfies never;
      }
    }
  }

  /** Ends the last row and gives the number of lines. */
  end(): number {
    if (this.#where === 'quoted')
      throw malformed(
        'the row that begins here opens a quote that nothing closes: the file was cut short, or a quote is missing',
        'Fetch or write the file again, or close the quote.',
        this.#rowLine,
      );
    this.#endRow();
    return this.#line;
  }

  #take(part: string): void {
    this.#field += part;
    for (let at = 0; at < part.length; at += 1) {
      const code = part.charCodeAt(at);
      if (code === NEWLINE || (code === CARRIAGE_RETURN && part.charCodeAt(at + 1) !== NEWLINE))
        this.#line += 1;
    }
    if (this.#field.length > MAX_LINE_BYTES)
      throw new CorpusFault({
        kind: 'too-large',
        what: `a field of the row that begins here has more than ${MAX_LINE_BYTES / 2 ** 20} MiB`,
        hint: 'Close its quote, or split the document into several.',
        line: this.#rowLine,
      });
  }

  #endField(text: string, at: number): number {
    if (text.charCodeAt(at) === COMMA) {
      this.#fields.push(this.#field);
      this.#field = '';
      this.#where = 'start';
      return at + 1;
    }
    this.#endRow();
    this.#line += 1;
    this.#rowLine = this.#line;
    const isPair = text.charCodeAt(at) === CARRIAGE_RETURN && text.charCodeAt(at + 1) === NEWLINE;
    return at + (isPair ? 2 : 1);
  }

  /** An empty line is no row. */
  #endRow(): void {
    const isEmpty = this.#fields.length === 0 && this.#field === '' && this.#where !== 'after-quote';
    const fields = isEmpty ? [] : [...this.#fields, this.#field];
    this.#fields = [];
    this.#field = '';
    this.#where = 'start';
    if (!isEmpty) this.#onRow(fields, this.#rowLine);
  }
}

function isEnd(code: number): boolean {
  return code === COMMA || code === NEWLINE || code === CARRIAGE_RETURN;
}

function malformed(what: string, hint: string, line: number): CorpusFault {
  return new CorpusFault({ kind: 'malformed', what, hint, line });
}
