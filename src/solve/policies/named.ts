/** Budget policies by name. */
import { UsageError } from '../../errors.js';
import { bank } from './bank.js';
import { clamp } from './clamp.js';
import { difficulty } from './difficulty.js';
import { equal } from './equal.js';
import type { BudgetPolicy } from './policy.js';

export const POLICIES: readonly BudgetPolicy[] = [equal, bank, clamp, difficulty];

/** The policy of this name. @throws UsageError, which names those there are. */
export function policyOf(name: string): BudgetPolicy {
  const policy = POLICIES.find((candidate) => candidate.name === name);
  if (policy !== undefined) return policy;
  const names = POLICIES.map((candidate) => candidate.name).join(', ');
  throw new UsageError(`there is no budget policy '${name}'`, `Choose one of: ${names}.`, {
    field: '--budget-policy',
  });
}
