/** Says which problems are in given corpora, and how surely. */
import { availableParallelism } from 'node:os';
import type { BoxedError } from '../errors.js';
import { auditPieces, type PieceOutcome } from './auditPool.js';
import { type Piece, piecesOf } from './corpusPieces.js';
import { type Age, ageOf } from './dates.js';
import { errorOfFault, type FaultData } from './errors.js';
import { type Find, joinFinds } from './finds.js';
import { LEVELS, type Level } from './levels.js';
import type { PieceResult } from './pieceAudit.js';
import { type AuditedSet, indexProblems } from './problemIndex.js';

/** A problem set, and when its problems were published: `2024`, `2024-02` or `2024-02-01`, null if that is not known. */
export interface DatedSet extends AuditedSet {
  readonly date: string | null;
}

export interface AuditOptions {
  /** Fields of documents to be searched; null for all that hold text. */
  readonly fields?: readonly string[] | null;
  /** When the model's training data ended, as the date of a set. */
  readonly modelDate?: string | null;
  /** By default one for each processor. */
  readonly threads?: number;
  readonly onBytes?: (read: number, total: number) => void;
}

/** What was found of one problem. */
export interface ProblemReport {
  readonly set: string;
  readonly id: string;
  /** The strongest way in which it was found; null: not at all. */
  readonly level: Level | null;
  /** Strongest first. */
  readonly finds: readonly Omit<Find, 'entry'>[];
  /** The text has so few tokens that it is everywhere by chance; it was not searched for. */
  readonly isTooShort: boolean;
  /** Others of its set differ in numbers alone: only a text with the same numbers counts. */
  readonly isTemplate: boolean;
  /** Whether it was published before the model's training data ended; null if either date is not known. */
  readonly age: Age | null;
}

export interface AuditReport {
  readonly problems: readonly ProblemReport[];
  readonly files: readonly string[];
  readonly documents: number;
  readonly texts: number;
  /** Read, decompressed. */
  readonly bytes: number;
  readonly seconds: number;
  readonly modelDate: string | null;
}

/**
 * Streams corpora past the problems. Memory depends on the problems, not on the corpora.
 * @throws MalformedFileError, NotUtf8Error, DocumentTooLargeError, NoTextError, EmptySetError, UnknownFileTypeError,
 * FileAccessError, AuditFailedError
 */
export async function auditCorpora(
  sets: readonly DatedSet[],
  corpora: readonly string[],
  { fields = null, modelDate = null, threads = availableParallelism(), onBytes }: AuditOptions = {},
): Promise<AuditReport> {
  const start = performance.now();
  const files = [...new Set(corpora)];
  const pieces = (await Promise.all(files.map(piecesOf))).flat();
  const total = pieces.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  let read = 0;
  const settings = { sets: sets.map(({ name, problems }) => ({ name, problems })), fields };
  const outcomes = await auditPieces(pieces, settings, threads, (count) => {
    read += count;
    onBytes?.(read, total);
  });
  const offsets = lineOffsets(pieces, outcomes);
  const results = resultsOf(pieces, outcomes, offsets);
  for (const file of files) requireTexts(file, pieces, results, fields);
  const finds = joinFinds(
    results.map((result) => result.finds),
    offsets,
  );
  const sum = (of: (result: PieceResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  return {
    problems: problemReports(sets, finds, modelDate),
    files,
    documents: sum(({ documents }) => documents),
    texts: sum(({ texts }) => texts),
    bytes: sum(({ bytes }) => bytes),
    seconds: (performance.now() - start) / 1000,
    modelDate,
  };
}

/** Lines before each piece, as far as the pieces before it were read; rows of Parquet are numbered through already. */
function lineOffsets(pieces: readonly Piece[], outcomes: readonly (PieceOutcome | undefined)[]): number[] {
  let [file, lines] = ['', 0];
  return pieces.map((piece, number) => {
    if (piece.file !== file || piece.start === 0) [file, lines] = [piece.file, 0];
    const before = lines;
    lines += outcomes[number]?.result?.lines ?? 0;
    return piece.format === 'parquet' ? 0 : before;
  });
}

/** @throws the first fault as an error with its file and line */
function resultsOf(
  pieces: readonly Piece[],
  outcomes: readonly (PieceOutcome | undefined)[],
  offsets: readonly number[],
): PieceResult[] {
  return outcomes.map((outcome, number) => {
    if (outcome?.result) return outcome.result;
    // Pieces are given out in order, so what comes before a missing outcome has one, and one of them is a fault.
    throw located(outcome!.fault!, pieces[number]!, offsets[number]!);
  });
}

function located(fault: FaultData, { file }: Piece, offset: number): BoxedError {
  return errorOfFault(fault, { file, line: fault.line === undefined ? undefined : offset + fault.line });
}

/** A corpus in which nothing was searched is no clean corpus. */
function requireTexts(
  file: string,
  pieces: readonly Piece[],
  results: readonly PieceResult[],
  fields: readonly string[] | null,
): void {
  const own = results.filter((_, number) => pieces[number]!.file === file);
  if (own.every(({ documents }) => documents === 0)) {
    const what = 'the corpus has no documents';
    throw errorOfFault({ kind: 'empty', what, hint: 'Give files with one document a row.' }, { file });
  }
  if (own.some(({ texts }) => texts > 0)) return;
  const names = [...new Set(own.flatMap(({ fieldNames }) => fieldNames))]
    .map((name) => `"${name}"`)
    .join(', ');
  const what = `no document has a text${fields ? ` in ${fields.join(', ')}` : ''}; there are ${names || 'no fields'}`;
  throw errorOfFault({ kind: 'no-text', what, hint: 'Name a field that holds text with --field.' }, { file });
}

function problemReports(
  sets: readonly DatedSet[],
  finds: readonly Find[],
  modelDate: string | null,
): ProblemReport[] {
  const { entries, entryOfProblem } = indexProblems(sets);
  const byEntry = new Map<number, Find[]>();
  for (const find of finds) byEntry.set(find.entry, [...(byEntry.get(find.entry) ?? []), find]);
  return sets.flatMap(({ name, problems, date }, set) =>
    problems.map(({ id }, at): ProblemReport => {
      const entry = entryOfProblem[set]![at]!;
      const own = (byEntry.get(entry) ?? []).map(({ level, documents, best }) => ({
        level,
        documents,
        best,
      }));
      own.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
      return {
        set: name,
        id,
        level: own[0]?.level ?? null,
        finds: own,
        isTooShort: entry < 0,
        isTemplate: entries[entry]?.isTemplate ?? false,
        age: ageOf(date, modelDate),
      };
    }),
  );
}
