/** Reads `samples.jsonl` as a stream, line by line, and knows a torn end from damage. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Run, Sample } from '../core.js';
import { accessError, systemCode } from '../files.js';
import { CorruptJournalError, MixedRunsError } from './errors.js';
import { decodeSample, type SampleFault } from './sampleLine.js';

const NEWLINE = 0x0a;

/** Bytes a read. Several lines fit into one, and few reads make a large journal. */
const READ_BYTES = 1 << 20;

/** A sample of a million tokens takes about 12 MB; a longer line is no sample, and must not fill the memory. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;

/** A sample of the journal and the byte behind its line. */
export interface JournalEntry {
  readonly sample: Sample;
  readonly end: number;
}

/**
 * The samples of a journal, line by line; nothing is held but the line at hand. A last line that is torn or damaged is
 * passed over: its write did not end, so that nobody was told of it.
 * @throws CorruptJournalError for any other damaged line and for a sample that cannot be of this run, MixedRunsError for
 * a line that is not marked as this run's, FileAccessError
 */
export async function* readJournal(file: string, run: Run): AsyncGenerator<JournalEntry> {
  const ids = new Set(run.order);
  let line = 0;
  let damage: CorruptJournalError | null = null;
  for await (const { content, end, isTorn } of linesOf(file)) {
    // More follows, so what was damaged is not the last line.
    if (damage) throw damage;
    if (isTorn) return;
    line += 1;
    const checked =
      content === null ? TOO_LONG : isUtf8(content) ? decodeSample(content.toString()) : NOT_UTF8;
    if ('fault' in checked) {
      damage = corrupt(checked.fault, file, line);
      continue;
    }
    const { sample, runId } = checked.value;
    // Runs of program versions that marked no lines have no id.
    if (run.id !== undefined && runId !== run.id) throw mixed(runId, run.id, file, line);
    const fault = foreignness(sample, ids, run.settings.samples);
    if (fault) throw corrupt(fault, file, line);
    yield { sample, end };
  }
}

const NOT_UTF8 = { fault: { what: 'the text is not UTF-8', field: undefined } };
const TOO_LONG = { fault: { what: `longer than ${MAX_LINE_BYTES} bytes`, field: undefined } };

/** Why a sample cannot be of a run with these ids and this many samples a problem; `null` when it can. */
export function foreignness(sample: Sample, ids: ReadonlySet<string>, samples: number): SampleFault | null {
  if (!ids.has(sample.problemId)) {
    return { what: `the run has no problem "${sample.problemId}"`, field: 'problemId' };
  }
  if (sample.index < samples) return null;
  return {
    what: `the run draws ${samples} samples a problem, so none has index ${sample.index}`,
    field: 'index',
  };
}

function corrupt({ what, field }: SampleFault, file: string, line: number): CorruptJournalError {
  const hint = `Delete line ${line} (its sample is then drawn again), or begin a new run in another folder.`;
  return new CorruptJournalError(`damaged line: ${what}`, hint, { file, line, field });
}

function mixed(runId: string | undefined, own: string, file: string, line: number): MixedRunsError {
  const other = runId === undefined ? 'names no run' : `is of run ${runId}`;
  const what = `the line ${other}, and this is run ${own}`;
  const hint = 'Lines of two runs stand in one file: take out those of the other; each line names its run.';
  return new MixedRunsError(what, hint, { file, line, field: 'run' });
}

interface Line {
  /** Without its newline; `null` when it is too long to be a sample. */
  readonly content: Buffer | null;
  /** The byte behind the line. */
  readonly end: number;
  /** True for a last line without a newline. */
  readonly isTorn: boolean;
}

/** The lines of a file, cut out of large reads. */
async function* linesOf(file: string): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let position = 0;
  try {
    for await (const chunk of createReadStream(file, {
      highWaterMark: READ_BYTES,
    }) as AsyncIterable<Buffer>) {
      let start = 0;
      for (let newline = chunk.indexOf(NEWLINE); newline >= 0; newline = chunk.indexOf(NEWLINE, start)) {
        const rest = chunk.subarray(start, newline);
        const isTooLong = pieceBytes + rest.length > MAX_LINE_BYTES;
        const content = pieces.length === 0 ? rest : Buffer.concat([...pieces, rest]);
        start = newline + 1;
        yield { content: isTooLong ? null : content, end: position + start, isTorn: false };
        pieces = [];
        pieceBytes = 0;
      }
      const rest = chunk.subarray(start);
      pieceBytes += rest.length;
      if (pieceBytes <= MAX_LINE_BYTES) pieces.push(rest);
      else pieces = [];
      position += chunk.length;
    }
    if (pieceBytes > 0) yield { content: null, end: position, isTorn: true };
  } catch (error) {
    throw systemCode(error) === undefined ? error : accessError('read', file, error);
  }
}
