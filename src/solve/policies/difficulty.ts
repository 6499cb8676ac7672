/** The policy `difficulty`: a fair share times the tokens that the problem is expected to need, relative to the others. */
import type { BudgetPolicy } from './policy.js';

/** A forecast is a guess: no problem gets less or more than these multiples of a fair share for it. */
const LEAST = 1 / 3;
const MOST = 3;
/** What every problem to come keeps, in fair shares. */
const KEPT = 1 / 2;

export const difficulty: BudgetPolicy = {
  name: 'difficulty',
  share: ({ fairMs, unopened, demand }) => {
    const others = unopened - 1;
    return fairMs * Math.min(MOST, Math.max(LEAST, demand), unopened - KEPT * others);
  },
};
