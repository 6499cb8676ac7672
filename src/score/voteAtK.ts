/** The chance that a vote over k samples is right: exact for the plurality, by subsets for votes that weigh. */
import { type Ballot, countVotes, type VoteRule } from '../answers/vote.js';
import type { AnswerValue } from '../core.js';
import { logChoose } from './distributions.js';
import { type Estimate, estimateShare, mean } from './intervals.js';
import { majAtK, type VoteCounts } from './majAtK.js';
import { checkSubset } from './passAtK.js';
import { type RandomBits, seededBits, uniformBelow } from './random.js';

/** Subsets looked at for one problem and k. When there are no more than these, every one is, and the figure is exact. */
export const SUBSETS = 200;

/** One problem as votes see it. */
export interface VotedProblem {
  readonly ballots: readonly Ballot[];
  readonly votes: VoteCounts;
  readonly gold: AnswerValue;
}

/** Accuracy of a vote over k samples. */
export interface RulePoint {
  readonly k: number;
  /** Mean over problems, with its interval over problems. */
  readonly accuracy: Estimate;
  /** Standard error of that mean that comes from looking at drawn subsets only; 0 where all were looked at. */
  readonly monteCarloError: number;
}

/**
 * Accuracy of `rule` over `k` samples of each problem. A vote that nobody casts is wrong.
 * @param seed of the subsets drawn
 * @throws SubsetSizeError unless every problem has k samples
 */
export function voteAtK(
  problems: readonly VotedProblem[],
  rule: VoteRule,
  k: number,
  seed: number,
): RulePoint {
  if (rule === 'plurality') {
    const accuracy = estimateShare(problems.map(({ votes }) => majAtK(votes, k)));
    return { k, accuracy, monteCarloError: 0 };
  }
  const bits = seededBits(seed);
  const shares = problems.map((problem) => shareRight(problem, rule, k, bits));
  const variance = mean(shares.map(({ value, isExact }) => (isExact ? 0 : (value * (1 - value)) / SUBSETS)));
  return {
    k,
    accuracy: estimateShare(shares.map(({ value }) => value)),
    monteCarloError: Math.sqrt(variance / problems.length),
  };
}

function shareRight(
  { ballots, gold }: VotedProblem,
  rule: VoteRule,
  k: number,
  bits: RandomBits,
): { readonly value: number; readonly isExact: boolean } {
  checkSubset(ballots.length, k);
  const isExact = logChoose(ballots.length, k) <= Math.log(SUBSETS + 0.5);
  const subsets = isExact ? everySubset(ballots, k) : drawnSubsets(ballots, k, bits);
  let [right, seen] = [0, 0];
  for (const subset of subsets) {
    const { value, fallback } = countVotes(rule, subset, '');
    if (!fallback && value === gold) right++;
    seen++;
  }
  return { value: right / seen, isExact };
}

function* everySubset<Item>(items: readonly Item[], k: number): Generator<Item[]> {
  if (k === 0) {
    yield [];
    return;
  }
  for (let first = 0; first <= items.length - k; first++)
    for (const rest of everySubset(items.slice(first + 1), k - 1)) yield [items[first]!, ...rest];
}

/** Subsets of k, each equally likely: the first k steps of a Fisher-Yates shuffle. */
function* drawnSubsets<Item>(items: readonly Item[], k: number, bits: RandomBits): Generator<Item[]> {
  const order = [...items];
  for (let drawn = 0; drawn < SUBSETS; drawn++) {
    for (let at = 0; at < k; at++) {
      const other = at + uniformBelow(bits, order.length - at);
      [order[at], order[other]] = [order[other]!, order[at]!];
    }
    yield order.slice(0, k);
  }
}
