/** The tables of a report, from scores. */
import type { Comparison } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { tableBudgets } from '../score/truncation.js';
import {
  ABSENT,
  changeWithInterval,
  percent,
  percentWithHalf,
  percentWithInterval,
  pointsWithInterval,
  pValue,
  tokenCount,
  wholeNumber,
} from './format.js';
import { leftColumn, rightColumn, type Table } from './table.js';

/** One line a run. `labels` names the runs, in the order of `scores`. */
export function summaryTable(scores: readonly Score[], labels: readonly string[]): Table {
  const most = new Set(scores.map(({ mostSamples }) => mostSamples));
  const n = most.size === 1 ? String([...most][0]) : 'n';
  const isBiased = scores.some(stoppedEarly);
  return {
    title: 'Accuracy',
    note: `Per cent. avg@${n}: samples right, averaged over problems [95% interval over problems]; maj@${n}: plurality of all samples, ties shared evenly; pass@${n}: any sample right; handed in: answers of the submission that are right; cut: samples ended by the token limit or the deadline, or because they repeated themselves; no answer: samples without one.${isBiased ? ` ${BIASED}: problems were stopped early, which biases the averages over samples.` : ''}`,
    columns: [
      leftColumn('checkpoint'),
      rightColumn('samples'),
      rightColumn(`avg@${n} [95%]`),
      rightColumn(`maj@${n}`),
      rightColumn(`pass@${n}`),
      rightColumn('handed in'),
      rightColumn('tokens'),
      rightColumn('cut'),
      rightColumn('no answer'),
    ],
    groups: scores.map((score, run) => ({
      head: labels[run]!,
      rows: [
        [
          sampleCount(score),
          percentWithInterval(score.average) + (stoppedEarly(score) ? BIASED : ''),
          percent(score.majority.value),
          percent(score.pass.value),
          `${score.submission.right}/${score.problems}`,
          tokenCount(score.meanTokens.value),
          percent(score.truncationRate),
          percent(score.noAnswerRate),
        ],
      ],
    })),
  };
}

/** Marks an average over the samples that an early stop left. */
const BIASED = '†';

function stoppedEarly({ finishes }: Score): boolean {
  return finishes.cancelled > 0;
}

function sampleCount({ problemsSampled, fewestSamples, mostSamples }: Score): string {
  const each = fewestSamples === mostSamples ? String(mostSamples) : `${fewestSamples}–${mostSamples}`;
  return `${problemsSampled} × ${each}`;
}

/** Accuracy at token budgets, a group of rows a run; `budgets` defaults to each run's own steps. */
export function budgetTable(
  scores: readonly Score[],
  labels: readonly string[],
  budgets?: readonly number[],
): Table {
  return {
    title: 'Accuracy at a token budget',
    note: 'Samples cut at the budget: right if the right answer stood within it. pass@1 is the average over all samples, in per cent, with half its 95% interval at the full budget; tokens are mean output tokens, the stop token included.',
    columns: [leftColumn('checkpoint'), rightColumn('budget'), rightColumn('pass@1'), rightColumn('tokens')],
    groups: scores.map((score, run) => ({
      head: labels[run]!,
      rows: (budgets ?? tableBudgets(score.settings.maxTokens)).map((budget) => budgetRow(score, budget)),
    })),
  };
}

function budgetRow({ curve, settings }: Score, budget: number): string[] {
  const point = curve.find((candidate) => candidate.budget === budget);
  if (!point) return [wholeNumber(budget), ABSENT, ABSENT];
  const accuracy =
    budget === settings.maxTokens ? percentWithHalf(point.accuracy) : percent(point.accuracy.value);
  return [wholeNumber(budget), accuracy, tokenCount(point.meanTokens)];
}

/** pass@k and maj@k by number of samples, a group of rows a run. */
export function voteTable(scores: readonly Score[], labels: readonly string[]): Table {
  return {
    title: 'Votes',
    note: 'Per cent, over every subset of k samples. Lost by voting: pass@k minus maj@k, problem by problem, which is what a perfect choice among the samples would win.',
    columns: [
      leftColumn('checkpoint'),
      rightColumn('k'),
      rightColumn('maj@k [95%]'),
      rightColumn('pass@k [95%]'),
      rightColumn('lost by voting [95%]'),
    ],
    groups: scores.map((score, run) => ({
      head: labels[run]!,
      rows: score.byVotes.map(({ k, majority, pass, lost }) => [
        String(k),
        percentWithInterval(majority),
        percentWithInterval(pass),
        percentWithInterval(lost),
      ]),
    })),
  };
}

/** Every pair of runs: paired differences of accuracy and tokens. */
export function differenceTable({ pairs }: Comparison, labels: readonly string[]): Table {
  return {
    title: 'Paired differences',
    note: 'Run minus the run it is held against, problem by problem [95% interval]: accuracy in points, output tokens in per cent. p: sign-flip permutation test, adjusted by Holm for the number of pairs.',
    columns: [
      leftColumn('run'),
      leftColumn('against'),
      rightColumn('accuracy [95%]'),
      rightColumn('p'),
      rightColumn('tokens [95%]'),
      rightColumn('p'),
    ],
    groups: pairs.map(({ a, b, accuracy, tokens, tokensChange }) => ({
      head: labels[b]!,
      rows: [
        [
          labels[a]!,
          pointsWithInterval(accuracy),
          pValue(accuracy.pHolm),
          changeWithInterval(tokensChange),
          pValue(tokens.pHolm),
        ],
      ],
    })),
  };
}

/** Every pair of submissions: the problems that only one of them got right. */
export function submissionTable({ pairs, scores }: Comparison, labels: readonly string[]): Table {
  return {
    title: 'Submissions',
    note: "Answers handed in that are right, and problems that only one of the two got right. p: McNemar's exact test, adjusted by Holm.",
    columns: [
      leftColumn('run'),
      leftColumn('against'),
      rightColumn('right'),
      rightColumn('only run'),
      rightColumn('only other'),
      rightColumn('p'),
    ],
    groups: pairs.map(({ a, b, submission }) => ({
      head: labels[b]!,
      rows: [
        [
          labels[a]!,
          `${scores[b]!.submission.right} : ${scores[a]!.submission.right}`,
          String(submission.onlyB),
          String(submission.onlyA),
          pValue(submission.pHolm),
        ],
      ],
    })),
  };
}

/** AIMO3's two-run score of the pairs that are one checkpoint under two seeds; `null` when there are none. */
export function twoRunTable({ pairs }: Comparison, labels: readonly string[]): Table | null {
  const groups = pairs.flatMap(({ a, b, twoRuns }) =>
    twoRuns
      ? [
          {
            head: labels[a]!,
            rows: [
              [labels[b]!, String(twoRuns.points), `${twoRuns.both} / ${twoRuns.one} / ${twoRuns.none}`],
            ],
          },
        ]
      : [],
  );
  if (groups.length === 0) return null;
  return {
    title: 'Two runs of one checkpoint',
    note: "AIMO3's private score: half a point for each of the two runs that is right.",
    columns: [
      leftColumn('first'),
      leftColumn('second'),
      rightColumn('points'),
      rightColumn('both / one / none'),
    ],
    groups,
  };
}
