/** maj@k and pass@k against k: what more samples win, and what the vote loses of it. */
import type { Score } from '../../score/score.js';
import { type Axis, doublings, drawPlot } from './frame.js';
import { band, eachRun, line, points } from './marks.js';

/** A line of full points for maj@k, of hollow ones for pass@k, and the gap between them shaded. `null` where no k is above 1. */
export function plotVotes(scores: readonly Score[]): Promise<string> | null {
  const x = sampleAxis(scores);
  if (!x) return null;
  const values = scores.flatMap(({ byVotes }, run) =>
    byVotes.map(({ k, majority, pass }) => ({ run, x: k, low: majority.value, high: pass.value })),
  );
  return drawPlot({
    description: 'maj@k and pass@k against k',
    x,
    runs: scores.map((_, run) => run),
    data: [{ name: 'points', values }],
    marks: [
      eachRun('points', [band(), line({ field: 'low' }), line({ field: 'high', width: 1.4 })]),
      points('points', { field: 'high', size: 44, isHollow: true }),
      points('points', { field: 'low', size: 52 }),
    ],
  });
}

/** pass@k - maj@k with its band, on an axis of its own: next to accuracies it would lie flat. `null` where no k is above 1. */
export function plotLost(scores: readonly Score[]): Promise<string> | null {
  const x = sampleAxis(scores);
  if (!x) return null;
  const values = scores.flatMap(({ byVotes }, run) =>
    byVotes.map(({ k, lost: { value, interval } }) => ({
      run,
      x: k,
      y: value,
      low: interval?.low ?? value,
      high: interval?.high ?? value,
    })),
  );
  const highest = Math.max(0.01, ...values.map(({ high }) => high));
  return drawPlot({
    description: 'Accuracy lost by voting against k',
    x,
    runs: scores.map((_, run) => run),
    data: [{ name: 'points', values }],
    marks: [eachRun('points', [band(), line()]), points('points', { size: 52 })],
    vertical: {
      scale: { name: 'y', type: 'linear', domain: [0, highest], nice: true, range: 'height' },
      axis: { format: '.0%', tickCount: 5 },
    },
  });
}

function sampleAxis(scores: readonly Score[]): Axis | null {
  const largest = Math.max(...scores.flatMap(({ byVotes }) => byVotes.map(({ k }) => k)));
  return largest < 2
    ? null
    : { title: 'samples k', domain: [1, largest], isLog: true, ticks: doublings(1, largest) };
}
