/** From the ballots of a problem's samples to the prediction. Derived from the journal alone, so a resume gives the same. */
import { type Ballot, countVotes, voteRuleOf } from '../answers/vote.js';
import type { Prediction } from '../core.js';

/** Submitted for a problem without a single vote. */
export const FALLBACK_ANSWER = 0n;

/** The vote over `ballots`, in any order, by the rule of this name. @throws UnknownVoteRuleError */
export function predict(problemId: string, ballots: readonly Ballot[], rule: string): Prediction {
  return { problemId, ...countVotes(voteRuleOf(rule), ballots, FALLBACK_ANSWER) };
}
