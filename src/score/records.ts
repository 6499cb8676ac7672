/** What scoring keeps of a sample: counts and the answer, never the text, so a journal of any size fits in memory. */
import { answerValueOf } from '../answers/policy.js';
import type { Ballot } from '../answers/vote.js';
import type { Finish, Run, Sample } from '../core.js';
import type { ErrorPlace } from '../errors.js';
import { digestOf } from '../files.js';
import type { Voter } from '../solve/prediction.js';
import { JournalContentError } from './errors.js';

/** One sample, slim. */
export interface SampleRecord {
  readonly problemId: string;
  readonly index: number;
  /** Canonical answer as text, an integer in decimal; `null` without one. */
  readonly answer: string | null;
  /** Number of tokens drawn, the stop token included. */
  readonly tokens: number;
  /** Tokens after which the answer stood; `null` without an answer. */
  readonly answerEnd: number | null;
  /** Answer of budget forcing; `null` without one. It is no answer of the sample unless it is asked to count. */
  readonly forced: string | null;
  readonly finish: Finish;
  /** As in `Sample`; votes weigh by them, scores do not. */
  readonly logprob: number;
  readonly tailLogprob: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly seconds: number;
}

/**
 * Reads a journal's samples into records.
 * @param place of the journal, for messages
 * @throws JournalContentError for a sample that cannot belong to `run`
 */
export async function collectRecords(
  run: Run,
  samples: AsyncIterable<Sample> | Iterable<Sample>,
  place: ErrorPlace = {},
): Promise<SampleRecord[]> {
  const misplaced = (sample: Sample, fault: string) =>
    new JournalContentError(
      `sample ${sample.index} of problem ${sample.problemId} ${fault}`,
      'The journal is that of another run, or was changed by hand: solve again into a new folder.',
      place,
    );
  const records: SampleRecord[] = [];
  const seen = new Map<string, Set<number>>(run.order.map((id) => [id, new Set()]));
  for await (const sample of samples) {
    const indices = seen.get(sample.problemId);
    if (!indices) throw misplaced(sample, 'belongs to no problem of the run');
    if (sample.seed !== run.settings.seed)
      throw misplaced(sample, `was drawn from seed ${sample.seed}, the run's is ${run.settings.seed}`);
    if (indices.has(sample.index)) throw misplaced(sample, 'stands in the journal twice');
    indices.add(sample.index);
    if ((sample.answer.value === null) !== (sample.answerEnd === null))
      throw misplaced(sample, 'has an answer without its end, or an end without an answer');
    records.push(slim(sample));
  }
  return records;
}

function slim(sample: Sample): SampleRecord {
  const { value } = sample.answer;
  return {
    problemId: sample.problemId,
    index: sample.index,
    answer: value === null ? null : String(value),
    tokens: sample.tokens.length,
    answerEnd: sample.answerEnd,
    forced: sample.forced?.answer.value?.toString() ?? null,
    finish: sample.finish,
    logprob: sample.logprob,
    tailLogprob: sample.tailLogprob,
    startedAt: sample.startedAt,
    seconds: sample.seconds,
  };
}

/** The record as it comes to the vote. */
export function voterOfRecord(record: SampleRecord): Voter {
  const { finish, forced } = record;
  return { ...ballotOfRecord(record), finish, forced: forced === null ? null : answerValueOf(forced) };
}

/** The record as a vote sees it. */
export function ballotOfRecord({ index, answer, tokens, logprob, tailLogprob }: SampleRecord): Ballot {
  return { index, value: answer === null ? null : answerValueOf(answer), tokens, logprob, tailLogprob };
}

/** SHA-256 of what a score depends on, whatever the order of the journal's lines. */
export function digestOfRecords(records: readonly SampleRecord[]): string {
  const lines = records.map(
    ({ problemId, index, answer, tokens, answerEnd, finish, startedAt, seconds, forced }) =>
      // What a record says without a forced answer it said before there were any: older scores stay valid.
      JSON.stringify([
        ...[problemId, index, answer, tokens, answerEnd, finish, startedAt, seconds],
        ...(forced === null ? [] : [forced]),
      ]),
  );
  return digestOf(lines.sort().join('\n'));
}
