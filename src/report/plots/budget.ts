/** Accuracy against tokens: by the budget that a sample is given, and by what is spent of it. */
import type { Score } from '../../score/score.js';
import { tableBudgets } from '../../score/truncation.js';
import { type Axis, doublings, drawPlot } from './frame.js';
import { band, eachRun, line, type PlotPoint, pointsWithIntervals } from './marks.js';

/** Accuracy against the token budget on a log axis: a line a run, its 95% band, a point where the run itself ended. */
export function plotBudgets(scores: readonly Score[]): Promise<string> {
  const smallest = Math.min(...scores.map(({ settings }) => tableBudgets(settings.maxTokens)[0]!));
  const points = curvePoints(scores, ({ budget }) => budget).filter(({ x }) => x >= smallest);
  const largest = Math.max(2 * smallest, ...points.map(({ x }) => x));
  const x: Axis = {
    title: 'token budget of a sample',
    domain: [smallest, largest],
    isLog: true,
    ticks: doublings(smallest, largest),
  };
  return draw(points, x, true);
}

/** Accuracy against the tokens really spent at each budget: a line ends at the run's own mean and accuracy. */
export function plotTokensSpent(scores: readonly Score[]): Promise<string> {
  const points = curvePoints(scores, ({ meanTokens }) => meanTokens);
  const largest = Math.max(1, ...points.map(({ x }) => x));
  return draw(points, { title: 'mean output tokens', domain: [0, largest] }, false);
}

function curvePoints(scores: readonly Score[], x: (point: Score['curve'][number]) => number): PlotPoint[] {
  return scores.flatMap(({ curve }, run) =>
    curve.map((point) => ({
      run,
      x: x(point),
      y: point.accuracy.value,
      low: point.accuracy.interval?.low ?? point.accuracy.value,
      high: point.accuracy.interval?.high ?? point.accuracy.value,
    })),
  );
}

function draw(points: readonly PlotPoint[], x: Axis, hasBand: boolean): Promise<string> {
  const runs = [...new Set(points.map(({ run }) => run))];
  const ends = runs.map((run) => points.findLast((point) => point.run === run)!);
  return drawPlot({
    description: `Accuracy against ${x.title}`,
    x,
    runs,
    data: [
      { name: 'points', values: [...points] },
      { name: 'ends', values: ends },
    ],
    marks: [eachRun('points', [...(hasBand ? [band()] : []), line()]), ...pointsWithIntervals('ends')],
  });
}
