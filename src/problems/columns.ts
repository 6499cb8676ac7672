/** The names under which the world's problem sets keep ids, problems and answers, and how a cell becomes an id. */
import {
  AmbiguousColumnError,
  BadIdError,
  DuplicateIdError,
  EmptySetError,
  MissingColumnError,
} from './errors.js';
import type { Row, Table } from './table.js';

/** Names looked for, in this order and in any case. */
export const COLUMN_NAMES = {
  id: ['id', 'problem_idx', 'unique_id'],
  problem: ['problem', 'question', 'prompt', 'text'],
  answer: ['answer', 'expected_answer', 'final_answer', 'ground_truth'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Column = keyof typeof COLUMN_NAMES;

/**
 * The file's own name of a column, `null` when it has none.
 * @throws AmbiguousColumnError when two columns have the same name, case aside
 */
function findColumn(table: Table, column: Column): string | null {
  for (const name of COLUMN_NAMES[column]) {
    const matches = table.header.filter((candidate) => candidate.toLowerCase() === name);
    if (matches.length > 1) {
      const what = `the columns ${matches.map((match) => `"${match}"`).join(' and ')} have one name`;
      throw new AmbiguousColumnError(what, 'Rename or remove one of them.', {
        file: table.file,
        field: column,
      });
    }
    if (matches[0] !== undefined) return matches[0];
  }
  return null;
}

/** The file's own name of a column it must have. @throws MissingColumnError, AmbiguousColumnError */
export function requireColumn(table: Table, column: Column): string {
  const found = findColumn(table, column);
  if (found !== null) return found;
  const header = table.header.map((name) => `"${name}"`).join(', ') || 'nothing';
  const what = `no ${column} column; the header has ${header}`;
  const hint = `Name the column one of: ${COLUMN_NAMES[column].join(', ')}.`;
  throw new MissingColumnError(what, hint, { file: table.file, field: column });
}

/** A row's id and its one other cell. */
export interface KeyedCell {
  readonly id: string;
  readonly cell: unknown;
  readonly line: number;
}

/**
 * Reads a column together with the ids.
 * @param rowsAsIds takes the numbers of the rows, from 1, as ids if the file has a problem column and no id column
 * @throws MissingColumnError, BadIdError, DuplicateIdError, EmptySetError
 */
export async function readKeyed(
  table: Table,
  column: Column,
  { rowsAsIds }: { readonly rowsAsIds: boolean },
): Promise<readonly KeyedCell[]> {
  const { file } = table;
  const wanted = requireColumn(table, column);
  // An answer file without ids belongs to nothing: its rows are numbered only where the problems stand beside them.
  const numbered = rowsAsIds && findColumn(table, 'id') === null && findColumn(table, 'problem') !== null;
  const idColumn = numbered ? null : requireColumn(table, 'id');
  const rows = await table.read(idColumn === null ? [wanted] : [wanted, idColumn]);
  if (rows.length === 0)
    throw new EmptySetError('the file has no rows', 'Write one row a problem.', { file });
  const lineOf = new Map<string, number>();
  return rows.map((row, index) => {
    const { line } = row;
    const id = idColumn === null ? String(index + 1) : idOf(row, file, idColumn);
    const earlier = lineOf.get(id);
    if (earlier !== undefined) {
      const what = `the id "${id}" stands in line ${earlier} already`;
      throw new DuplicateIdError(what, 'Give every problem its own id.', {
        file,
        line,
        field: idColumn ?? 'id',
      });
    }
    lineOf.set(id, line);
    return { id, cell: row.cells[0], line };
  });
}

/** Ids are text: whole numbers of JSON and Parquet become their digits, a text stays as it is (`192e23`). */
function idOf({ cells, line }: Row, file: string, field: string): string {
  const cell = cells[1];
  if (typeof cell === 'bigint' || Number.isSafeInteger(cell)) return String(cell);
  if (typeof cell === 'string' && cell.trim() !== '') return cell;
  const isNothing = cell === undefined || cell === null || typeof cell === 'string';
  const what = isNothing ? 'the id is empty' : `an id cannot be ${JSON.stringify(cell)}`;
  throw new BadIdError(what, 'Give every problem an id of its own, as text.', { file, line, field });
}
