/** The rule `leader`: the leading answer wins the plurality vote whatever the outstanding samples say. */
import type { StopRule } from './stopRule.js';
import type { Count, Tally } from './tally.js';

/** An answer that nobody gave yet. */
const UNSEEN: Count = { votes: 0, first: Number.POSITIVE_INFINITY };

/** Costs nothing under the plurality vote; under a weighted one it is a rule of thumb. */
export const leader: StopRule = {
  name: 'leader',
  decides: (tally) => {
    const [first, ...others] = tally.ranking;
    return first !== undefined && [...others, UNSEEN].every((rival) => cannotCatch(rival, first, tally));
  },
};

function cannotCatch(rival: Count, leading: Count, tally: Tally): boolean {
  const most = rival.votes + tally.outstanding;
  if (most !== leading.votes) return most < leading.votes;
  // With equally many votes the lower first index wins, and an outstanding sample may lower the rival's.
  return leading.first < Math.min(rival.first, tally.firstOutstanding);
}
