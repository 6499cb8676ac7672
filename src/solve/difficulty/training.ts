/** Trains a predictor on the token counts of journals, and says how well it ranks problems it has not seen. */
import { BoxedError } from '../../errors.js';
import { digestOf } from '../../files.js';
import { featuresOf, PREDICTOR_FORMAT, type Predictor } from './predictor.js';
import { spearman } from './ranks.js';
import { type Row, ridge, times } from './ridge.js';
import { BUCKETS, COUNTS, countsOf } from './words.js';

/** Too few problems to hold any out. */
export class TooFewProblemsError extends BoxedError {
  override readonly name = 'TooFewProblemsError';
}

/** One problem of one run. */
export interface LengthExample {
  readonly run: string;
  readonly problemId: string;
  readonly text: string;
  /** Tokens of each sample that ended by itself; at least one. */
  readonly tokens: readonly number[];
}

const FOLDS = 10;
const PENALTIES = [0.1, 0.3, 1, 3];
const WIDTH = COUNTS.length + BUCKETS;
/** A spread of 0 cannot be divided by; smaller ones than this are noise. */
const SMALLEST_SD = 1e-3;

interface Point {
  readonly row: Row;
  readonly target: number;
  /** Problems are dealt into folds by their id, so that two runs' samples of one problem are held out together. */
  readonly fold: number;
}

/**
 * Fits log tokens, each run's mean taken off, by ridge regression. The penalty is chosen by cross-validation; for the
 * figures on held-out problems it is chosen anew without them.
 * @throws TooFewProblemsError
 */
export function trainPredictor(examples: readonly LengthExample[]): Predictor {
  const ids = [...new Set(examples.map(({ problemId }) => problemId))];
  if (ids.length < 2 * FOLDS)
    throw new TooFewProblemsError(
      `${ids.length} problems have samples that ended by themselves; ${2 * FOLDS} are needed`,
      'Give runs on more problems, or without a time budget.',
    );
  const levels = examples.map(({ tokens }) => mean(tokens.map(logTokens)));
  const scale = countScale(examples);
  const runMeans = meansByRun(examples, levels);
  const folds = foldsOf(ids);
  const points = examples.map(({ text, run, problemId }, at) => ({
    row: featuresOf(text, scale),
    target: levels[at]! - runMeans.get(run)!,
    fold: folds.get(problemId)!,
  }));
  const heldOut = crossValidate(points, (training) => fitWeights(training, bestPenalty(training)));
  const residuals = heldOut.map((predicted, at) => predicted - points[at]!.target);
  return {
    format: PREDICTOR_FORMAT,
    typicalLog: mean(levels),
    forecastSd: Math.max(SMALLEST_SD, rootMeanSquare(residuals)),
    sampleSd: Math.max(SMALLEST_SD, withinSd(examples)),
    ...scale,
    weights: [...fitWeights(points, bestPenalty(points))],
    training: {
      problems: ids.length,
      runs: [...runMeans.keys()],
      heldOutSpearman: spearman(
        heldOut,
        points.map(({ target }) => target),
      ),
    },
  };
}

function fitWeights(points: readonly Point[], penalty: number): Float64Array {
  return ridge(
    points.map(({ row }) => row),
    points.map(({ target }) => target),
    penalty,
    WIDTH,
  );
}

/** Predictions of all points, each by a fit that did not see its fold. */
function crossValidate(
  points: readonly Point[],
  fitTo: (training: readonly Point[]) => Float64Array,
): number[] {
  const weights = new Map<number, Float64Array>();
  return points.map(({ row, fold }) => {
    const known = weights.get(fold) ?? fitTo(points.filter((point) => point.fold !== fold));
    weights.set(fold, known);
    return times(row, known);
  });
}

function bestPenalty(points: readonly Point[]): number {
  const losses = PENALTIES.map((penalty) => {
    const predicted = crossValidate(points, (training) => fitWeights(training, penalty));
    return rootMeanSquare(predicted.map((value, at) => value - points[at]!.target));
  });
  return PENALTIES[losses.indexOf(Math.min(...losses))]!;
}

function foldsOf(ids: readonly string[]): Map<string, number> {
  const shuffled = ids.map((id) => [digestOf(id), id] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(shuffled.map(([, id], at) => [id, at % FOLDS]));
}

function countScale(examples: readonly LengthExample[]): Pick<Predictor, 'countMeans' | 'countSds'> {
  const counts = examples.map(({ text }) => countsOf(text));
  const countMeans = COUNTS.map((_, at) => mean(counts.map((row) => row[at]!)));
  const countSds = COUNTS.map((_, at) =>
    Math.max(SMALLEST_SD, rootMeanSquare(counts.map((row) => row[at]! - countMeans[at]!))),
  );
  return { countMeans, countSds };
}

function meansByRun(examples: readonly LengthExample[], levels: readonly number[]): Map<string, number> {
  const byRun = new Map<string, number[]>();
  examples.forEach(({ run }, at) => {
    const seen = byRun.get(run) ?? [];
    byRun.set(run, seen);
    seen.push(levels[at]!);
  });
  return new Map([...byRun].map(([run, seen]) => [run, mean(seen)]));
}

/** Pooled standard deviation of log tokens within problems. */
function withinSd(examples: readonly LengthExample[]): number {
  let squares = 0;
  let freedom = 0;
  for (const { tokens } of examples) {
    const logs = tokens.map(logTokens);
    const centre = mean(logs);
    squares += logs.reduce((sum, value) => sum + (value - centre) ** 2, 0);
    freedom += logs.length - 1;
  }
  return freedom === 0 ? 0 : Math.sqrt(squares / freedom);
}

function logTokens(tokens: number): number {
  return Math.log(Math.max(1, tokens));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(mean(values.map((value) => value ** 2)));
}
