import { describe, expect, test } from '@jest/globals';
import { ADAM_W, adamWStep, gradientNorm, type TrainedTensor, trainedTensor } from './adamW.js';

const tensor = (values: readonly number[], decays: boolean): TrainedTensor =>
  trainedTensor([values.length], Float32Array.from(values), decays);

/** The textbook's algorithm in double precision, one number at a time. */
function reference(start: number, slopes: readonly number[], decays: boolean): number {
  let [weight, first, second] = [start, 0, 0];
  for (const [at, slope] of slopes.entries()) {
    const step = at + 1;
    first = 0.9 * first + 0.1 * slope;
    second = 0.98 * second + 0.02 * slope ** 2;
    const [mean, square] = [first / (1 - 0.9 ** step), second / (1 - 0.98 ** step)];
    if (decays) weight -= 0.01 * 0.1 * weight;
    weight -= (0.01 * mean) / (Math.sqrt(square) + 1e-8);
  }
  return weight;
}

describe('adamWStep', () => {
  test('follows the algorithm, decay and all', () => {
    const slopes = [0.3, -0.2, 0.05, 0.4];
    for (const decays of [true, false]) {
      const one = tensor([0.7], decays);
      for (const [at, slope] of slopes.entries()) {
        one.gradient[0] = slope;
        adamWStep([one], at + 1, 0.01, ADAM_W);
      }
      expect(one.data[0]).toBeCloseTo(reference(0.7, slopes, decays), 6);
    }
  });

  test('clips the norm of all tensors together and empties the gradients', () => {
    const clipped = [tensor([1, 1], false), tensor([1], false)];
    clipped[0]!.gradient.set([30, 0]);
    clipped[1]!.gradient.set([40]);
    expect(gradientNorm(clipped)).toBe(50);
    expect(adamWStep(clipped, 1, 0.01, ADAM_W)).toBe(50);
    expect(clipped[0]!.moment[0]).toBeCloseTo(0.1 * 0.6, 7);
    expect(clipped[1]!.moment[0]).toBeCloseTo(0.1 * 0.8, 7);
    expect([...clipped[0]!.gradient, ...clipped[1]!.gradient]).toEqual([0, 0, 0]);
  });

  test('leaves everything as it is when a gradient is no number', () => {
    const [good, broken] = [tensor([1], true), tensor([2], true)];
    good.gradient[0] = 1;
    broken.gradient[0] = Number.NaN;
    expect(adamWStep([good, broken], 1, 0.01, ADAM_W)).toBeNaN();
    expect([good.data[0], broken.data[0], good.moment[0], broken.moment[0]]).toEqual([1, 2, 0, 0]);
    expect(broken.gradient[0]).toBe(0);
  });
});
