/** Votes of a problem's samples -> one answer. */
import type { Prediction } from '../core.js';

/**
 * Plurality: the answer of most samples wins. Of answers with equally many votes, the one wins whose first vote
 * has the lowest sample index, so the result depends on the samples alone and never on the order they finished in.
 * Samples without an answer do not vote; when none votes, `fallback` is the value.
 *
 * @param answers by sample index; `null` for a sample without an answer.
 */
export function plurality(
  answers: readonly (bigint | null)[],
  fallback: bigint,
): Pick<Prediction, 'value' | 'votes' | 'fallback'> {
  const counts = new Map<bigint, number>();
  for (const answer of answers) if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  // The map keeps the order of first votes, and the sort is stable: ties stay in that order.
  const ranking = [...counts].sort(([, a], [, b]) => b - a);
  return {
    value: ranking[0]?.[0] ?? fallback,
    votes: ranking.map(([answer, votes]) => [answer.toString(), votes] as const),
    fallback: ranking.length === 0,
  };
}
