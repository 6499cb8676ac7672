/** What all plots share: size, axes, drawing as SVG without a browser. Colours are CSS variables, so one file serves light and dark. */
import * as vega from 'vega';
import { runStyle } from './palette.js';

/** Pixels of a plot's inside; small, so that its text stays readable when a narrow screen shrinks it. */
const WIDTH = 380;
export const HEIGHT = 270;
/** Room for axes, the same in every plot, so that plots stand in line; the right side holds half a tick's label. */
const PADDING = { left: 46, right: 20, top: 10, bottom: 46 };

const FONT = 'system-ui, sans-serif';

/** Axes are made alike: in the font and colour of the text, lines in the colour of rules. */
const AXIS = {
  ...{ labelColor: 'currentColor', titleColor: 'currentColor', labelFontSize: 13, titleFontSize: 13 },
  ...{ domainColor: 'var(--rule)', tickColor: 'var(--rule)', gridColor: 'var(--rule)' },
  ...{ labelFont: FONT, titleFont: FONT, titleFontWeight: 'normal' as const },
  ...{ grid: true, titlePadding: 8 },
};

/** The horizontal axis. */
export interface Axis {
  readonly title: string;
  readonly domain: readonly [low: number, high: number];
  /** A log axis has no 0, and base 2 puts its grid on the doublings. */
  readonly isLog?: boolean;
  readonly ticks?: readonly number[];
  /** Format of the labels, as d3 writes it. Default: whole numbers in groups of three digits. */
  readonly format?: string;
}

export interface Plot {
  /** What it shows, for those who cannot see it. */
  readonly description: string;
  readonly x: Axis;
  /** Positions of the runs that are drawn, for the scales `colour` and `dash`. */
  readonly runs: readonly number[];
  readonly data: vega.Data[];
  readonly marks: vega.Mark[];
  /** Accuracy from 0 to 100% unless given. */
  readonly vertical?: { readonly scale: vega.Scale; readonly axis: Partial<vega.Axis> };
  readonly height?: number;
  readonly left?: number;
}

const ACCURACY = {
  scale: { name: 'y', type: 'linear' as const, domain: [0, 1], range: 'height' as const },
  axis: { format: '.0%', tickCount: 5 },
};

/** Draws a plot as an SVG element. */
export async function drawPlot(plot: Plot): Promise<string> {
  const view = new vega.View(vega.parse(specOf(plot)), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function specOf(plot: Plot): vega.Spec {
  const { description, x, runs, data, marks, vertical = ACCURACY, height = HEIGHT, left } = plot;
  const padding = { ...PADDING, ...(left === undefined ? {} : { left }) };
  return {
    width: WIDTH + PADDING.left - padding.left,
    height,
    padding,
    autosize: 'none',
    description,
    data,
    scales: [
      {
        name: 'x',
        ...(x.isLog ? { type: 'log' as const, base: 2 } : { type: 'linear' as const, nice: true }),
        domain: [...x.domain],
        range: 'width',
      },
      vertical.scale,
      { name: 'colour', type: 'ordinal', domain: [...runs], range: runs.map((run) => runStyle(run).colour) },
      { name: 'dash', type: 'ordinal', domain: [...runs], range: runs.map((run) => [...runStyle(run).dash]) },
    ],
    axes: [
      {
        ...AXIS,
        scale: 'x',
        orient: 'bottom',
        title: x.title,
        format: x.format ?? ',d',
        ...(x.ticks ? { values: [...x.ticks] } : { tickCount: 6 }),
      },
      { ...AXIS, scale: 'y', orient: 'left', ...vertical.axis },
    ],
    marks,
  };
}

/** The powers of two times `from`, up to `to`: ticks of a log axis. */
export function doublings(from: number, to: number): number[] {
  return Array.from({ length: Math.floor(Math.log2(to / from)) + 1 }, (_, step) => from * 2 ** step);
}
