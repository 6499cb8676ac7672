/** Reads gold answers. Scoring opens them after the submission is sealed; nothing that solves may import this file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerValue } from '../core.js';
import type { ErrorPlace } from '../errors.js';
import { type KeyedCell, readKeyed } from './columns.js';
import type { Edition, IntegerEdition } from './editions.js';
import { AnswerOutOfRangeError, BadAnswerError } from './errors.js';
import { isSetFolder } from './problemSet.js';
import { SEALED_KEY_FILE } from './sealedKey.js';
import { openTable } from './table.js';

export interface AnswerKey {
  readonly file: string;
  readonly answers: ReadonlyMap<string, AnswerValue>;
  /** Stands for the answers where some of them are not known, because the key is sealed. */
  readonly digest?: string;
}

/** Reads the text of a free gold answer: its canonical value, or why it has none. */
export type GoldReader = (text: string) => { readonly value: AnswerValue } | { readonly why: string };

/** An integer, leading zeros and outer blanks allowed. More digits than this are no answer of any competition. */
const INTEGER = /^[+-]?\d{1,1000}$/;

/**
 * The file of the answers: in a set folder `answers.sealed.json` if it is there, else `answers.csv`.
 * @throws FileAccessError when nothing is there
 */
export async function keyFileOf(path: string): Promise<string> {
  if (!(await isSetFolder(path))) return path;
  const sealed = join(path, SEALED_KEY_FILE);
  return existsSync(sealed) ? sealed : join(path, 'answers.csv');
}

/**
 * Reads the `answers.csv` of a set folder, or the answer column of a CSV, JSONL or Parquet file. Integers must stand in
 * the edition's range as they are: a modulus is for the answers of models alone.
 * @param readGold for the free edition
 * @throws BadAnswerError, AnswerOutOfRangeError, and what `readProblems` throws of ids, columns and files
 */
export async function readAnswerKey(
  path: string,
  edition: Edition,
  readGold: GoldReader,
): Promise<AnswerKey> {
  const isFolder = await isSetFolder(path);
  const file = isFolder ? join(path, 'answers.csv') : path;
  const cells = await readKeyed(await openTable(file), 'answer', { rowsAsIds: !isFolder });
  return { file, answers: new Map(cells.map((cell) => [cell.id, answerOf(cell, file, edition, readGold)])) };
}

function answerOf(keyed: KeyedCell, file: string, edition: Edition, readGold: GoldReader): AnswerValue {
  const place = { file, line: keyed.line, field: 'answer' };
  return edition.name === 'free' ? freeAnswerOf(keyed, place, readGold) : integerOf(keyed, place, edition);
}

/** In a free set gold answers are read as the model's are, so that equal answers have equal values. */
function freeAnswerOf({ id, cell }: KeyedCell, place: ErrorPlace, readGold: GoldReader): AnswerValue {
  const isText = ['string', 'number', 'bigint'].includes(typeof cell);
  const gold = isText ? readGold(String(cell)) : { why: 'it is no text' };
  if ('value' in gold) return gold.value;
  const hint = 'Write the gold answer in LaTeX, as it stands in a box.';
  throw new BadAnswerError(`the answer to "${id}" cannot be read: ${gold.why}`, hint, place);
}

function integerOf({ id, cell }: KeyedCell, place: ErrorPlace, edition: IntegerEdition): bigint {
  const text = typeof cell === 'string' ? cell.trim() : String(cell ?? '');
  // A JSON number beyond 2^53 has lost digits already when it gets here.
  const isExact = typeof cell !== 'number' || Number.isSafeInteger(cell);
  if (!INTEGER.test(text) || !isExact) {
    const what = text === '' ? `"${id}" has no answer` : `"${text.slice(0, 80)}" is no integer`;
    throw new BadAnswerError(what, 'Gold answers are written as integers: 25, not 25.0.', place);
  }
  const value = BigInt(text.replace('+', ''));
  if (value >= edition.min && value <= edition.max) return value;
  const hint = `Edition ${edition.name} takes ${edition.min} to ${edition.max}: correct the key or choose another edition.`;
  throw new AnswerOutOfRangeError(`${value} is out of range`, hint, place);
}
