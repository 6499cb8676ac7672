/** The rule `arbitration`: few samples where they agree, more where they do not, most for a few hard problems. */
import type { Ended } from '../trial.js';
import type { HardQuota, StopRule } from './stopRule.js';
import { Tally } from './tally.js';

/** The constants of a notebook that scored 42 of 50 in AIMO3 in four and a half of its five hours. */
export const ARBITRATION = {
  /** Nothing is decided on fewer samples. */
  fewestSamples: 3,
  /** So many samples without an answer: the problem is given up. */
  silentSamples: 3,
  /** So many votes for one answer. */
  votes: 4,
  /** So many votes more than any other answer; samples without one count as one vote for the other side. */
  lead: 2,
  /** All different after so many: the problem is hard. */
  hardAfter: 5,
  /** Hard problems of a run that go on. */
  hardProblems: 9,
  /** No problem goes on beyond this. */
  mostSamples: 8,
} as const;

export const arbitration: StopRule = {
  name: 'arbitration',
  decides: (tally, quota) => {
    const [first, second] = tally.ranking;
    const votes = first?.votes ?? 0;
    const rival = Math.max(second?.votes ?? 0, Math.min(1, tally.silent));
    if (tally.ended < ARBITRATION.fewestSamples) return false;
    if (tally.ended >= ARBITRATION.mostSamples) return true;
    if (tally.silent >= ARBITRATION.silentSamples) return true;
    if (votes >= ARBITRATION.votes || votes - rival >= ARBITRATION.lead) return true;
    return tally.ended === ARBITRATION.hardAfter && isDivided(tally) && !quota.take();
  },
};

/** Whether no two samples so far agree. */
function isDivided(tally: Tally): boolean {
  return (tally.ranking[0]?.votes ?? 0) <= 1;
}

/** The quota of a run; `taken` problems have gone on in an earlier part of it. */
export function hardQuota(taken: number): HardQuota {
  let left = ARBITRATION.hardProblems - taken;
  return {
    take: () => {
      left -= 1;
      return left >= 0;
    },
  };
}

/** Whether a problem took one of the quota: its first samples were all different, and more were drawn. */
export function wentOnDivided(samples: readonly Ended[]): boolean {
  const ended = samples.filter(({ finish }) => finish !== 'cancelled');
  if (ended.length <= ARBITRATION.hardAfter) return false;
  const tally = new Tally([]);
  for (const { index, value } of ended.slice(0, ARBITRATION.hardAfter)) tally.add(index, value);
  return isDivided(tally);
}
