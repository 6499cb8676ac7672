import { describe, expect, test } from '@jest/globals';
import { StatisticsInputError } from './errors.js';
import { pairPower, problemsNeeded, visibleDifference } from './power.js';
import { seededBits } from './random.js';

describe('problemsNeeded', () => {
  // Paired t test, two-sided at 5 %, power 80 %: n as Cohen 1988 and G*Power 3.1 give it for d = 0.2, 0.5 and 0.8.
  test.each([
    [0.2, 199],
    [0.5, 34],
    [0.8, 15],
  ])('an effect of %d deviations takes %d problems', (effect, problems) => {
    expect(problemsNeeded(1, effect)).toBe(problems);
  });

  test("is Miller's 969 questions, and two for the t distribution", () => {
    // w^2 = 1/9, samples without end, 3 points.
    expect(problemsNeeded(1 / 3, 0.03)).toBe(969 + 2);
  });

  test('refuses a difference of nothing', () => {
    expect(() => problemsNeeded(0.3, 0)).toThrow(StatisticsInputError);
    expect(() => problemsNeeded(Number.NaN, 0.1)).toThrow(StatisticsInputError);
  });
});

describe('visibleDifference', () => {
  test('is the difference for which as many problems are needed', () => {
    for (const problems of [5, 50, 256, 5000]) {
      const difference = visibleDifference(0.3, problems)!;
      expect(problemsNeeded(0.3, difference * (1 + 1e-9))).toBe(problems);
      expect(problemsNeeded(0.3, difference * (1 - 1e-6))).toBeGreaterThanOrEqual(problems);
    }
    expect(visibleDifference(0.3, 1)).toBeNull();
  });

  test('is seen four times in five', () => {
    // Normal differences around the visible one; the t test at 5 % with 39 degrees of freedom.
    const bits = seededBits(11);
    const uniform = (): number => (bits() + 0.5) / 2 ** 32;
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const shift = visibleDifference(1, 40)!;
    let seen = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const drawn = Array.from({ length: 40 }, () => shift + normal());
      const centre = drawn.reduce((sum, value) => sum + value, 0) / 40;
      const variance = drawn.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 39;
      if (Math.abs(centre) / Math.sqrt(variance / 40) > 2.0227) seen++;
    }
    // Four standard errors of 2,000 trials are 3.6 points.
    expect(Math.abs(seen / 2000 - 0.8)).toBeLessThan(0.036);
  });
});

describe('pairPower', () => {
  test('tells the spread of the problems from that of the draws', () => {
    const power = pairPower([0.5, -0.5, 0.25, 0.75], 0.1)!;
    expect(power.deviation ** 2).toBeCloseTo(0.875 / 3, 12);
    expect(power.deviationOfProblems! ** 2).toBeCloseTo(0.875 / 3 - 0.1, 12);
    expect(power.problemsForObserved).toBe(problemsNeeded(power.deviation, 0.25));
    expect(pairPower([0.5, -0.5], 9)!.deviationOfProblems).toBe(0);
  });

  test('claims nothing from differences that do not vary', () => {
    expect(pairPower([0.5, 0.5, 0.5], 0)).toBeNull();
    expect(pairPower([0.5], 0)).toBeNull();
    expect(pairPower([0.5, -0.5], null)).toMatchObject({
      problemsForObserved: null,
      deviationOfProblems: null,
    });
  });
});
