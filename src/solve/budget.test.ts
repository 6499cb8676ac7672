import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BudgetTooSmallError, checkBudget, MIN_SHARE_MS, reserveMs, TimeBudget } from './budget.js';
import { bank } from './policies/bank.js';
import { clamp } from './policies/clamp.js';
import { difficulty } from './policies/difficulty.js';
import { equal } from './policies/equal.js';
import { POLICIES, policyOf } from './policies/named.js';
import type { BudgetPolicy } from './policies/policy.js';

/** A clock that stands still until it is told to move. */
function simulated(start = 1_000_000) {
  const clock = { time: start, now: () => clock.time };
  return clock;
}

/** A budget of `totalMs` from time 0 on. */
function budgetOf(totalMs: number, problems: number, inFlight = 1, policy: BudgetPolicy = equal) {
  const clock = simulated(0);
  return { clock, budget: new TimeBudget({ clock, deadlineMs: totalMs, problems, inFlight, policy }) };
}

describe('TimeBudget', () => {
  test.each(POLICIES)('without a limit every problem has all the time ($name)', (policy) => {
    const budget = new TimeBudget({ clock: simulated(), deadlineMs: null, problems: 3, inFlight: 1, policy });
    const share = budget.open();
    expect(share.deadlineMs).toBe(Number.POSITIVE_INFINITY);
    share.revise(0.1);
    expect(share.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([equal, bank])('problems that use their share get equal ones ($name)', (policy) => {
    const { clock, budget } = budgetOf(1000, 4, 1, policy);
    const deadlines = Array.from({ length: 4 }, () => {
      const share = budget.open();
      clock.time = share.deadlineMs;
      share.close();
      return share.deadlineMs;
    });
    expect(deadlines).toEqual([250, 500, 750, 1000]);
  });

  test('what a problem leaves is shared by those that come', () => {
    const { clock, budget } = budgetOf(1000, 3);
    budget.open().close();
    clock.time = 100;
    expect(budget.open().deadlineMs).toBeCloseTo(100 + 450);
  });

  test('problems that run side by side share the machine, so each has longer, all alike', () => {
    const { budget } = budgetOf(1000, 10, 5);
    expect(Array.from({ length: 5 }, () => budget.open().deadlineMs)).toEqual([500, 500, 500, 500, 500]);
  });

  test('the last ones side by side do not starve', () => {
    const { clock, budget } = budgetOf(1100, 21, 2);
    const shares: number[] = [];
    let open: ReturnType<typeof budget.open>[] = [];
    for (let problem = 0; problem < 21; problem += 1) {
      if (open.length === 2) {
        const [first, ...rest] = open.sort((a, b) => a.deadlineMs - b.deadlineMs);
        clock.time = first!.deadlineMs;
        first!.close();
        open = rest;
      }
      const share = budget.open();
      shares.push(share.deadlineMs - clock.time);
      open.push(share);
    }
    expect(Math.min(...shares)).toBeGreaterThan(99);
  });

  test.each(POLICIES)(
    'no deadline is past the end, whatever the clock and the problems do ($name)',
    (policy) => {
      const step = fc.record({
        /** How far the clock moves; it may jump back, or stand still. */
        moves: fc.double({ min: -20_000, max: 20_000, noNaN: true }),
        demand: fc.double({ min: 0, max: 1e6, noNaN: true }),
        revised: fc.double({ min: 0, max: 1e6, noNaN: true }),
        closes: fc.boolean(),
      });
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 8 }),
          fc.array(step, { minLength: 1, maxLength: 30 }),
          (inFlight, steps) => {
            const { clock, budget } = budgetOf(60_000, steps.length, inFlight, policy);
            const open: ReturnType<typeof budget.open>[] = [];
            for (const { moves, demand, revised, closes } of steps) {
              if (open.length === inFlight) open.shift()!.close();
              const share = budget.open(demand);
              open.push(share);
              for (const move of [() => undefined, () => share.revise(revised)]) {
                move();
                expect(share.deadlineMs).toBeLessThanOrEqual(60_000);
                expect(share.latestMs).toBeLessThanOrEqual(60_000);
                // Never a share below zero, unless the end itself has passed.
                expect(share.deadlineMs).toBeGreaterThanOrEqual(Math.min(60_000, share.openedMs));
                expect(share.latestMs).toBeGreaterThanOrEqual(share.deadlineMs);
              }
              if (closes) open.pop()!.close();
              clock.time += moves;
            }
          },
        ),
      );
    },
  );

  test('a clock that jumps back neither lengthens a share nor gives time back', () => {
    const { clock, budget } = budgetOf(1000, 4);
    clock.time = 400;
    expect(budget.open().deadlineMs).toBe(550);
    clock.time = -5000;
    expect(budget.open().openedMs).toBe(400);
    clock.time = Number.NaN;
    expect(budget.open().openedMs).toBe(400);
  });

  test('is refused when the first problem would get next to nothing', () => {
    expect(() => budgetOf(MIN_SHARE_MS * 10 - 1, 10).budget.open()).toThrow(BudgetTooSmallError);
    expect(budgetOf(MIN_SHARE_MS * 10, 10).budget.open().deadlineMs).toBe(MIN_SHARE_MS);
  });

  test('once problems have been tried, those that come too late are given up, not refused', () => {
    const { clock, budget } = budgetOf(1000, 3);
    budget.open();
    clock.time = 5000;
    expect(budget.open().deadlineMs).toBe(1000);
  });
});

