/** Scores and comparisons as text for a terminal, within 100 columns. */
import CliTable from 'cli-table3';
import type { Comparison } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { duration, percent, tokenCount, wholeNumber } from './format.js';
import { labelRuns, shortenLabel } from './labels.js';
import { notesOn } from './notes.js';
import type { RowGroup, Table } from './table.js';
import {
  budgetTable,
  differenceTable,
  submissionTable,
  summaryTable,
  twoRunTable,
  voteTable,
} from './tables.js';

export interface TerminalOptions {
  /** Whether the output understands colours: give `stream.isTTY`. */
  readonly colors: boolean;
  /** Token budgets of the table; each run's own steps by default. */
  readonly budgets?: readonly number[];
}

/** Columns of text; what a half-width window of an editor shows. */
export const WIDTH = 100;

/** Horizontal rules alone: two blanks part the columns. */
const RULES = {
  ...{ top: '─', 'top-mid': '──', 'top-left': '', 'top-right': '' },
  ...{ bottom: '─', 'bottom-mid': '──', 'bottom-left': '', 'bottom-right': '' },
  ...{ mid: '─', 'mid-mid': '──', 'left-mid': '', 'right-mid': '' },
  ...{ left: '', right: '', middle: '  ' },
};
/** Within a group no line is drawn between rows. */
const NO_RULE = { mid: '', 'mid-mid': '', 'top-mid': '' };

/** One run's score: summary, votes and accuracy at token budgets. */
export function renderScore(score: Score, options: TerminalOptions): string {
  const labels = labelRuns([score]).map(shortenLabel);
  const parts = [
    `${score.modelName} on ${score.problemSet} (run ${score.name})`,
    drawTable(summaryTable([score], labels), options),
    drawTable(voteTable([score], labels), options),
    drawTable(budgetTable([score], labels, options.budgets), options),
    ...detailsOf(score).map((detail) => wrap(detail)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Several runs on the same problems: summaries, budgets, and every pair's differences. */
export function renderComparison(comparison: Comparison, options: TerminalOptions): string {
  const { scores, pairs } = comparison;
  const full = labelRuns(scores);
  const labels = full.map(shortenLabel);
  const twoRuns = twoRunTable(comparison, labels);
  const tables = [
    summaryTable(scores, labels),
    budgetTable(scores, labels, options.budgets),
    ...(pairs.length > 0 ? [differenceTable(comparison, labels), submissionTable(comparison, labels)] : []),
    ...(twoRuns ? [twoRuns] : []),
  ];
  const notes = scores.flatMap((score, run) => notesOn(score).map((note) => wrap(`${full[run]}: ${note}`)));
  return `${[...tables.map((table) => drawTable(table, options)), ...notes].join('\n\n')}\n`;
}

function detailsOf(score: Score): string[] {
  const { meanTokensOfRight, accuracyOfStopped, spread, meanTokens, samples, busySeconds } = score;
  const details = [`Right samples take ${tokenCount(meanTokensOfRight)} tokens on average.`];
  if (accuracyOfStopped !== null)
    details.push(`Of the samples that stopped by themselves ${percent(accuracyOfStopped)}% are right.`);
  if (spread)
    details.push(
      `Sampling noise makes ${percent(spread.samplingShare)}% of the variance of the average; the ${score.mostSamples} samples of a problem are worth ${spread.effectiveSamples.toFixed(1)} independent ones.`,
    );
  if (busySeconds > 0)
    details.push(
      `${wholeNumber(samples)} samples in ${duration(busySeconds)}: ${tokenCount((samples * meanTokens.value) / busySeconds)} tokens/s.`,
    );
  return [details.join(' '), ...notesOn(score)];
}

/** A table with its title above and its note below. */
export function drawTable(table: Table, { colors }: TerminalOptions): string {
  const drawing = new CliTable({
    head: table.columns.map(({ head }) => head),
    colAligns: table.columns.map(({ align }) => align),
    chars: RULES,
    style: {
      head: colors ? ['bold'] : [],
      border: colors ? ['gray'] : [],
      'padding-left': 0,
      'padding-right': 0,
    },
  });
  const parted = table.groups.some(({ rows }) => rows.length > 1);
  table.groups.forEach((group, index) => {
    for (const row of groupRows(group, index === 0 || parted)) drawing.push(row);
  });
  return [table.title, drawing.toString(), wrap(table.note)].join('\n');
}

/** Cells of a group; the rule above its first row stays where `ruled`. */
function groupRows({ head, rows }: RowGroup, ruled: boolean) {
  return rows.map((cells, position) =>
    [position === 0 ? head : '', ...cells].map((content) =>
      ruled && position === 0 ? content : { content, chars: NO_RULE },
    ),
  );
}

/** Breaks a paragraph at blanks so that lines keep to the width. */
export function wrap(paragraph: string, width = WIDTH): string {
  const lines = [''];
  for (const word of paragraph.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
