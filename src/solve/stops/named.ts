/** Stop rules as they are written: `none`, or a list such as `agree:4+leader`, of which any may decide. */
import { UsageError } from '../../errors.js';
import { agree } from './agree.js';
import { arbitration } from './arbitration.js';
import { leader } from './leader.js';
import type { StopRule } from './stopRule.js';

/** Draws every sample that was asked for. */
export const NO_STOP = 'none';

const AGREE = /^agree:([1-9]\d{0,5})$/;

/** The rules of a list; none of them for `none`. @throws UsageError, which names those there are. */
export function stopRulesOf(text: string): readonly StopRule[] {
  if (text === NO_STOP) return [];
  return text.split('+').map(ruleOf);
}

/** The list as it is recorded: each rule once. */
export function stopNames(rules: readonly StopRule[]): string {
  return [...new Set(rules.map(({ name }) => name))].join('+') || NO_STOP;
}

function ruleOf(text: string): StopRule {
  if (text === leader.name) return leader;
  if (text === arbitration.name) return arbitration;
  const votes = AGREE.exec(text)?.[1];
  if (votes !== undefined) return agree(Number(votes));
  throw new UsageError(
    `there is no stop rule '${text}'`,
    `Write ${NO_STOP}, or one or more of agree:K (K votes for one answer), ${leader.name} and ${arbitration.name} with + between them.`,
    { field: '--stop' },
  );
}
