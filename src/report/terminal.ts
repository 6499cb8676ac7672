/** Scores and comparisons as text for a terminal, within 100 columns. */
import CliTable from 'cli-table3';
import type { Comparison } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { percent } from './format.js';
import { labelRuns, shortenLabel } from './labels.js';
import { notesOn } from './notes.js';
import { type ReportOptions, reportTables, SECTIONS, type SectionName } from './sections.js';
import type { RowGroup, Table } from './table.js';
import { trainingSections } from './training/sections.js';
import { visibleLine } from './visible.js';

export interface TerminalOptions extends ReportOptions {
  /** Whether the output understands colours: give `stream.isTTY`. */
  readonly colors: boolean;
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

/** One run's score: the whole report of it. */
export function renderScore(score: Score, options: TerminalOptions): string {
  const title = `${score.modelName} on ${score.problemSet} (run ${score.name})`;
  return `${visibleLine(title)}\n\n${renderReport({ scores: [score], pairs: [] }, options)}`;
}

/** What a comparison is about: accuracy, tokens, differences and what votes lose. */
const COMPARED: readonly SectionName[] = ['accuracy', 'tokens', 'differences', 'votes'];

/** Several runs on the same problems: summaries, budgets, every pair's differences, votes. */
export function renderComparison(comparison: Comparison, options: TerminalOptions): string {
  return renderSections(comparison, COMPARED, options);
}

/** All that the HTML page shows in tables, but for settings, single problems and samples. */
export function renderReport(comparison: Comparison, options: TerminalOptions): string {
  const runs = comparison.scores.length === 0 ? [] : [renderSections(comparison, SECTIONS, options)];
  const trainings = trainingSections(options.trainings ?? [], shortenLabel).map(
    ({ tables }) => `${tables.map((table) => drawTable(table, options)).join('\n\n')}\n`,
  );
  return [...runs, ...trainings].join('\n');
}

function renderSections(
  comparison: Comparison,
  sections: readonly SectionName[],
  options: TerminalOptions,
): string {
  const { scores } = comparison;
  const full = labelRuns(scores);
  const tables = reportTables(comparison, full.map(shortenLabel), options);
  const prefix = (run: number): string => (scores.length > 1 ? `${full[run]}: ` : '');
  const notes = scores.flatMap((score, run) =>
    [...remarksOn(score), ...notesOn(score)].map((note) => wrap(`${prefix(run)}${note}`)),
  );
  const drawn = sections.flatMap((section) => tables[section]).map((table) => drawTable(table, options));
  return `${[...drawn, ...notes].join('\n\n')}\n`;
}

function remarksOn({ accuracyOfStopped, truncationRate }: Score): string[] {
  return accuracyOfStopped === null || truncationRate === 0
    ? []
    : [`Of the samples that stopped by themselves ${percent(accuracyOfStopped)}% are right.`];
}

/** A table with its title above and its note below. */
export function drawTable(table: Table, { colors }: TerminalOptions): string {
  const drawing = new CliTable({
    head: table.columns.map(({ head }) => visibleLine(head)),
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
    [position === 0 ? head : '', ...cells]
      .map(visibleLine)
      .map((content) => (ruled && position === 0 ? content : { content, chars: NO_RULE })),
  );
}

/** Breaks a paragraph at blanks so that lines keep to the width. */
export function wrap(paragraph: string, width = WIDTH): string {
  const lines = [''];
  for (const word of visibleLine(paragraph).split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
