/** The policy `equal`: what is left is shared alike. What a problem leaves unused is shared by all that come after it. */
import type { BudgetPolicy } from './policy.js';

export const equal: BudgetPolicy = { name: 'equal', share: ({ fairMs }) => fairMs };
