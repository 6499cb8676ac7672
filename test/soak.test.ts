/** A little of `make soak`: random use of one engine, and engines that are closed in the middle of it. */
import { beforeAll, expect, test } from '@jest/globals';
import { Engine } from '../src/engine/engine.js';
import type { GenerateRequest } from '../src/engine/types.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { memoryGrowth, soakEngine } from './support/engineSoak.js';
import { exportForTest, GREEDY } from './support/models.js';

const SOAK_MS = 20_000;

let model: ExportedModel;
beforeAll(async () => {
  model = await exportForTest('models/pebble-sft');
});

test('every request is answered exactly once, whatever happens beside it', async () => {
  const report = await soakEngine(model, { durationMs: SOAK_MS, seed: 20, rows: 12, callers: 10 });
  expect(report.faults).toEqual([]);
  expect(report.samples).toBeGreaterThan(50);
  expect(report.refused).toBeGreaterThan(0);
  expect(Object.keys(report.finishes)).toEqual(
    expect.arrayContaining(['stop', 'length', 'cancelled', 'deadline']),
  );
});

test('engines that are closed while they compute end, and reject what was open', async () => {
  const request = (id: string): GenerateRequest => ({
    ...{ id, promptTokens: Array.from({ length: 300 }, (_, at) => 20 + (at % 10)), samples: 6 },
    sampling: { ...GREEDY, greedy: false },
    ...{ stopTokens: [], maxTokens: 700, seed: 1 },
  });
  for (const afterMs of [0, 1, 10, 40, 150]) {
    const engine = await Engine.open(model, { rows: 8 });
    const open = Promise.allSettled(['a', 'b', 'c'].map((id) => engine.generate([request(id)])));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await Promise.all([engine.close(), engine.close()]);
    for (const result of await open)
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'the engine was closed' } });
  }
});

test('growth is that of the last quarter against the first one after the warm-up', () => {
  const rising = Array.from({ length: 60 }, (_, at) => 100 + Math.max(0, 20 - at));
  expect(memoryGrowth(rising)).toBe(0);
  expect(memoryGrowth(rising.map((bytes, at) => (at < 50 ? bytes : 110)))).toBeCloseTo(0.1);
});
