/** Lengths of right samples, wrong ones and those without an answer, as box plots. */
import type * as vega from 'vega';
import type { Score } from '../../score/score.js';
import type { TokenSpread } from '../../score/tokenSpread.js';
import { drawPlot } from './frame.js';

/** Outcomes from the top of a run's boxes down; fainter boxes for what is worth less. */
const OUTCOMES = [
  { name: 'right', label: 'right', opacity: 0.85 },
  { name: 'wrong', label: 'wrong', opacity: 0.35 },
  { name: 'silent', label: 'no answer', opacity: 0 },
] as const;

/** Pixels of a box's row, and of the gap between runs. */
const ROW = 24;
const GAP = 12;
/** Room for the names of the outcomes. */
const LEFT = 74;

interface Box extends TokenSpread {
  readonly run: number;
  readonly label: string;
  readonly opacity: number;
  /** Pixels from the top to the middle of the row. */
  readonly middle: number;
}

/** Boxes from the first to the third quartile with the median, whiskers at 5% and 95%, a point at the mean. */
export function plotLengths(scores: readonly Score[]): Promise<string> {
  const boxes: Box[] = [];
  let top = 0;
  scores.forEach(({ tokensByOutcome }, run) => {
    for (const { name, label, opacity } of OUTCOMES) {
      const spread = tokensByOutcome[name];
      if (!spread) continue;
      boxes.push({ ...spread, run, label, opacity, middle: top + ROW / 2 });
      top += ROW;
    }
    top += GAP;
  });
  const height = top - GAP;
  const labels = Object.fromEntries(boxes.map(({ middle, label }) => [middle, label]));
  return drawPlot({
    description: 'Output tokens of right samples, wrong ones and those without an answer',
    x: { title: 'output tokens', domain: [0, Math.max(1, ...boxes.map(({ p95 }) => p95))] },
    runs: scores.map((_, run) => run),
    data: [{ name: 'boxes', values: boxes }],
    marks: boxMarks(),
    vertical: {
      scale: { name: 'y', type: 'linear', domain: [0, height], range: [0, height] },
      axis: {
        values: boxes.map(({ middle }) => middle),
        grid: false,
        ticks: false,
        domain: false,
        encode: { labels: { update: { text: { signal: `${JSON.stringify(labels)}[datum.value]` } } } },
      },
    },
    height,
    left: LEFT,
  });
}

function boxMarks(): vega.Mark[] {
  const colour = { scale: 'colour', field: 'run' };
  const at = (field: string) => ({ scale: 'x', field });
  const middle = { scale: 'y', field: 'middle' };
  const edge = (offset: number) => ({ ...middle, offset });
  const from = { data: 'boxes' };
  return [
    {
      type: 'rule',
      from,
      encode: {
        enter: { x: at('p5'), x2: at('p95'), y: middle, stroke: colour, strokeWidth: { value: 1.4 } },
      },
    },
    {
      type: 'rect',
      from,
      encode: {
        enter: {
          ...{ x: at('p25'), x2: at('p75'), y: edge(-8), y2: edge(8) },
          fill: { value: 'var(--paper)' },
        },
      },
    },
    {
      type: 'rect',
      from,
      encode: {
        enter: {
          ...{ x: at('p25'), x2: at('p75'), y: edge(-8), y2: edge(8) },
          ...{ fill: colour, fillOpacity: { field: 'opacity' }, stroke: colour, strokeWidth: { value: 1.4 } },
        },
      },
    },
    {
      type: 'rule',
      from,
      encode: {
        enter: {
          ...{ x: at('median'), y: edge(-8), y2: edge(8) },
          ...{ stroke: { value: 'currentColor' }, strokeWidth: { value: 2 } },
        },
      },
    },
    {
      type: 'symbol',
      from,
      encode: {
        enter: {
          ...{ x: at('mean'), y: middle, size: { value: 26 } },
          ...{
            fill: { value: 'var(--paper)' },
            stroke: { value: 'currentColor' },
            strokeWidth: { value: 1.4 },
          },
        },
      },
    },
  ];
}
