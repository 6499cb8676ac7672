/** The submission: one answer a problem, as CSV and as Parquet, valid on the disk from the first moment on. */
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { answerValueOf } from '../answers/policy.js';
import type { AnswerValue } from '../core.js';
import { writeAtomically } from '../files.js';
import { readKeyed } from '../problems/columns.js';
import { openCsv } from '../problems/csvTable.js';
import type { Edition } from '../problems/editions.js';
import { BadSubmissionError } from './errors.js';

export const SUBMISSION_CSV = 'submission.csv';
export const SUBMISSION_PARQUET = 'submission.parquet';

/** Keeps both files up to date; both always hold every problem, in the order of the problem file. */
export class SubmissionWriter {
  readonly #folder: string;
  readonly #edition: Edition;
  readonly #answers: Map<string, AnswerValue>;
  #isStarted = false;
  #isDirty = true;
  #writing: Promise<void> | null = null;

  /**
   * @param ids in the order of the problem file
   * @param fallback the answer of a problem that has no other yet
   * @param edition whose answers these are: integers, or texts
   */
  constructor(folder: string, ids: readonly string[], fallback: AnswerValue, edition: Edition) {
    this.#folder = folder;
    this.#edition = edition;
    this.#answers = new Map(ids.map((id) => [id, this.#checked(id, fallback)]));
  }

  /** Writes both files: the fallback, and the answers that were set before. @throws FileAccessError */
  async start(): Promise<void> {
    this.#isStarted = true;
    await this.flush();
  }

  /**
   * Takes an answer in. Once started, the files are rewritten in the background; of the answers that arrive during a
   * write the next one takes all. A write that fails is tried again at the next answer or flush.
   * @throws BadSubmissionError
   */
  set(problemId: string, value: AnswerValue): void {
    if (!this.#answers.has(problemId)) {
      const hint = 'Answer the problems of the set alone.';
      const place = { file: join(this.#folder, SUBMISSION_CSV), field: problemId };
      throw new BadSubmissionError('the submission has no such problem', hint, place);
    }
    this.#answers.set(problemId, this.#checked(problemId, value));
    this.#isDirty = true;
    // The failure is not lost: the files stay marked as dirty, so that the next flush writes again, and tells.
    if (this.#isStarted) this.#write().catch(() => undefined);
  }

  /** Resolves when both files hold every answer set so far. @throws FileAccessError */
  async flush(): Promise<void> {
    // A write under way may be one that fails or that began before the last answer.
    await this.#writing?.catch(() => undefined);
    if (this.#isDirty) await this.#write();
  }

  /** An answer column of integers is one of signed 64 bits, as Kaggle has it. */
  #checked(problemId: string, value: AnswerValue): AnswerValue {
    if (this.#edition.name === 'free') return value;
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
    const place = { file: join(this.#folder, SUBMISSION_PARQUET), field: problemId };
    const what = typeof value === 'bigint' ? `${value} does not fit into 64 bits` : `${value} is no integer`;
    throw new BadSubmissionError(what, 'Choose an edition with a smaller range.', place);
  }

  /** Writes until nothing is dirty; there is never more than one such loop. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        await writeSubmission(this.#folder, this.#answers, this.#edition);
      } catch (error) {
        this.#isDirty = true;
        throw error;
      }
    }
  }
}

/**
 * Reads `submission.csv`, in the order of its rows.
 * @throws BadSubmissionError for an answer that the edition does not have, FileAccessError, and what is thrown of bad
 * CSV files
 */
export async function readSubmission(folder: string, edition: Edition): Promise<Map<string, AnswerValue>> {
  const file = join(folder, SUBMISSION_CSV);
  const cells = await readKeyed(await openCsv(file), 'answer', { rowsAsIds: false });
  return new Map(
    cells.map(({ id, cell, line }) => {
      const value = typeof cell === 'string' && cell !== '' ? answerValueOf(cell) : null;
      if (value !== null && (typeof value === 'bigint' || edition.name === 'free')) return [id, value];
      const hint = 'Submissions hold one integer a problem, as the run wrote them.';
      throw new BadSubmissionError(`"${String(cell)}" is no integer`, hint, { file, line, field: 'answer' });
    }),
  );
}

async function writeSubmission(
  folder: string,
  answers: ReadonlyMap<string, AnswerValue>,
  edition: Edition,
): Promise<void> {
  const ids = [...answers.keys()];
  const values = [...answers.values()];
  const rows = ids.map((id, row) => [id, String(values[row])]);
  const parquet = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: ids, type: 'STRING', nullable: false },
      edition.name === 'free'
        ? { name: 'answer', data: values.map(String), type: 'STRING', nullable: false }
        : { name: 'answer', data: values, type: 'INT64', nullable: false },
    ],
  });
  await writeAtomically(join(folder, SUBMISSION_CSV), stringify([['id', 'answer'], ...rows]));
  await writeAtomically(join(folder, SUBMISSION_PARQUET), new Uint8Array(parquet));
}
