/** Reads a run without touching it: for scoring, reports and comparisons. */
import { join } from 'node:path';
import type { Run, Sample } from '../core.js';
import { readJournal } from './journalLines.js';
import { readRunFile, SAMPLES_FILE } from './runFile.js';

export interface StoredRun {
  readonly run: Run;
  /** Each iteration reads the journal anew, as a stream; of two samples with one problem and index the first counts. */
  readonly samples: AsyncIterable<Sample>;
}

/**
 * Opens the run in a folder; it may still be growing, and a torn last line is passed over.
 * @throws NotARunError, RunFormatError, FileAccessError; while iterating also CorruptJournalError
 */
export async function readRun(folder: string): Promise<StoredRun> {
  const run = await readRunFile(folder);
  const file = join(folder, SAMPLES_FILE);
  return { run, samples: { [Symbol.asyncIterator]: () => firstSamples(file, run) } };
}

async function* firstSamples(file: string, run: Run): AsyncGenerator<Sample> {
  const seen = new Map(run.order.map((id) => [id, new Set<number>()]));
  for await (const { sample } of readJournal(file, run)) {
    const indices = seen.get(sample.problemId);
    if (!indices || indices.has(sample.index)) continue;
    indices.add(sample.index);
    yield sample;
  }
}
