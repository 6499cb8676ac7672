/** Runs killed at random moments: what they leave in the end is what an undisturbed run leaves, bit for bit. */
import { expect, test } from '@jest/globals';
import { killRuns } from './support/killedRuns.js';
import { temporaryFolder } from './support/models.js';

const KILLS = 20;
const BATCHED_KILLS = 4;
/** Long enough for a machine that others use as well. */
const TIMEOUT_MS = 600_000;

test(
  'killed with -9 20 times, a run ends with the tokens, answers, votes and files of one that nobody disturbed',
  async () => {
    const { kills, runs, differences } = await killRuns({
      folder: await temporaryFolder(),
      kills: KILLS,
      seed: 0,
    });
    expect(differences).toEqual([]);
    expect(kills).toBe(KILLS);
    expect(runs).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'so does a batch-invariant run of several rows, another number of them after each kill',
  async () => {
    const { kills, differences } = await killRuns({
      folder: await temporaryFolder(),
      kills: BATCHED_KILLS,
      seed: 1,
      rows: [8, 3, 64],
      options: ['--batch-invariant', '--in-flight', '8'],
    });
    expect(differences).toEqual([]);
    expect(kills).toBe(BATCHED_KILLS);
  },
  TIMEOUT_MS,
);
