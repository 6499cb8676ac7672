/** What a sample is rewarded for, by name, with the formulas of the paper (arXiv 2507.08267) and its code. */
import { BoxedError } from '../errors.js';

/** Rewards could not be computed. */
export class RewardError extends BoxedError {
  override readonly name = 'RewardError';
}

/** A sample of a problem as rewards see it. */
export interface RewardedSample {
  readonly text: string;
  readonly isRight: boolean;
  /** In the unit that the user chose: characters, as the paper's code counts, or tokens. */
  readonly length: number;
}

export interface RewardContext {
  /** All samples of the same problem. */
  readonly group: readonly RewardedSample[];
  /** Length from which on the cosine falls no further. */
  readonly maxLength: number;
}

export type Reward = (sample: RewardedSample, context: RewardContext) => number;

/** A box before the end of the thoughts, as the paper's pattern has it. */
const BOX_BEFORE_END = /^.*?oxed\{(.*?)\}.*?<\/think>.*?$/s;

/** 1 for a boxed answer before `</think>`, else 0. */
const format: Reward = ({ text }) => (BOX_BEFORE_END.test(text) ? 1 : 0);

/** 1 for a right answer, else 0. */
const accuracy: Reward = ({ isRight }) => (isRight ? 1 : 0);

/** Right: from 1 for a short text down to 0.1. Wrong: from -1 up to -0.1, so that a long attempt costs less than a rash one. */
const cosine: Reward = ({ isRight, length }, { maxLength }) => {
  const [long, short] = isRight ? [0.1, 1] : [-0.1, -1];
  const share = Math.min(1, length / maxLength);
  return long + 0.5 * (short - long) * (1 + Math.cos(Math.PI * share));
};

/**
 * The length reward of Kimi k1.5 (arXiv 2501.12599): λ = 0.5 - (length - shortest) / (longest - shortest) among the samples of
 * the problem; right ones get λ, wrong ones at most 0. 0 where all are equally long.
 */
const length: Reward = (sample, { group }) => {
  const lengths = group.map((other) => other.length);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  if (longest === shortest) return 0;
  const lambda = 0.5 - (sample.length - shortest) / (longest - shortest);
  return sample.isRight ? lambda : Math.min(0, lambda);
};

export const REWARDS = { format, cosine, length, accuracy } as const satisfies Readonly<
  Record<string, Reward>
>;
export type RewardName = keyof typeof REWARDS;
export const REWARD_NAMES = Object.keys(REWARDS) as RewardName[];

/** Weight of each reward in the sum. */
export type RewardWeights = Readonly<Partial<Record<RewardName, number>>>;

/** The paper's: format, cosine and length, each once. */
export const PAPER_REWARDS: RewardWeights = { format: 1, cosine: 1, length: 1 };

/** The functions behind the names. */
export type RewardFunctions = Readonly<Record<RewardName, Reward>>;

/** Each reward of each sample of a group, unweighted. @throws RewardError when one fails or gives no number */
export function rewardsOf(
  group: readonly RewardedSample[],
  names: readonly RewardName[],
  maxLength: number,
  functions: RewardFunctions = REWARDS,
): Record<RewardName, number>[] {
  return group.map((sample, at) => {
    const values = names.map((name) => {
      const place = `reward ${name} of sample ${at}`;
      return [name, computed(() => functions[name](sample, { group, maxLength }), place)];
    });
    return Object.fromEntries(values) as Record<RewardName, number>;
  });
}

function computed(reward: () => number, place: string): number {
  const hint = 'Leave this reward out, or look at what the sample says.';
  let value: number;
  try {
    value = reward();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RewardError(`it failed: ${why}`, hint, { field: place });
  }
  if (Number.isFinite(value)) return value;
  throw new RewardError(`it is ${value}, no number`, hint, { field: place });
}
