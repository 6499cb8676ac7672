/** The journal of a run: what it was begun with, and every sample it has finished. */
import { open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run, Sample } from '../core.js';
import { accessError, makeWritableFolder, removeTemporaries } from '../files.js';
import { AppendLog } from './appendLog.js';
import { BadSampleError, RunExistsError, RunSealedError } from './errors.js';
import { foreignness, MAX_LINE_BYTES, readJournal } from './journalLines.js';
import { lockFolder, type Release } from './lock.js';
import { isRunFolder, readRunFile, requireSameRun, SAMPLES_FILE, writeRunFile } from './runFile.js';
import { encodeSample, type SampleFault } from './sampleLine.js';
import { checkSealedFile } from './seal.js';

/** Samples by problem and index. */
export type Done = ReadonlyMap<string, ReadonlyMap<number, Sample>>;

interface Parts {
  readonly run: Run;
  readonly file: string;
  readonly log: AppendLog;
  readonly release: Release;
  readonly done: Done;
  readonly droppedBytes: number;
}

/** A run's folder, open for writing by this process alone. */
export class Journal {
  /** The run as its folder has it. */
  readonly run: Run;
  /** What was there when the journal was opened; samples appended later are not in it. */
  readonly done: Done;
  /** Length of the torn last line that was cut off when the journal was opened; 0 without one. */
  readonly droppedBytes: number;
  readonly #parts: Parts;
  readonly #ids: ReadonlySet<string>;

  private constructor(parts: Parts) {
    this.run = parts.run;
    this.done = parts.done;
    this.droppedBytes = parts.droppedBytes;
    this.#parts = parts;
    this.#ids = new Set(parts.run.order);
  }

  /** Begins a run, or goes on with the one in the folder. @throws what `create` and `resume` throw */
  static async open(folder: string, run: Run): Promise<Journal> {
    return (await isRunFolder(folder)) ? Journal.resume(folder, run) : Journal.create(folder, run);
  }

  /** Begins a run; makes its folder. @throws RunExistsError, RunLockedError, FileAccessError */
  static async create(folder: string, run: Run): Promise<Journal> {
    await makeWritableFolder(folder);
    const file = join(folder, SAMPLES_FILE);
    return Journal.#locked(folder, async (release) => {
      const log = await AppendLog.open(file);
      try {
        if ((await isRunFolder(folder)) || (await stat(file)).size > 0) {
          const hint = 'Resume that run, or choose another folder.';
          throw new RunExistsError('there is a run here already', hint, { file: folder });
        }
        // `run.json` comes last: a folder that has it has everything.
        await writeRunFile(folder, run);
        await syncFolder(folder);
        return new Journal({ run, file, log, release, done: new Map(), droppedBytes: 0 });
      } catch (error) {
        await log.close();
        throw error;
      }
    });
  }

  /**
   * Goes on with a run. A torn last line is cut off; of two samples with one problem and index the first counts.
   * @throws NotARunError, RunFormatError, RunMismatchError, CorruptJournalError, SealBrokenError, RunLockedError,
   * FileAccessError
   */
  static async resume(folder: string, run: Run): Promise<Journal> {
    const file = join(folder, SAMPLES_FILE);
    requireSameRun(folder, await readRunFile(folder), run);
    return Journal.#locked(folder, async (release) => {
      // Again, now that nobody else can write it: the run may have been sealed in between.
      const stored = await readRunFile(folder);
      requireSameRun(folder, stored, run);
      if (stored.sealed) await checkSealedFile(folder, stored.sealed, SAMPLES_FILE);
      const done = new Map<string, Map<number, Sample>>();
      let end = 0;
      for await (const entry of readJournal(file, stored)) {
        end = entry.end;
        keepFirst(done, entry.sample);
      }
      const droppedBytes = await cutOff(file, end);
      const log = await AppendLog.open(file);
      return new Journal({ run: stored, file, log, release, done, droppedBytes });
    });
  }

  /**
   * Resolves when the sample is on the disk; samples appended meanwhile share one fsync.
   * @throws BadSampleError, RunSealedError, FileAccessError
   */
  async append(sample: Sample): Promise<void> {
    const { file, log } = this.#parts;
    if (this.run.sealed) {
      const hint = 'Score it as it is, or begin a new run in another folder.';
      throw new RunSealedError('the run is complete and sealed', hint, { file });
    }
    const foreign = foreignness(sample, this.#ids, this.run.settings.samples);
    if (foreign) throw badSample(foreign, file);
    const line = encodeSample(sample, this.run.id);
    if ('fault' in line) throw badSample(line.fault, file);
    // A longer line could not be read again.
    if (line.value.length > MAX_LINE_BYTES || Buffer.byteLength(line.value) > MAX_LINE_BYTES)
      throw badSample({ what: `it takes more than ${MAX_LINE_BYTES} bytes`, field: undefined }, file);
    await log.append(line.value);
  }

  /** Resolves when every sample appended so far is on the disk. @throws FileAccessError when one could not be written */
  flush(): Promise<void> {
    return this.#parts.log.flush();
  }

  /** Waits for what is under way, closes the file and lets the folder go; a second call does nothing. */
  async close(): Promise<void> {
    await this.#parts.log.close();
    await this.#parts.release();
  }

  /** Runs `open` under the folder's lock, which is let go when that fails. */
  static async #locked(folder: string, open: (release: Release) => Promise<Journal>): Promise<Journal> {
    const release = await lockFolder(folder);
    try {
      await removeTemporaries(folder);
      return await open(release);
    } catch (error) {
      await release();
      throw error;
    }
  }
}

function keepFirst(done: Map<string, Map<number, Sample>>, sample: Sample): void {
  const samples = done.get(sample.problemId) ?? new Map<number, Sample>();
  if (!samples.has(sample.index)) samples.set(sample.index, sample);
  done.set(sample.problemId, samples);
}

/** Cuts a file at byte `end` and tells how many bytes that took away. */
async function cutOff(file: string, end: number): Promise<number> {
  try {
    const { size } = await stat(file);
    if (size > end) await truncate(file, end);
    return size - end;
  } catch (error) {
    throw accessError('write', file, error);
  }
}

/** Makes the names of new files durable. Windows has no such call on folders, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function badSample({ what, field }: SampleFault, file: string): BadSampleError {
  const hint = 'This is a fault of the program: please report it with the settings of the run.';
  return new BadSampleError(`a sample cannot be kept: ${what}`, hint, { file, field });
}
