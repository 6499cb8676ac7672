/** Scores one run: samples and sealed submission against the answer key. */
import type { AnswerValue, Finish, Run } from '../core.js';
import { digestOf } from '../files.js';
import type { AnswerKey } from '../problems/answerKey.js';
import { BusyClock } from './busyClock.js';
import { nameIds, SubmissionGapError } from './errors.js';
import { clopperPearsonInterval, type Estimate, estimateMean, estimateShare, mean } from './intervals.js';
import { majAtK, pluralityScore } from './majAtK.js';
import { type JudgedProblem, judge } from './outcomes.js';
import { passAtK } from './passAtK.js';
import { digestOfRecords, type SampleRecord } from './records.js';
import {
  type ProblemScore,
  SCORE_FORMAT,
  type Score,
  type SubmissionScore,
  type VotePoint,
} from './score.js';
import { varianceSplit } from './spread.js';
import { spreadOfTokens } from './tokenSpread.js';
import { curveBudgets, truncationCurve } from './truncation.js';
import { wallCurve } from './wallCurve.js';

/** Largest k below n for which maj@k is computed: its cost grows with n k^2, and votes have settled by then. */
const LARGEST_SUBSET = 64;

/** Ends of samples that were cut: by the token limit, a deadline, or because they repeated themselves. */
const CUT: readonly Finish[] = ['length', 'deadline', 'loop'];

export interface ScoreOptions {
  /** Name of the run, as its folder is called. */
  readonly name: string;
  /** Token budgets wanted beside those of the table and the curve. */
  readonly budgets?: readonly number[];
  /** Whether an answer of budget forcing counts as its sample's. Default: false. */
  readonly countForced?: boolean;
}

/**
 * Scores `records` (see `collectRecords`) and `submission` (problem id to the answer handed in) against `key`.
 * Denominators are what is there: problems without a sample count in the submission alone.
 * @throws KeyCoverageError, EmptyRunError, SubmissionGapError
 */
export function scoreRun(
  run: Run,
  records: readonly SampleRecord[],
  key: AnswerKey,
  submission: ReadonlyMap<string, AnswerValue>,
  { name, budgets = [], countForced = false }: ScoreOptions,
): Score {
  const problems = judge(run, countForced ? records.map(withForced) : records, key);
  const outcomes = problems.flatMap((problem) => problem.outcomes);
  const clock = new BusyClock(records);
  const stopped = outcomes.filter(({ finish }) => finish === 'stop');
  const sampleCounts = problems.map((problem) => problem.outcomes.length);
  const fewestSamples = sampleCounts.reduce((a, b) => Math.min(a, b));
  const rate = (count: number): number => count / outcomes.length;
  return {
    format: SCORE_FORMAT,
    name,
    program: run.program,
    modelName: run.modelName,
    problemSet: run.problemSet,
    settings: run.settings,
    digests: run.digests,
    versions: run.versions,
    source: {
      samples: records.length,
      samplesDigest: digestOfRecords(records),
      answersDigest: digestOfAnswers(run, key),
    },
    problems: run.order.length,
    problemsSampled: problems.length,
    samples: outcomes.length,
    fewestSamples,
    mostSamples: sampleCounts.reduce((a, b) => Math.max(a, b)),
    finishes: countFinishes(records),
    forced: { samples: records.filter(({ forced }) => forced !== null).length, counted: countForced },
    average: estimateShare(problems.map((problem) => problem.right / problem.outcomes.length)),
    majority: estimateShare(problems.map(({ votes }) => pluralityScore(votes))),
    pass: estimateShare(problems.map((problem) => (problem.right > 0 ? 1 : 0))),
    byVotes: subsetSizes(fewestSamples).map((k) => votePoint(problems, k)),
    submission: scoreSubmission(run, key, submission),
    meanTokens: estimateMean(problems.map(({ meanTokens }) => meanTokens)),
    tokensByOutcome: {
      right: spreadOfTokens(outcomes.filter(({ right }) => right)),
      wrong: spreadOfTokens(outcomes.filter(({ right, answer }) => !right && answer !== null)),
      silent: spreadOfTokens(outcomes.filter(({ answer }) => answer === null)),
    },
    drawnTokens: records.reduce((sum, { tokens }) => sum + tokens, 0),
    truncationRate: rate(outcomes.filter(({ finish }) => CUT.includes(finish)).length),
    noAnswerRate: rate(outcomes.filter(({ answer }) => answer === null).length),
    accuracyOfStopped: stopped.length > 0 ? mean(stopped.map((outcome) => (outcome.right ? 1 : 0))) : null,
    spread: varianceSplit(problems),
    busySeconds: clock.seconds,
    wallCurve: wallCurve(problems, clock),
    curve: truncationCurve(problems, curveBudgets(run.settings.maxTokens, budgets)),
    byProblem: problems.map(problemLine),
  };
}

