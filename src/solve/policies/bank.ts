/** The policy `bank`: unused time goes to a bank, from which one problem may draw up to a cap. */
import type { BudgetPolicy } from './policy.js';

/**
 * Most that a problem draws, in base shares. The winners of AIMO2 gave 350 s a problem and let one draw up to 210 s more
 * (I. Moshkov et al., AIMO-2 Winning Solution, 2025, section 6).
 */
const DRAW_CAP = 210 / 350;

/** The bank is what is left beyond a base share for every problem to come, so it is empty at the start. */
export const bank: BudgetPolicy = {
  name: 'bank',
  share: ({ fairMs, baseMs, unopened }) => {
    // Less than a base share each: time was lost, and there is nothing to draw from.
    if (fairMs <= baseMs) return fairMs;
    const banked = (fairMs - baseMs) * unopened;
    return baseMs + Math.min(banked, DRAW_CAP * baseMs);
  },
};
