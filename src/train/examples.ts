/** Problems with worked solutions, as token sequences to learn from. */
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { BoxedError } from '../errors.js';
import { openTable, type Table } from '../problems/table.js';
import { promptFor } from '../solve/prompt.js';
import type { TrainingText } from './batch.js';

/** Names of the columns, in the order in which they are looked for, in any case. */
const PROMPT_COLUMNS = ['problem', 'question', 'prompt'];
const COMPLETION_COLUMNS = ['completion', 'solution', 'trace', 'response'];

/** A training file that cannot be learnt from. */
export class BadExampleError extends BoxedError {
  override readonly name = 'BadExampleError';
}

/** A problem and what is to be said about it, the end token not counted. */
export interface Example {
  readonly problem: string;
  readonly completion: string;
}

/** What becomes of an example that does not fit. */
export type TooLong = 'drop' | 'truncate';

export interface EncodedExamples {
  readonly texts: readonly TrainingText[];
  readonly dropped: number;
  readonly truncated: number;
}

/**
 * Reads a CSV, JSONL or Parquet file with a problem and a completion in each row.
 * @throws BadExampleError (line, field) and the errors of `openTable`
 */
export async function readExamples(file: string): Promise<Example[]> {
  const table = await openTable(file);
  const columns = [columnOf(table, PROMPT_COLUMNS), columnOf(table, COMPLETION_COLUMNS)];
  const rows = await table.read(columns);
  if (rows.length === 0) throw new BadExampleError('it holds no example', 'Give a file with rows.', { file });
  return rows.map(({ line, cells }) => {
    for (const [at, cell] of cells.entries()) {
      if (typeof cell === 'string' && cell.trim() !== '') continue;
      const what = typeof cell === 'string' ? 'it is empty' : 'it is not a text';
      throw new BadExampleError(what, 'Write a text, or remove the row.', { file, line, field: columns[at] });
    }
    return { problem: cells[0] as string, completion: cells[1] as string };
  });
}

/**
 * Prompts as the chat template gives them, then the completion and the end token, which alone are learnt. A sequence longer than
 * `maxTokens` is dropped, or cut and then without its end.
 * @param prompt template with `{problem}`
 */
export function encodeExamples(
  examples: readonly Example[],
  tokenizer: ChatTokenizer,
  { prompt, maxTokens, tooLong }: { prompt: string; maxTokens: number; tooLong: TooLong },
): EncodedExamples {
  const end = tokenizer.eosToken === null ? [] : tokenizer.encodeContinuation(tokenizer.eosToken);
  const texts: TrainingText[] = [];
  let [dropped, truncated] = [0, 0];
  for (const { problem, completion } of examples) {
    const content = promptFor({ id: '', text: problem }, prompt);
    const given = tokenizer.encodeChat([{ role: 'user', content }]);
    const tokens = [...given, ...tokenizer.encodeContinuation(completion), ...end];
    if (tokens.length <= maxTokens) texts.push({ tokens, learnFrom: given.length });
    else if (tooLong === 'truncate' && given.length < maxTokens) {
      texts.push({ tokens: tokens.slice(0, maxTokens), learnFrom: given.length });
      truncated += 1;
    } else dropped += 1;
  }
  return { texts, dropped, truncated };
}

function columnOf(table: Table, names: readonly string[]): string {
  for (const name of names) {
    const found = table.header.find((column) => column.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  throw new BadExampleError(
    `no column is called ${names.join(', ')}; the header has ${table.header.join(', ') || 'nothing'}`,
    'Rename the columns: problem and completion.',
    { file: table.file },
  );
}
