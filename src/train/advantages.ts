/** From the rewards of a group to what each of its samples is better or worse by. */
import { mean } from '../score/intervals.js';

/** Keeps a group whose rewards hardly differ from being blown up, as in TRL. */
const SPREAD_FLOOR = 1e-4;

/**
 * Rewards less their mean, over their standard deviation (of the sample, n - 1): the group-relative advantage of GRPO (arXiv
 * 2402.03300). `null` for a group whose rewards are all equal: nothing can be learnt from it.
 */
export function advantagesOf(rewards: readonly number[]): number[] | null {
  const average = mean(rewards);
  const squares = rewards.reduce((sum, reward) => sum + (reward - average) ** 2, 0);
  // Sums of equal numbers may be off by a rounding.
  if (rewards.every((reward) => Math.abs(reward - rewards[0]!) < 1e-12)) return null;
  const deviation = Math.sqrt(squares / (rewards.length - 1));
  return rewards.map((reward) => (reward - average) / (deviation + SPREAD_FLOOR));
}
