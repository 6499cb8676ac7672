/** How trainings went: what each step measured, and what validations found. */
import type * as vega from 'vega';
import { type CurvePoint, smooth, smoothingSteps, thin } from '../training/curves.js';
import type { TrainingStep, TrainingValidation } from '../training/log.js';
import type { ShownTraining } from '../training/tables.js';
import { type Axis, drawPlot, type Plot } from './frame.js';
import { eachRun, faintLine, line, type PlotPoint, pointsWithIntervals } from './marks.js';

/** Room for the labels of the vertical axis, such as `1.2e-3`. */
const LEFT = 58;
/** Below this many steps an axis has a tick for each. */
const FEW_STEPS = 6;

/** What a plot shows of a step. */
export interface StepMeasure {
  /** For those who cannot see the plot. */
  readonly description: string;
  readonly of: (step: TrainingStep) => number | null | undefined;
  /** Format of the vertical axis, as d3 writes it. */
  readonly format: string;
  /** Ends of the vertical axis; default: 0 and the values' own. */
  readonly domain?: readonly [low: number, high: number];
  /** A log axis where all values are above 0. */
  readonly isLog?: boolean;
}

/** Each step as a thin line and the mean of the steps about it as a thick one. `null` where no training measured it. */
export function plotSteps(trainings: readonly ShownTraining[], measure: StepMeasure): Promise<string> | null {
  const curves = trainings.flatMap(({ log, position }) => {
    const points = log.steps.flatMap((step): CurvePoint[] => {
      const y = measure.of(step);
      return typeof y === 'number' ? [{ x: step.step, y }] : [];
    });
    return points.length === 0 ? [] : [{ run: position, points }];
  });
  if (curves.length === 0) return null;
  const valuesOf = (lineOf: (points: readonly CurvePoint[]) => CurvePoint[]) =>
    curves.flatMap(({ run, points }) => thin(lineOf(points)).map((point) => ({ run, ...point })));
  const raw = valuesOf((points) => [...points]);
  return drawPlot({
    description: measure.description,
    x: stepAxis(trainings),
    runs: curves.map(({ run }) => run),
    data: [
      { name: 'raw', values: raw },
      { name: 'smoothed', values: valuesOf((points) => smooth(points, smoothingSteps(points.length))) },
    ],
    marks: [eachRun('raw', [faintLine()]), eachRun('smoothed', [line()])],
    vertical: verticalOf(
      measure,
      raw.map(({ y }) => y),
    ),
    left: LEFT,
  });
}

/** Right samples of each validation with its interval, on an axis from 0 to 100%. `null` where there is no validation. */
export function plotValidationAccuracy(trainings: readonly ShownTraining[]): Promise<string> | null {
  return plotValidations(
    trainings,
    'Right samples of validations, by step',
    ({ accuracy, accuracyInterval }) => ({ value: accuracy, interval: accuracyInterval }),
    () => vertical([0, 1], '.0%'),
  );
}

/** Mean tokens of each validation with its interval. `null` where there is no validation. */
export function plotValidationTokens(trainings: readonly ShownTraining[]): Promise<string> | null {
  return plotValidations(
    trainings,
    'Mean tokens of validations, by step',
    ({ meanTokens, tokensInterval }) => ({ value: meanTokens, interval: tokensInterval }),
    (points) => vertical([0, Math.max(1, ...points.map(({ high }) => high))], ',d'),
  );
}

function plotValidations(
  trainings: readonly ShownTraining[],
  description: string,
  of: (validation: TrainingValidation) => { value: number; interval: { low: number; high: number } | null },
  scale: (points: readonly PlotPoint[]) => NonNullable<Plot['vertical']>,
): Promise<string> | null {
  const points = trainings.flatMap(({ log, position }) =>
    log.validations.map((validation): PlotPoint => {
      const { value, interval } = of(validation);
      return {
        ...{ run: position, x: validation.step, y: value },
        ...{ low: interval?.low ?? value, high: interval?.high ?? value },
      };
    }),
  );
  if (points.length === 0) return null;
  return drawPlot({
    description,
    x: stepAxis(trainings),
    runs: [...new Set(points.map(({ run }) => run))],
    data: [{ name: 'points', values: points }],
    marks: [eachRun('points', [line()]), ...pointsWithIntervals('points')],
    vertical: scale(points),
    left: LEFT,
  });
}

function stepAxis(trainings: readonly ShownTraining[]): Axis {
  const last = Math.max(
    1,
    ...trainings.flatMap(({ log }) => [log.steps.at(-1)?.step ?? 0, log.validations.at(-1)?.step ?? 0]),
  );
  const ticks = last > FEW_STEPS ? {} : { ticks: Array.from({ length: last + 1 }, (_, at) => at) };
  return { title: 'step', domain: [0, last], ...ticks };
}

function vertical(domain: readonly [number, number], format: string): NonNullable<Plot['vertical']> {
  const scale: vega.Scale = {
    ...{ name: 'y', type: 'linear', domain: [...domain], range: 'height' },
    ...{ nice: true, zero: false },
  };
  const whole = format === ',d' ? { tickMinStep: 1 } : {};
  // d3 would write 0 as 0e+0.
  const text = { signal: `datum.value === 0 ? '0' : format(datum.value, '${format}')` };
  return { scale, axis: { tickCount: 5, ...whole, encode: { labels: { update: { text } } } } };
}

function verticalOf(
  { domain, format, isLog = false }: StepMeasure,
  values: readonly number[],
): NonNullable<Plot['vertical']> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!isLog || low <= 0 || low === high) return vertical(domain ?? rangeOf(low, high), format);
  return {
    scale: { name: 'y', type: 'log', base: 10, domain: [low, high], range: 'height' },
    axis: { format, values: logTicks(low, high) },
  };
}

/** 1, 2 and 5 times the powers of ten between two numbers, or the powers alone where those are many. */
function logTicks(low: number, high: number): number[] {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, at) => 10 ** (Math.floor(Math.log10(low)) + at),
  );
  const factors = powers.length > 5 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => factors.map((factor) => factor * power))
    .filter((tick) => tick >= low && tick <= high);
}

/** From 0, or the lowest value below it, to the highest. */
function rangeOf(lowest: number, highest: number): [number, number] {
  const [low, high] = [Math.min(0, lowest), Math.max(0, highest)];
  return high > low ? [low, high] : [low, low + 1];
}
