/** The samples of one problem, judged by the answer key. */
import type { Run } from '../core.js';
import type { AnswerKey } from '../problems/answerKey.js';
import { EmptyRunError, KeyCoverageError, nameIds } from './errors.js';
import { mean } from './intervals.js';
import type { VoteCounts } from './majAtK.js';
import type { SampleRecord } from './records.js';

/** A sample and whether its answer is the key's. */
export interface Outcome extends SampleRecord {
  readonly right: boolean;
}

/** A problem with at least one sample that counts. */
export interface JudgedProblem {
  readonly id: string;
  readonly outcomes: readonly Outcome[];
  readonly right: number;
  readonly votes: VoteCounts;
  /** Mean number of output tokens of its samples. */
  readonly meanTokens: number;
}

/**
 * Groups the records by problem, in the run's order, and judges them. Problems without a sample are left out.
 * Cancelled samples are left out too: they were stopped because the vote was decided, so they are neither right nor wrong.
 * @throws KeyCoverageError when the key lacks a problem of the run; EmptyRunError when no sample counts.
 */
export function judge(run: Run, records: readonly SampleRecord[], key: AnswerKey): JudgedProblem[] {
  requireCoverage(run, key);
  const groups = new Map(
    run.order.map((id) => [id, { gold: String(key.answers.get(id)), outcomes: [] as Outcome[] }]),
  );
  for (const record of records) {
    const group = groups.get(record.problemId);
    if (record.finish !== 'cancelled')
      group?.outcomes.push({ ...record, right: record.answer === group.gold });
  }
  const judged = [...groups]
    .filter(([, { outcomes }]) => outcomes.length > 0)
    .map(([id, { outcomes }]) => judgeProblem(id, outcomes));
  if (judged.length === 0)
    throw new EmptyRunError(
      `the run of ${run.modelName} on ${run.problemSet} holds no finished sample`,
      'Let `boxed evaluate` finish at least one sample, then score again.',
    );
  return judged;
}

function judgeProblem(id: string, outcomes: readonly Outcome[]): JudgedProblem {
  const votes = countVotes(outcomes);
  return { id, outcomes, right: votes.right, votes, meanTokens: mean(outcomes.map(({ tokens }) => tokens)) };
}

/** The vote of some of a problem's samples. */
export function countVotes(outcomes: readonly Pick<Outcome, 'right' | 'answer'>[]): VoteCounts {
  let right = 0;
  let silent = 0;
  const wrong = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.right) right++;
    else if (outcome.answer === null) silent++;
    else wrong.set(outcome.answer, (wrong.get(outcome.answer) ?? 0) + 1);
  }
  return { right, silent, wrong: [...wrong.values()] };
}

function requireCoverage(run: Run, key: AnswerKey): void {
  const missing = run.order.filter((id) => !key.answers.has(id));
  if (missing.length > 0)
    throw new KeyCoverageError(
      `no answer for ${missing.length} of the run's ${run.order.length} problems: ${nameIds(missing)}`,
      `Give the answers of the problem set the run was made on, ${run.problemSet}.`,
      { file: key.file },
    );
}
