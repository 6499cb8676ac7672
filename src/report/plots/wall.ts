/** Accuracy against wall time: how right the votes were while the runs went on. */
import type { Score } from '../../score/score.js';
import { drawPlot } from './frame.js';
import { eachRun, line, type PlotPoint, pointsWithIntervals } from './marks.js';

/** Units of the axis, the largest first, and the seconds from which each is used: two of them make a readable axis. */
const UNITS = [
  { name: 'hours', seconds: 3600, from: 7200 },
  { name: 'minutes', seconds: 60, from: 120 },
  { name: 'seconds', seconds: 1, from: 0 },
] as const;

/** A stepped line a run from no answers to its last vote. `null` where no journal has times. */
export function plotWallTime(scores: readonly Score[]): Promise<string> | null {
  const longest = Math.max(...scores.map(({ busySeconds }) => busySeconds));
  const runs = scores.flatMap(({ wallCurve }, run) => (wallCurve.length > 0 ? [run] : []));
  if (runs.length === 0) return null;
  const unit = UNITS.find(({ from }) => longest >= from)!;
  const curves = runs.map((run): PlotPoint[] => [
    { run, x: 0, y: 0, low: 0, high: 0 },
    ...scores[run]!.wallCurve.map(({ seconds, majority: { value, interval } }) => ({
      run,
      x: seconds / unit.seconds,
      y: value,
      low: interval?.low ?? value,
      high: interval?.high ?? value,
    })),
  ]);
  return drawPlot({
    description: `Accuracy of the votes against ${unit.name} of work`,
    x: { title: `${unit.name} of work`, domain: [0, longest / unit.seconds], format: ',.2~f' },
    runs,
    data: [
      { name: 'points', values: curves.flat() },
      { name: 'ends', values: curves.map((curve) => curve.at(-1)!) },
    ],
    marks: [eachRun('points', [line({ isStepped: true })]), ...pointsWithIntervals('ends')],
  });
}
