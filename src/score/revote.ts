/** Replays the votes of a run from its journal: what each rule would have handed in, and how often it is right. */
import { type VoteRule, voteRuleOf } from '../answers/vote.js';
import type { Run } from '../core.js';
import type { AnswerKey } from '../problems/answerKey.js';
import { predict, type Voter } from '../solve/prediction.js';
import { type Estimate, estimateShare } from './intervals.js';
import { judge } from './outcomes.js';
import { ballotOfRecord, type SampleRecord, voterOfRecord } from './records.js';
import { type RulePoint, type VotedProblem, voteAtK } from './voteAtK.js';

/** Up to here accuracy is given at every k; beyond, at powers of two and at all samples. */
const EVERY_K = 16;

/** What one rule makes of the journal. */
export interface RuleReplay {
  readonly rule: VoteRule;
  /** Id and answer of every problem, in the order of the run. */
  readonly answers: readonly (readonly [id: string, answer: string])[];
  /** Problems whose answer is not that of the run's own rule. */
  readonly changed: number;
  /** Problems without a single vote, answered by the fallback. */
  readonly fallbacks: number;
  /** `null` without a key. */
  readonly right: number | null;
  readonly accuracy: Estimate | null;
  /** Over subsets of k of the samples that were not cancelled; empty without a key. */
  readonly byVotes: readonly RulePoint[];
}

export interface Revote {
  readonly modelName: string;
  readonly problemSet: string;
  /** The rule that the run itself voted by. */
  readonly ownRule: string;
  readonly problems: number;
  readonly samples: number;
  readonly rules: readonly RuleReplay[];
}

/**
 * Replays `rules` over `records`.
 * @param seed of the subsets that are drawn where there are too many
 * @throws KeyCoverageError, EmptyRunError when there is a key
 */
export function revote(
  run: Run,
  records: readonly SampleRecord[],
  rules: readonly VoteRule[],
  key: AnswerKey | null,
  seed = 0,
): Revote {
  const voters = new Map<string, Voter[]>(run.order.map((id) => [id, []]));
  for (const record of records) voters.get(record.problemId)?.push(voterOfRecord(record));
  const own = handedIn(run, voters, voteRuleOf(run.settings.vote));
  const voted = key === null ? null : votedProblems(run, records, key);
  return {
    modelName: run.modelName,
    problemSet: run.problemSet,
    ownRule: run.settings.vote,
    problems: run.order.length,
    samples: records.length,
    rules: rules.map((rule) => {
      const predictions = handedIn(run, voters, rule);
      const answers = predictions.map(({ problemId, value }) => [problemId, String(value)] as const);
      const isRight =
        key === null ? null : predictions.map(({ problemId, value }) => key.answers.get(problemId) === value);
      return {
        rule,
        answers,
        changed: predictions.filter(({ value }, at) => value !== own[at]!.value).length,
        fallbacks: predictions.filter(({ fallback }) => fallback).length,
        right: isRight?.filter(Boolean).length ?? null,
        accuracy: isRight && estimateShare(isRight.map(Number)),
        byVotes: voted === null ? [] : subsetSizes(voted).map((k) => voteAtK(voted, rule, k, seed)),
      };
    }),
  };
}

function handedIn(run: Run, voters: ReadonlyMap<string, readonly Voter[]>, rule: VoteRule) {
  return run.order.map((id) => predict(id, voters.get(id)!, rule));
}

function votedProblems(run: Run, records: readonly SampleRecord[], key: AnswerKey): VotedProblem[] {
  return judge(run, records, key).map(({ id, outcomes, votes }) => ({
    ballots: outcomes.map(ballotOfRecord),
    votes,
    gold: key.answers.get(id)!,
  }));
}

function subsetSizes(problems: readonly VotedProblem[]): number[] {
  const fewest = problems.reduce((least, { ballots }) => Math.min(least, ballots.length), Infinity);
  const sizes = Array.from({ length: Math.min(fewest, EVERY_K) }, (_, at) => at + 1);
  for (let k = 2 * EVERY_K; k < fewest; k *= 2) sizes.push(k);
  return fewest > EVERY_K ? [...sizes, fewest] : sizes;
}
