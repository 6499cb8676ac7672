import { describe, expect, test } from '@jest/globals';
import {
  SFT,
  sampleOf,
  syntheticKey,
  syntheticRun,
  syntheticScore,
} from '../../test/support/syntheticRuns.js';
import { BusyClock } from './busyClock.js';
import { judge } from './outcomes.js';
import { collectRecords } from './records.js';
import { WALL_POINTS, wallCurve } from './wallCurve.js';

describe('wallCurve', () => {
  const run = syntheticRun(SFT, { problems: 2, samples: 3 });

  test('lets the finished samples vote, over all problems from the start', async () => {
    // Answers are 0 and 7. p000: wrong after 1 s, right after 2 s and 3 s; p001: right after 8 s of work, with a pause before.
    const records = await collectRecords(run, [
      sampleOf('p000', 0, { value: 5n, tokens: 1000 }),
      sampleOf('p000', 1, { value: 0n, tokens: 2000 }),
      sampleOf('p000', 2, { value: 0n, tokens: 3000 }),
      sampleOf('p001', 0, { value: 7n, tokens: 5000, startedAt: 60_000 }),
    ]);
    const clock = new BusyClock(records);
    const curve = wallCurve(judge(run, records, syntheticKey(2)), clock);
    expect(curve).toHaveLength(WALL_POINTS);
    const at = (seconds: number) => curve.findLast((point) => point.seconds <= seconds + 1e-9)!;
    expect(at(0.875)).toMatchObject({ samples: 0, majority: { value: 0 } });
    expect(at(1)).toMatchObject({ samples: 1, majority: { value: 0 } });
    expect(at(2)).toMatchObject({ samples: 2, majority: { value: 0.25 } });
    expect(at(3)).toMatchObject({ samples: 3, majority: { value: 0.5 } });
    expect(at(7.9)).toMatchObject({ samples: 3, majority: { value: 0.5 } });
    expect(curve.at(-1)).toMatchObject({ seconds: 8, samples: 4, majority: { value: 1 } });
  });

  test('ends at the vote over all samples', async () => {
    const score = await syntheticScore(SFT, { problems: 30 });
    const last = score.wallCurve.at(-1)!;
    expect(last).toEqual({ seconds: score.busySeconds, samples: score.samples, majority: score.majority });
    const samples = score.wallCurve.map((point) => point.samples);
    expect(samples).toEqual([...samples].sort((a, b) => a - b));
  });

  test('is empty where samples took no time', async () => {
    const records = await collectRecords(run, [
      { ...sampleOf('p000', 0, { value: 0n, tokens: 4 }), seconds: 0 },
    ]);
    expect(wallCurve(judge(run, records, syntheticKey(2)), new BusyClock(records))).toEqual([]);
  });
});
