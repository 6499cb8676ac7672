/** The policy `clamp`: all the time left but a reserve for the others, between a floor and a ceiling. */
import type { BudgetPolicy } from './policy.js';

/**
 * The reserve for each problem to come, which is also the floor, and the ceiling, in base shares. A notebook that many of
 * AIMO3 began from kept 300 s for each other problem and gave 300 to 900 s, of 17,400 s for 50 problems.
 */
const FLOOR = 300 / (17_400 / 50);
const CEILING = 900 / (17_400 / 50);

/** Late in a slow run the floor is no longer there for everyone: then all get the same, and the end is still met. */
export const clamp: BudgetPolicy = {
  name: 'clamp',
  share: ({ fairMs, baseMs, unopened }) => {
    const floorMs = FLOOR * baseMs;
    if (fairMs <= floorMs) return fairMs;
    return Math.min(CEILING * baseMs, fairMs * unopened - floorMs * (unopened - 1));
  },
};
