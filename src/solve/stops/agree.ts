/** The rule `agree:K`: K samples gave one answer. */
import type { StopRule } from './stopRule.js';

export function agree(votes: number): StopRule {
  return {
    name: `agree:${votes}`,
    decides: (tally) => (tally.ranking[0]?.votes ?? 0) >= votes,
  };
}
