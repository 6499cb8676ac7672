/** Reads a set of problems: ids and texts, exactly as they stand in the file, and nothing else of it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { z } from 'zod';
import type { Problem } from '../core.js';
import { accessError, digestOf, systemCode } from '../files.js';
import { type KeyedCell, readKeyed } from './columns.js';
import { BadProblemError, BadSetError } from './errors.js';
import { openTable } from './table.js';

export interface ProblemSet {
  readonly name: string;
  readonly title: string;
  /** Name of the competition edition whose rules hold; `null` when the set names none. */
  readonly edition: string | null;
  /** User message that the set asks for, with `{problem}` in it; `null` when it leaves that to the run. */
  readonly prompt: string | null;
  /** When the problems were published: a year, a month or a day (`2024-02-01`); `null` when the set does not say. */
  readonly date: string | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** SHA-256 of ids and texts; independent of the file's format and of the order of its rows. */
  readonly digest: string;
  /** SHA-256 of the file of the answers, as `set.json` names it, so that a run can be held to it unread; `null` without. */
  readonly answersDigest: string | null;
  /** The file that the problems were read from. */
  readonly file: string;
}

/** A year, a month or a day. */
export const DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;

const SetDescription = z.object({
  name: z.string().min(1),
  title: z.string().min(1),
  edition: z.string().min(1).nullable(),
  prompt: z.string().includes('{problem}').optional(),
  date: z.string().regex(DATE, 'a date is written as 2024, 2024-02 or 2024-02-01').optional(),
  source: z.string(),
  answersDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

/**
 * Reads a set folder (`set.json` and `test.csv`) or a CSV, JSONL or Parquet file. Answers and solutions in the file
 * are left behind. A file given directly may lack ids; its rows are then numbered from 1.
 * @throws BadSetError, MissingColumnError, BadIdError, DuplicateIdError, BadProblemError, EmptySetError,
 * MalformedFileError, NotUtf8Error, UnknownFileTypeError, FileTooLargeError, FileAccessError
 */
export async function readProblems(path: string): Promise<ProblemSet> {
  const isFolder = await isSetFolder(path);
  const file = isFolder ? join(path, 'test.csv') : path;
  const description = isFolder ? await readDescription(join(path, 'set.json')) : nameless(path);
  const cells = await readKeyed(await openTable(file), 'problem', { rowsAsIds: !isFolder });
  const problems = cells.map((cell) => ({ id: cell.id, text: textOf(cell, file) }));
  const { name, title, edition, prompt = null, date = null, answersDigest = null } = description;
  const digest = digestOfProblems(problems);
  return { name, title, edition, prompt, date, problems, digest, answersDigest, file };
}

/** SHA-256 of the pairs of id and text, sorted by id in code-unit order, as JSON. */
function digestOfProblems(problems: readonly Problem[]): string {
  const pairs = problems.map(({ id, text }) => [id, text] as const);
  return digestOf(JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))));
}

/** Whether a path given by the user is a folder. @throws FileAccessError when nothing is there */
export async function isSetFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw accessError('read', path, error);
  }
}

function nameless(path: string): z.infer<typeof SetDescription> {
  const name = basename(path, extname(path));
  return { name, title: name, edition: null, source: path };
}

async function readDescription(file: string): Promise<z.infer<typeof SetDescription>> {
  const hint =
    'A set folder holds set.json with name, title, edition (or null), source and perhaps prompt and date, and test.csv.';
  let value: unknown;
  try {
    value = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadSetError(`not JSON: ${error.message}`, hint, { file });
    if (systemCode(error) === 'ENOENT') throw new BadSetError('the file is missing', hint, { file });
    throw accessError('read', file, error);
  }
  const parsed = SetDescription.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BadSetError(issue?.message ?? 'not as described', hint, { file, field: issue?.path.join('.') });
}

function textOf({ cell, line }: KeyedCell, file: string): string {
  if (typeof cell === 'string' && cell.trim() !== '') return cell;
  const isNothing = cell === undefined || cell === null || typeof cell === 'string';
  const what = isNothing ? 'the problem is empty' : 'the problem is not a text';
  throw new BadProblemError(what, 'Write the problem, or remove the row.', { file, line, field: 'problem' });
}
