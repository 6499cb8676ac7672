import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BudgetTooSmallError, checkBudget, MIN_SHARE_MS, reserveMs, TimeBudget } from './budget.js';

/** A clock that stands still until it is told to move. */
function simulated(start = 1_000_000) {
  const clock = { time: start, now: () => clock.time };
  return clock;
}

describe('TimeBudget', () => {
  test('without a limit every problem has all the time', () => {
    const budget = new TimeBudget({ clock: simulated(), deadlineMs: null, problems: 3, inFlight: 1 });
    expect(budget.open()).toBe(Number.POSITIVE_INFINITY);
  });

  test('one after another, problems that use their share get equal ones', () => {
    const clock = simulated(0);
    const budget = new TimeBudget({ clock, deadlineMs: 1000, problems: 4, inFlight: 1 });
    const deadlines = Array.from({ length: 4 }, () => {
      clock.time = budget.open();
      return clock.time;
    });
    expect(deadlines).toEqual([250, 500, 750, 1000]);
  });

  test('what a problem leaves is shared by those that come', () => {
    const clock = simulated(0);
    const budget = new TimeBudget({ clock, deadlineMs: 1000, problems: 3, inFlight: 1 });
    budget.open();
    clock.time = 100;
    expect(budget.open()).toBeCloseTo(100 + 450);
  });

  test('problems that run side by side share the machine, so each has longer', () => {
    const budget = new TimeBudget({ clock: simulated(0), deadlineMs: 1000, problems: 10, inFlight: 5 });
    expect(budget.open()).toBe(500);
  });

  test('no deadline is past the end, whatever problems use and however many run side by side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { minLength: 30, maxLength: 30 }),
        (problems, inFlight, uses) => {
          const clock = simulated(0);
          const budget = new TimeBudget({ clock, deadlineMs: 60_000, problems, inFlight });
          const open: number[] = [];
          for (const use of uses.slice(0, problems)) {
            if (open.length === inFlight)
              clock.time = Math.max(clock.time, open.sort((a, b) => a - b).shift()!);
            const deadline = budget.open();
            expect(deadline).toBeLessThanOrEqual(60_000);
            open.push(Math.min(deadline, clock.time + (deadline - clock.time) * use));
          }
          expect(Math.max(...open)).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });

  test('is refused when the first problem would get next to nothing', () => {
    const clock = simulated(0);
    const tight = new TimeBudget({ clock, deadlineMs: MIN_SHARE_MS * 10 - 1, problems: 10, inFlight: 1 });
    expect(() => tight.open()).toThrow(BudgetTooSmallError);
    const enough = new TimeBudget({ clock, deadlineMs: MIN_SHARE_MS * 10, problems: 10, inFlight: 1 });
    expect(enough.open()).toBe(MIN_SHARE_MS);
  });

  test('once problems have been tried, those that come too late are given up, not refused', () => {
    const clock = simulated(0);
    const budget = new TimeBudget({ clock, deadlineMs: 1000, problems: 3, inFlight: 1 });
    budget.open();
    clock.time = 5000;
    expect(budget.open()).toBeLessThanOrEqual(1000);
  });
});

describe('checkBudget', () => {
  test('refuses what holds not even one problem, and says how much is needed', () => {
    expect(() => checkBudget(100)).toThrow('100 ms is too little');
    checkBudget(20_000);
  });

  test('the reserve is a small part of any budget it accepts', () => {
    for (const minutes of [1, 10, 300])
      expect(reserveMs(minutes * 60_000)).toBeLessThan(minutes * 60_000 * 0.03);
  });
});
