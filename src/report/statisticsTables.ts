/** Tables of what lies behind the scores: uncertainty, power, lengths, time. */
import { type Comparison, NOISE_LEVEL, type PairedDifference } from '../score/comparison.js';
import { problemsNeeded } from '../score/power.js';
import type { Score } from '../score/score.js';
import type { TokenSpread } from '../score/tokenSpread.js';
import {
  ABSENT,
  duration,
  percent,
  percentWithInterval,
  points,
  threeDigits,
  tokenCount,
  wholeNumber,
} from './format.js';
import { leftColumn, type RowGroup, rightColumn, type Table } from './table.js';

/** Differences, as shares, whose price in problems is told unless others are asked for. */
export const DIFFERENCES = [0.01, 0.05] as const;

/** Every pair: which differences are beyond noise, and what it would take to see others. `differences` are shares. */
export function powerTable(
  { pairs }: Comparison,
  labels: readonly string[],
  differences: readonly number[] = DIFFERENCES,
): Table {
  return {
    title: 'Beyond noise, and what it would take',
    note: `Beyond noise: p below ${NOISE_LEVEL} after Holm's adjustment; within noise is no proof of equality. Visible: the smallest true difference of accuracy, in points, that as many problems show four times in five (two-sided test at 5%). Problems for: how many problems would show the difference seen here, or one of so many points, as often, with as many samples; the last column is for the difference seen, with samples without end.`,
    columns: [
      leftColumn('run'),
      leftColumn('against'),
      leftColumn('accuracy'),
      leftColumn('tokens'),
      rightColumn('visible'),
      rightColumn('for this'),
      ...differences.map((difference) => rightColumn(`for ${Number((100 * difference).toPrecision(6))}`)),
      rightColumn('at best'),
    ],
    groups: pairs.map((pair) => ({ head: labels[pair.b]!, rows: [powerRow(pair, labels, differences)] })),
  };
}

function powerRow(
  { a, accuracy, tokens, power }: PairedDifference,
  labels: readonly string[],
  differences: readonly number[],
): string[] {
  const observed = Math.abs(accuracy.value);
  const atBest =
    power && power.deviationOfProblems !== null && observed > 0
      ? wholeNumber(problemsNeeded(power.deviationOfProblems, observed))
      : ABSENT;
  return [
    labels[a]!,
    verdict(accuracy.pHolm),
    verdict(tokens.pHolm),
    power ? points(power.visible) : ABSENT,
    power && power.problemsForObserved !== null ? wholeNumber(power.problemsForObserved) : ABSENT,
    ...differences.map((difference) =>
      power ? wholeNumber(problemsNeeded(power.deviation, difference)) : ABSENT,
    ),
    atBest,
  ];
}

function verdict(pHolm: number): string {
  return pHolm < NOISE_LEVEL ? 'beyond' : 'within';
}

/** Where the uncertainty of avg@n comes from, a line a run. */
export function spreadTable(scores: readonly Score[], labels: readonly string[]): Table {
  return {
    title: 'Where the uncertainty comes from',
    note: 'Standard error of avg@n in points, and the shares of its square that come from which problems were asked and from which samples were drawn. Correlation: of two samples of one problem. Worth: independent samples that as many correlated ones are worth.',
    columns: [
      leftColumn('checkpoint'),
      rightColumn('standard error'),
      rightColumn('from problems'),
      rightColumn('from samples'),
      rightColumn('correlation'),
      rightColumn('samples'),
      rightColumn('worth'),
    ],
    groups: scores.map(({ spread, samples, problemsSampled }, run) => ({
      head: labels[run]!,
      rows: [
        spread
          ? [
              (100 * spread.standardError).toFixed(2),
              `${percent(1 - spread.samplingShare)}%`,
              `${percent(spread.samplingShare)}%`,
              spread.correlation.toFixed(2),
              threeDigits(samples / problemsSampled),
              spread.effectiveSamples.toFixed(1),
            ]
          : [ABSENT, ABSENT, ABSENT, ABSENT, threeDigits(samples / problemsSampled), ABSENT],
      ],
    })),
  };
}

/** Lengths of right samples, wrong ones and those without an answer, a group of rows a run. */
export function lengthTable(scores: readonly Score[], labels: readonly string[]): Table {
  return {
    title: 'Tokens of right and wrong samples',
    note: 'Output tokens over samples: mean, median and quantiles. Samples without an answer are wrong too, and stand apart.',
    columns: [
      leftColumn('checkpoint'),
      leftColumn('samples that are'),
      rightColumn('count'),
      rightColumn('mean'),
      rightColumn('5%'),
      rightColumn('25%'),
      rightColumn('median'),
      rightColumn('75%'),
      rightColumn('95%'),
    ],
    groups: scores.map(({ tokensByOutcome: { right, wrong, silent } }, run) => ({
      head: labels[run]!,
      rows: [lengthRow('right', right), lengthRow('wrong', wrong), lengthRow('without an answer', silent)],
    })),
  };
}

function lengthRow(kind: string, spread: TokenSpread | null): string[] {
  if (!spread) return [kind, '0', ...Array<string>(6).fill(ABSENT)];
  const { samples, mean, p5, p25, median, p75, p95 } = spread;
  return [kind, wholeNumber(samples), ...[mean, p5, p25, median, p75, p95].map(tokenCount)];
}

/** Shares of a run's time that its table shows. */
const MOMENTS = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1] as const;

/** The votes while the runs went on, a group of rows a run. */
export function wallTable(scores: readonly Score[], labels: readonly string[]): Table {
  return {
    title: 'Accuracy against wall time',
    note: 'maj@n of the samples that had finished by then, over all problems: what a run that ended there would have known. Pauses between a run and its resumption are left out.',
    columns: [
      leftColumn('checkpoint'),
      rightColumn('time'),
      rightColumn('samples finished'),
      rightColumn('maj@n [95%]'),
    ],
    groups: scores.map(({ wallCurve }, run) => ({ head: labels[run]!, rows: wallRows(wallCurve) })),
  };
}

function wallRows(curve: Score['wallCurve']): RowGroup['rows'] {
  if (curve.length === 0) return [[ABSENT, ABSENT, ABSENT]];
  return MOMENTS.map((share) => {
    const { seconds, samples, majority } = curve[Math.round(share * curve.length) - 1]!;
    return [preciseDuration(seconds), wholeNumber(samples), percentWithInterval(majority)];
  });
}

function preciseDuration(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

/** What right samples cost in tokens and time, a line a run. */
export function costTable(scores: readonly Score[], labels: readonly string[]): Table {
  return {
    title: 'Cost',
    note: 'Tokens of all samples drawn, cancelled ones included, and the time in which at least one was being drawn.',
    columns: [
      leftColumn('checkpoint'),
      rightColumn('tokens drawn'),
      rightColumn('time'),
      rightColumn('tokens/s'),
      rightColumn('right samples / 1,000 tokens'),
      rightColumn('right samples / s'),
    ],
    groups: scores.map(({ drawnTokens, busySeconds, tokensByOutcome }, run) => {
      const right = tokensByOutcome.right?.samples ?? 0;
      const per = (amount: number, whole: number): string =>
        whole > 0 ? threeDigits(amount / whole) : ABSENT;
      return {
        head: labels[run]!,
        rows: [
          [
            wholeNumber(drawnTokens),
            preciseDuration(busySeconds),
            per(drawnTokens, busySeconds),
            per(1000 * right, drawnTokens),
            per(right, busySeconds),
          ],
        ],
      };
    }),
  };
}