/** A record whose forced answer is its own; it stood once the sample was over. */
function withForced(record: SampleRecord): SampleRecord {
  const { answer, forced, tokens } = record;
  return answer === null && forced !== null ? { ...record, answer: forced, answerEnd: tokens } : record;
}

/** Powers of two up to the samples that every problem has, and that number itself. */
function subsetSizes(samples: number): number[] {
  const sizes: number[] = [];
  for (let k = 1; k < samples && k <= LARGEST_SUBSET; k *= 2) sizes.push(k);
  return [...sizes, samples];
}

function votePoint(problems: readonly JudgedProblem[], k: number): VotePoint {
  const pass = problems.map(({ outcomes, right }) => passAtK(outcomes.length, right, k));
  const majority = problems.map(({ votes }) => majAtK(votes, k));
  return {
    k,
    pass: estimateShare(pass),
    majority: estimateShare(majority),
    lost: k === 1 ? NOTHING_LOST : estimateShare(pass.map((share, at) => lostOf(share, majority[at]!))),
  };
}

/** A vote of one sample is that sample, whatever the problems. */
const NOTHING_LOST: Estimate = { value: 0, interval: null };
/** Smaller differences are rounding. */
const ROUNDING = 1e-12;

/** Never below 0: a vote without a right sample cannot win. */
function lostOf(pass: number, majority: number): number {
  return pass - majority < ROUNDING ? 0 : pass - majority;
}

function scoreSubmission(
  run: Run,
  key: AnswerKey,
  submission: ReadonlyMap<string, AnswerValue>,
): SubmissionScore {
  const missing = run.order.filter((id) => !submission.has(id));
  if (missing.length > 0)
    throw new SubmissionGapError(
      `the submission has no answer for ${nameIds(missing)}`,
      'Resume the run with `boxed evaluate`, which writes a complete submission.',
    );
  const rightIds = run.order.filter((id) => submission.get(id) === key.answers.get(id));
  return {
    right: rightIds.length,
    accuracy: {
      value: rightIds.length / run.order.length,
      interval: clopperPearsonInterval(rightIds.length, run.order.length),
    },
    rightIds,
  };
}

function problemLine({ id, outcomes, right, votes, meanTokens }: JudgedProblem): ProblemScore {
  const answers = votes.wrong.length + (right > 0 ? 1 : 0);
  const rightIndices = outcomes.filter((outcome) => outcome.right).map(({ index }) => index);
  const samples = outcomes.length;
  return { id, samples, right, rightIndices, majority: pluralityScore(votes), meanTokens, answers };
}

function countFinishes(records: readonly SampleRecord[]): Score['finishes'] {
  const counts = {
    stop: 0,
    length: 0,
    deadline: 0,
    cancelled: 0,
    loop: 0,
    error: 0,
  } satisfies Score['finishes'];
  for (const { finish } of records) counts[finish]++;
  return counts;
}

function digestOfAnswers(run: Run, key: AnswerKey): string {
  if (key.digest !== undefined) return key.digest;
  return digestOf(
    [...run.order]
      .sort()
      .map((id) => JSON.stringify([id, String(key.answers.get(id))]))
      .join('\n'),
  );
}