describe('policies', () => {
  const standing = { fairMs: 100, baseMs: 100, unopened: 10, demand: 1 };

  test('bank draws what was saved, up to its cap, and leaves a base share to each of the others', () => {
    expect(bank.share(standing)).toBe(100);
    expect(bank.share({ ...standing, fairMs: 103 })).toBeCloseTo(130);
    expect(bank.share({ ...standing, fairMs: 150 })).toBeCloseTo(160);
    expect(bank.share({ ...standing, fairMs: 80 })).toBe(80);
  });

  test('clamp keeps between floor and ceiling, and shares alike once the floor is not there for all', () => {
    // The notebook's own figures: 17,400 s for 50 problems.
    const notebook = { fairMs: 348, baseMs: 348, unopened: 50, demand: 1 };
    expect(clamp.share(notebook)).toBeCloseTo(900);
    expect(clamp.share({ ...notebook, fairMs: 310 })).toBeCloseTo(310 * 50 - 300 * 49);
    expect(clamp.share({ ...notebook, fairMs: 299 })).toBe(299);
  });

  test('difficulty weighs within bounds, and leaves half a fair share to each of the others', () => {
    expect(difficulty.share({ ...standing, demand: 2 })).toBe(200);
    expect(difficulty.share({ ...standing, demand: 99 })).toBe(300);
    expect(difficulty.share({ ...standing, demand: 0 })).toBeCloseTo(100 / 3);
    expect(difficulty.share({ ...standing, demand: 99, unopened: 2 })).toBe(150);
  });

  test.each(POLICIES)('$name never promises more than there is', (policy) => {
    const time = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(time, time, fc.integer({ min: 2, max: 100 }), time, (fairMs, baseMs, unopened, demand) => {
        const share = policy.share({ fairMs, baseMs, unopened, demand });
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(fairMs * unopened * (1 + 1e-12));
      }),
    );
  });

  test('an unknown one is refused, with those there are', () => {
    expect(() => policyOf('greedy')).toThrow("no budget policy 'greedy'");
    expect(policyOf('bank')).toBe(bank);
  });
});

describe('checkBudget', () => {
  const one = { samples: 16, inFlight: 1 };

  test('refuses what holds not even one problem, and says how much is needed', () => {
    expect(() => checkBudget(100, 1, one)).toThrow('100 ms is too little');
    checkBudget(20_000, 256, one);
  });

  test('refuses shares below the floor, and accepts the budget that it names', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 64 }),
        (problems, inFlight) => {
          const width = { samples: 16, inFlight };
          let needed = 0;
          try {
            checkBudget(1, problems, width);
          } catch (error) {
            needed = Number(/at least (\d+) ms/.exec((error as BudgetTooSmallError).hint)![1]);
          }
          checkBudget(needed, problems, width);
          expect(() => checkBudget(needed - 2, problems, width)).toThrow(BudgetTooSmallError);
        },
      ),
    );
  });

  test('the reserve is a small part of any budget it accepts', () => {
    for (const minutes of [1, 10, 300])
      expect(reserveMs(minutes * 60_000, 50, one)).toBeLessThan(minutes * 60_000 * 0.03);
  });
});
