import { describe, expect, test } from '@jest/globals';
import { advantagesOf } from './advantages.js';
import { REWARDS, type RewardedSample, rewardsOf } from './rewards.js';

const sample = (changes: Partial<RewardedSample> = {}): RewardedSample => ({
  text: '',
  isRight: true,
  length: 0,
  ...changes,
});
const alone = (one: RewardedSample) => ({ group: [one], maxLength: 600 });

describe('format', () => {
  test.each([
    ['<think>so \\boxed{7}</think> 7', 1],
    ['<think>so\n\\boxed{7}\n</think>\nThe answer is 7.', 1],
    ['<think>so 7</think> \\boxed{7}', 0],
    ['<think>so \\boxed{7}', 0],
    ['<think>so \\boxed7</think>', 0],
    ['\\boxed{}</think>', 1],
  ])('%j', (text, expected) => {
    const one = sample({ text });
    expect(REWARDS.format(one, alone(one))).toBe(expected);
  });
});

describe('cosine', () => {
  const of = (isRight: boolean, length: number) => {
    const one = sample({ isRight, length });
    return REWARDS.cosine(one, alone(one));
  };
  test('falls from 1 to 0.1 for a right answer and rises from -1 to -0.1 for a wrong one', () => {
    expect([of(true, 0), of(true, 300), of(true, 600), of(true, 5000)]).toEqual([
      expect.closeTo(1, 12),
      expect.closeTo(0.55, 12),
      expect.closeTo(0.1, 12),
      expect.closeTo(0.1, 12),
    ]);
    expect([of(false, 0), of(false, 300), of(false, 600)]).toEqual([
      expect.closeTo(-1, 12),
      expect.closeTo(-0.55, 12),
      expect.closeTo(-0.1, 12),
    ]);
  });
});

describe('length', () => {
  test('favours the short among the right, and gives a wrong one nothing', () => {
    const group = [100, 200, 300].flatMap((length) => [
      sample({ length }),
      sample({ length, isRight: false }),
    ]);
    const rewards = rewardsOf(group, ['length'], 600).map(({ length }) => length);
    expect(rewards).toEqual([0.5, 0, 0, 0, -0.5, -0.5]);
  });
  test('is 0 where all are equally long', () => {
    const group = [sample({ length: 9 }), sample({ length: 9, isRight: false })];
    expect(rewardsOf(group, ['length'], 600).map(({ length }) => length)).toEqual([0, 0]);
  });
});

describe('advantagesOf', () => {
  test('has mean 0 and deviation 1', () => {
    const advantages = advantagesOf([3, 1, 2, 2])!;
    expect(advantages.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 10);
    expect(advantages[0]).toBeCloseTo(1 / (Math.sqrt(2 / 3) + 1e-4), 10);
    expect(advantages[2]).toBeCloseTo(0, 10);
  });
  test('drops a group without differences', () => {
    expect(advantagesOf([0.1 + 0.2, 0.3])).toBeNull();
    expect(advantagesOf([1])).toBeNull();
  });
});

describe('rewardsOf', () => {
  const group = [sample(), sample({ isRight: false })];
  const failing = (accuracy: typeof REWARDS.accuracy) => () =>
    rewardsOf(group, ['format', 'accuracy'], 600, { ...REWARDS, accuracy });

  test('names the reward and the sample where one fails or gives no number', () => {
    const broken = failing(({ isRight }) => {
      if (!isRight) throw new TypeError('no text');
      return 1;
    });
    expect(broken).toThrow(
      expect.objectContaining({
        name: 'RewardError',
        message: 'reward accuracy of sample 1: it failed: no text',
      }),
    );
    expect(failing(() => Number.NaN)).toThrow('reward accuracy of sample 0: it is NaN, no number');
  });
});
