/** Votes of a problem's samples -> one answer. */
import type { AnswerValue, Prediction, Sample } from '../core.js';
import { TAIL_TOKENS } from '../core.js';
import { BoxedError } from '../errors.js';

/** Every rule there is, by name; docs/answers.md has them with their sources. */
export const VOTE_RULES = ['plurality', 'entropy', 'blend', 'small-round', 'longest-agreeing'] as const;
export type VoteRule = (typeof VOTE_RULES)[number];

/** A rule was asked for that does not exist. */
export class UnknownVoteRuleError extends BoxedError {
  override readonly name = 'UnknownVoteRuleError';
}

/** What a rule knows of a sample. */
export interface Ballot {
  readonly index: number;
  /** `null`: the sample has no answer and does not vote. */
  readonly value: AnswerValue | null;
  /** Tokens drawn, a stop token included. */
  readonly tokens: number;
  /** As in `Sample`. */
  readonly logprob: number;
  readonly tailLogprob: number;
}

/** The answer that won, and what every answer had. */
export type Outcome = Pick<Prediction, 'value' | 'votes' | 'fallback'>;

/** Below this many nats a token, a sample counts as equally sure: its weight stays finite, and 100 at most. */
const LEAST_ENTROPY = 0.01;

/** AIMO3's second place: how much the share of votes, the certainty, and leading with certainty count. */
const BLEND = { share: 2, certainty: 0.3, leader: 0.5, certaintyOfLeader: 1 } as const;

/** imagination-research, AIMO2's second place: an answer that guesses often land on counts less. */
const SMALL_ROUND = { largestSmall: 20n, round: 100n, weight: 0.6 } as const;

/** The rule of this name. @throws UnknownVoteRuleError, which names those there are */
export function voteRuleOf(name: string): VoteRule {
  const rule = VOTE_RULES.find((candidate) => candidate === name);
  if (rule !== undefined) return rule;
  throw new UnknownVoteRuleError(`there is no vote '${name}'`, `Choose one of: ${VOTE_RULES.join(', ')}.`);
}

export function ballotOf({ index, answer, tokens, logprob, tailLogprob }: Sample): Ballot {
  return { index, value: answer.value, tokens: tokens.length, logprob, tailLogprob };
}

/**
 * Counts the ballots, whatever their order, by a rule; `fallback` is the value when none has an answer. Of answers with
 * equal weight the one with more votes wins, then the one whose first vote has the lowest sample index; by
 * `small-round` the larger one. So the result depends on the samples alone and never on the order they finished in.
 */
export function countVotes(rule: VoteRule, ballots: readonly Ballot[], fallback: AnswerValue): Outcome {
  const camps = campsOf(ballots);
  const weights = weigh(rule, camps);
  // The sort is stable, and camps come in the order of their first votes.
  const ranking = camps
    .map((camp, at) => ({ ...camp, weight: weights[at]! }))
    .sort((a, b) => b.weight - a.weight || (rule === 'small-round' ? larger(a, b) : size(b) - size(a)));
  return {
    value: ranking[0]?.value ?? fallback,
    votes: ranking.map(({ value, weight }) => [String(value), weight] as const),
    fallback: ranking.length === 0,
  };
}

/**
 * Plurality: the answer of most samples wins.
 * @param answers by sample index; `null` for a sample without an answer.
 */
export function plurality(answers: readonly (AnswerValue | null)[], fallback: AnswerValue): Outcome {
  const ballots = answers.map((value, index) => ({ index, value, tokens: 1, logprob: 0, tailLogprob: 0 }));
  return countVotes('plurality', ballots, fallback);
}

/** Those who gave one answer, by index. */
interface Camp {
  readonly value: AnswerValue;
  readonly ballots: readonly Ballot[];
}

function campsOf(ballots: readonly Ballot[]): readonly Camp[] {
  const camps = new Map<AnswerValue, Ballot[]>();
  for (const ballot of [...ballots].sort((a, b) => a.index - b.index)) {
    if (ballot.value === null) continue;
    const camp = camps.get(ballot.value);
    if (camp) camp.push(ballot);
    else camps.set(ballot.value, [ballot]);
  }
  return [...camps].map(([value, members]) => ({ value, ballots: members }));
}

function weigh(rule: VoteRule, camps: readonly Camp[]): readonly number[] {
  switch (rule) {
    case 'plurality':
      return camps.map(size);
    case 'entropy':
      return camps.map(({ ballots }) => ballots.reduce((sum, ballot) => sum + 1 / entropyOf(ballot), 0));
    case 'blend':
      return blend(camps);
    case 'small-round':
      return camps.map((camp) => size(camp) * (isSmallOrRound(camp.value) ? SMALL_ROUND.weight : 1));
    case 'longest-agreeing':
      return longestAgreeing(camps);
    default:
      return rule satisfies never;
  }
}

const size = ({ ballots }: Camp): number => ballots.length;

/** Mean negative log-probability of a sample's tokens, in nats: an estimate of the entropy that it was drawn with. */
function entropyOf({ logprob, tokens }: Ballot): number {
  return Math.max(LEAST_ENTROPY, -logprob / Math.max(1, tokens));
}

/** The same over its last `TAIL_TOKENS` tokens. */
function tailEntropyOf({ tailLogprob, tokens }: Ballot): number {
  return Math.max(LEAST_ENTROPY, -tailLogprob / Math.min(TAIL_TOKENS, Math.max(1, tokens)));
}

function blend(camps: readonly Camp[]): readonly number[] {
  const all = camps.reduce((sum, camp) => sum + size(camp), 0);
  const most = Math.max(...camps.map(size));
  const leader = camps.findIndex((camp) => size(camp) === most);
  return camps.map((camp, at) => {
    const certainty = 1 / median(camp.ballots.map(tailEntropyOf));
    const bonus = at === leader && certainty > BLEND.certaintyOfLeader ? BLEND.leader : 0;
    return (BLEND.share * size(camp)) / all + BLEND.certainty * certainty + bonus;
  });
}

/** An answer weighs as many tokens as its longest sample, but nothing if no two samples agree on it and on another they do. */
function longestAgreeing(camps: readonly Camp[]): readonly number[] {
  const isAgreed = camps.some((camp) => size(camp) > 1);
  return camps.map((camp) =>
    isAgreed && size(camp) === 1 ? 0 : Math.max(...camp.ballots.map(({ tokens }) => tokens)),
  );
}

function isSmallOrRound(value: AnswerValue): boolean {
  return typeof value === 'bigint' && (value <= SMALL_ROUND.largestSmall || value % SMALL_ROUND.round === 0n);
}

/** Orders the larger integer first, and integers before other answers. */
function larger({ value: a }: Camp, { value: b }: Camp): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a > b ? -1 : 1;
  return Number(typeof b === 'bigint') - Number(typeof a === 'bigint');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
