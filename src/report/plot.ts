/** The plots of a report, as SVG without a browser. Colours are CSS variables, so one file serves light and dark. */
import * as vega from 'vega';
import type { Score } from '../score/score.js';
import { tableBudgets } from '../score/truncation.js';
import { runStyle } from './palette.js';

/** Pixels of a plot's inside; small, so that its text stays readable when a narrow screen shrinks it. */
const WIDTH = 380;
const HEIGHT = 270;
/** Room for axes, the same in every plot, so that plots stand in line; the right side holds half a tick's label. */
const PADDING = { left: 46, right: 20, top: 10, bottom: 46 };

type PlotKind = 'budget' | 'spent';

interface PlotPoint {
  readonly run: number;
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/** Accuracy against the token budget on a log axis: a line a run, its 95% band, a point where the run itself ended. */
export function plotBudgets(scores: readonly Score[]): Promise<string> {
  const smallest = Math.min(...scores.map(({ settings }) => tableBudgets(settings.maxTokens)[0]!));
  const points = curvePoints(scores, ({ budget }) => budget).filter(({ x }) => x >= smallest);
  const largest = Math.max(...points.map(({ x }) => x));
  const doublings = Array.from(
    { length: Math.floor(Math.log2(largest / smallest)) + 1 },
    (_, step) => smallest * 2 ** step,
  );
  return draw('budget', points, [smallest, largest], 'token budget of a sample', doublings);
}

/** Accuracy against the tokens really spent at each budget: a line ends at the run's own mean and accuracy. */
export function plotTokensSpent(scores: readonly Score[]): Promise<string> {
  const points = curvePoints(scores, ({ meanTokens }) => meanTokens);
  const largest = Math.max(...points.map(({ x }) => x));
  return draw('spent', points, [0, largest], 'mean output tokens');
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

async function draw(
  kind: PlotKind,
  points: readonly PlotPoint[],
  domain: readonly [number, number],
  title: string,
  ticks?: readonly number[],
): Promise<string> {
  const view = new vega.View(vega.parse(plotSpec(kind, points, domain, title, ticks)), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function plotSpec(
  kind: PlotKind,
  points: readonly PlotPoint[],
  domain: readonly [number, number],
  title: string,
  ticks?: readonly number[],
): vega.Spec {
  const runs = [...new Set(points.map(({ run }) => run))];
  const ends = runs.map((run) => points.findLast((point) => point.run === run)!);
  const text = {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    labelFontSize: 13,
    titleFontSize: 13,
  };
  const lines = { domainColor: 'var(--rule)', tickColor: 'var(--rule)', gridColor: 'var(--rule)' };
  const font = { labelFont: 'sans-serif', titleFont: 'sans-serif', titleFontWeight: 'normal' as const };
  const axis = { ...text, ...lines, ...font, grid: true, titlePadding: 8 };
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: PADDING,
    autosize: 'none',
    description: `Accuracy against ${title}`,
    data: [
      { name: 'points', values: [...points] },
      { name: 'ends', values: ends },
    ],
    scales: [
      {
        name: 'x',
        // A log axis has no 0, and base 2 puts its grid on the doublings.
        ...(kind === 'budget' ? { type: 'log' as const, base: 2 } : { type: 'linear' as const, nice: true }),
        domain: [...domain],
        range: 'width',
      },
      { name: 'y', type: 'linear', domain: [0, 1], range: 'height' },
      { name: 'colour', type: 'ordinal', domain: runs, range: runs.map((run) => runStyle(run).colour) },
      { name: 'dash', type: 'ordinal', domain: runs, range: runs.map((run) => [...runStyle(run).dash]) },
    ],
    axes: [
      {
        ...axis,
        scale: 'x',
        orient: 'bottom',
        title,
        format: ',d',
        ...(ticks ? { values: [...ticks] } : { tickCount: 6 }),
      },
      { ...axis, scale: 'y', orient: 'left', format: '.0%', tickCount: 5 },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'curve', data: 'points', groupby: 'run' } },
        marks: [...(kind === 'budget' ? [bandMark()] : []), lineMark()],
      },
      ...endMarks(),
    ],
  };
}

function bandMark(): vega.Mark {
  return {
    type: 'area',
    from: { data: 'curve' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'low' },
        y2: { scale: 'y', field: 'high' },
        fill: { scale: 'colour', field: 'run' },
        fillOpacity: { value: 0.16 },
      },
    },
  };
}

function lineMark(): vega.Mark {
  return {
    type: 'line',
    from: { data: 'curve' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'y' },
        stroke: { scale: 'colour', field: 'run' },
        strokeDash: { scale: 'dash', field: 'run' },
        strokeWidth: { value: 2.2 },
      },
    },
  };
}

/** The run as it was: a point with the interval of its accuracy. */
function endMarks(): vega.Mark[] {
  const x = { scale: 'x', field: 'x' };
  const colour = { scale: 'colour', field: 'run' };
  return [
    {
      type: 'rule',
      from: { data: 'ends' },
      encode: {
        enter: {
          x,
          y: { scale: 'y', field: 'low' },
          y2: { scale: 'y', field: 'high' },
          stroke: colour,
          strokeWidth: { value: 1.6 },
        },
      },
    },
    {
      type: 'symbol',
      from: { data: 'ends' },
      encode: {
        enter: {
          x,
          y: { scale: 'y', field: 'y' },
          size: { value: 70 },
          fill: colour,
          stroke: { value: 'var(--paper)' },
          strokeWidth: { value: 1.5 },
        },
      },
    },
  ];
}
