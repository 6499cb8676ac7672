/** From the samples of a problem to the prediction. Derived from the journal alone, so a resume gives the same. */
import { type Ballot, ballotOf, countVotes, voteRuleOf } from '../answers/vote.js';
import type { AnswerValue, Finish, Prediction, Sample } from '../core.js';

/** Submitted for a problem without a single vote. */
export const FALLBACK_ANSWER = 0n;

/** A sample as it comes to the vote. */
export interface Voter extends Ballot {
  readonly finish: Finish;
  /** Answer of budget forcing; `null` without one. */
  readonly forced: AnswerValue | null;
}

export function voterOf(sample: Sample): Voter {
  return { ...ballotOf(sample), finish: sample.finish, forced: sample.forced?.answer.value ?? null };
}

/**
 * The ballots that count. Cancelled samples have none: they were stopped because of the votes of the others. Forced answers
 * vote only where no sample has an answer of its own.
 */
export function ballotsOf(voters: readonly Voter[]): readonly Ballot[] {
  const entitled = voters.filter(({ finish }) => finish !== 'cancelled');
  if (entitled.some(({ value }) => value !== null)) return entitled;
  return entitled.map((voter) => ({ ...voter, value: voter.forced }));
}

/** The vote over `voters`, in any order, by the rule of this name. @throws UnknownVoteRuleError */
export function predict(problemId: string, voters: readonly Voter[], rule: string): Prediction {
  return { problemId, ...countVotes(voteRuleOf(rule), ballotsOf(voters), FALLBACK_ANSWER) };
}
