/** The order of a report: the terminal and the HTML page show the same sections with the same tables. */
import type { Comparison } from '../score/comparison.js';
import { costTable, lengthTable, powerTable, spreadTable, wallTable } from './statisticsTables.js';
import type { Table } from './table.js';
import {
  budgetTable,
  differenceTable,
  submissionTable,
  summaryTable,
  twoRunTable,
  voteTable,
} from './tables.js';
import type { TrainingLog } from './training/log.js';

export interface ReportOptions {
  /** Token budgets of the table; each run's own steps by default. */
  readonly budgets?: readonly number[];
  /** Differences of accuracy, as shares, whose price in problems is told. */
  readonly differences?: readonly number[];
  /** Trainings to show behind the runs, or without any run. */
  readonly trainings?: readonly TrainingLog[];
}

export const SECTIONS = ['accuracy', 'tokens', 'differences', 'votes', 'time'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** The tables of each section; one without tables is left out of a report. `labels` names the runs. */
export function reportTables(
  comparison: Comparison,
  labels: readonly string[],
  { budgets, differences }: ReportOptions = {},
): Readonly<Record<SectionName, readonly Table[]>> {
  const { scores, pairs } = comparison;
  const twoRuns = twoRunTable(comparison, labels);
  return {
    accuracy: [summaryTable(scores, labels), spreadTable(scores, labels)],
    tokens: [budgetTable(scores, labels, budgets)],
    differences: [
      ...(pairs.length > 0
        ? [
            differenceTable(comparison, labels),
            powerTable(comparison, labels, differences),
            submissionTable(comparison, labels),
          ]
        : []),
      ...(twoRuns ? [twoRuns] : []),
    ],
    votes: [voteTable(scores, labels)],
    time: [lengthTable(scores, labels), wallTable(scores, labels), costTable(scores, labels)],
  };
}
