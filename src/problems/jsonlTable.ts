/** JSONL: one JSON object a line; blank lines are passed over. */
import { MalformedFileError } from './errors.js';
import type { Table } from './table.js';
import { linesOf, readUtf8 } from './utf8.js';

interface JsonRecord {
  readonly line: number;
  readonly values: ReadonlyMap<string, unknown>;
}

/** Reads and parses the whole file; its header is every key that any line has. @throws MalformedFileError, NotUtf8Error */
export async function openJsonl(file: string): Promise<Table> {
  const bytes = await readUtf8(file);
  const records: JsonRecord[] = [];
  const header = new Set<string>();
  let line = 0;
  for (const content of linesOf(bytes)) {
    line += 1;
    const text = content.toString('utf8').trim();
    if (text === '') continue;
    const values = new Map(Object.entries(parseObject(text, file, line)));
    for (const key of values.keys()) header.add(key);
    records.push({ line, values });
  }
  return {
    file,
    header: [...header],
    read: async (columns) =>
      records.map(({ line, values }) => ({ line, cells: columns.map((column) => values.get(column)) })),
  };
}

function parseObject(text: string, file: string, line: number): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MalformedFileError(`not JSON: ${reason}`, 'Each line must be one JSON object.', { file, line });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new MalformedFileError('not a JSON object', 'Each line must be one JSON object.', { file, line });
}
