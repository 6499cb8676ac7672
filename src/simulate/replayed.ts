/** Problems out of journals: each sample is one that the model drew. */

import { uniformBelow } from '../score/random.js';
import type { ReplayProblem, ReplaySample } from '../score/replay.js';
import type { DrawnSample, ProblemSource, SimulatedProblem } from './problem.js';
import type { Random } from './random.js';

/** `forecasts`: mean log tokens by problem; empty without a predictor. */
export function replayed(
  problems: readonly ReplayProblem[],
  forecasts: ReadonlyMap<string, number>,
): ProblemSource {
  const all = problems.map((problem) => asSimulated(problem, forecasts.get(problem.id) ?? null));
  return { problems: (count, random) => shuffled(all, random).slice(0, count) };
}

function asSimulated({ id, right, samples }: ReplayProblem, forecastLog: number | null): SimulatedProblem {
  return { id, right, forecastLog, draw: (count, random) => drawn(samples, count, random) };
}

/** Samples of the pool in random order; beyond its size it is gone through again, in another order. */
function drawn(pool: readonly ReplaySample[], count: number, random: Random): readonly DrawnSample[] {
  const samples: ReplaySample[] = [];
  while (samples.length < count) samples.push(...shuffled(pool, random));
  return samples.slice(0, count);
}

/** Fisher-Yates. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = uniformBelow(random.bits, last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
