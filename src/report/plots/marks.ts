/** Marks that several plots are made of: bands, lines, points with an interval. */
import type * as vega from 'vega';

/** A point of a curve with the interval of its accuracy. */
export interface PlotPoint {
  readonly run: number;
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

const x = { scale: 'x', field: 'x' };
const colour = { scale: 'colour', field: 'run' };

/** A group a run, with `marks` that read from the data `curve`. */
export function eachRun(data: string, marks: vega.Mark[]): vega.Mark {
  return { type: 'group', from: { facet: { name: 'curve', data, groupby: 'run' } }, marks };
}

/** The area between `low` and `high`. */
export function band(): vega.Mark {
  return {
    type: 'area',
    from: { data: 'curve' },
    encode: {
      enter: {
        x,
        y: { scale: 'y', field: 'low' },
        y2: { scale: 'y', field: 'high' },
        fill: colour,
        fillOpacity: { value: 0.16 },
      },
    },
  };
}

/** A line through the field `y` of the points, in steps where they hold until the next. */
export function line({ field = 'y', width = 2.2, isStepped = false } = {}): vega.Mark {
  return {
    type: 'line',
    from: { data: 'curve' },
    encode: {
      enter: {
        x,
        y: { scale: 'y', field },
        stroke: colour,
        strokeDash: { scale: 'dash', field: 'run' },
        strokeWidth: { value: width },
        ...(isStepped ? { interpolate: { value: 'step-after' } } : {}),
      },
    },
  };
}

/** A thin, pale line behind another: values that jump about. */
export function faintLine(): vega.Mark {
  const y = { scale: 'y', field: 'y' };
  return {
    type: 'line',
    from: { data: 'curve' },
    encode: { enter: { x, y, stroke: colour, strokeWidth: { value: 1 }, strokeOpacity: { value: 0.35 } } },
  };
}

/** Points of `data` with their intervals. */
export function pointsWithIntervals(data: string): vega.Mark[] {
  const rule: vega.Mark = {
    type: 'rule',
    from: { data },
    encode: {
      enter: {
        x,
        y: { scale: 'y', field: 'low' },
        y2: { scale: 'y', field: 'high' },
        stroke: colour,
        strokeWidth: { value: 1.6 },
      },
    },
  };
  return [rule, points(data, { size: 70 })];
}

/** Points of `data`, filled or hollow. */
export function points(data: string, { field = 'y', size = 40, isHollow = false } = {}): vega.Mark {
  return {
    type: 'symbol',
    from: { data },
    encode: {
      enter: {
        x,
        y: { scale: 'y', field },
        size: { value: size },
        fill: isHollow ? { value: 'var(--paper)' } : colour,
        stroke: isHollow ? colour : { value: 'var(--paper)' },
        strokeWidth: { value: 1.5 },
      },
    },
  };
}
