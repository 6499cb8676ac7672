/** An audit as text for a terminal: its verdict, a table by problem, and what to know about it. */
import type { AuditReport, ProblemReport } from '../audit/audit.js';
import type { Level } from '../audit/levels.js';
import { percent, wholeNumber } from './format.js';
import { leftColumn, type RowGroup, rightColumn, type Table } from './table.js';
import { drawTable, type TerminalOptions, wrap } from './terminal.js';

/** Problems listed one by one, and excerpts shown; the JSON has all. */
const MAX_LISTED = 60;
const MAX_EXCERPTS = 8;

export interface AuditTextOptions extends TerminalOptions {
  /** The ways that count as an overlap. */
  readonly failOn: readonly Level[];
}

/** The problems that were found in a way that counts. */
export function overlapsOf(report: AuditReport, failOn: readonly Level[]): ProblemReport[] {
  return report.problems.filter(({ finds }) => finds.some(({ level }) => failOn.includes(level)));
}

export function renderAudit(report: AuditReport, options: AuditTextOptions): string {
  const { problems } = report;
  const overlaps = overlapsOf(report, options.failOn);
  const found = problems.filter(({ level }) => level !== null);
  const listed = found.slice(0, MAX_LISTED);
  const parts = [
    verdictOn(report, overlaps.length),
    ...(listed.length > 0 ? [drawTable(findTable(listed, found.length), options)] : []),
    ...(listed.length > 0 ? [excerptsOf(listed)] : []),
    ...notesOn(report, found.length - overlaps.length).map((note) => wrap(note)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function verdictOn(report: AuditReport, overlaps: number): string {
  const { problems, files, documents, bytes, seconds } = report;
  const megabytes = bytes / 1e6;
  const searched =
    `${wholeNumber(documents)} documents in ${files.length} ${files.length === 1 ? 'file' : 'files'}, ` +
    `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB in ${seconds.toFixed(1)} s (${Math.round(megabytes / seconds)} MB/s)`;
  const verdict =
    overlaps === 0
      ? `Clean: none of ${problems.length} problems overlaps`
      : `${overlaps} of ${problems.length} problems overlap`;
  return `${verdict} · ${searched}`;
}

function findTable(listed: readonly ProblemReport[], found: number): Table {
  const several = new Set(listed.map(({ set }) => set)).size > 1;
  const groups = listed.map(
    ({ set, id, finds }): RowGroup => ({
      head: several ? `${set}/${id}` : id,
      rows: finds.map(({ level, documents, best }) => [
        level,
        percent(best.share),
        wholeNumber(documents),
        `${best.file}:${best.line}, ${best.field}`,
      ]),
    }),
  );
  const more = found > listed.length ? ` ${found - listed.length} more are in the output of --json.` : '';
  return {
    title: 'Problems found',
    note:
      'Share: of the 8-grams of the problem (13-gram, 8-gram), of the trigrams of its skeleton (near, variant), or the ' +
      `Jaccard index of the words (reworded), in the text that has most; per cent.${more}`,
    columns: [
      leftColumn('problem'),
      leftColumn('found as'),
      rightColumn('share'),
      rightColumn('documents'),
      leftColumn('most in'),
    ],
    groups,
  };
}

function excerptsOf(listed: readonly ProblemReport[]): string {
  return listed
    .slice(0, MAX_EXCERPTS)
    .map(({ id, finds }) => wrap(`${id}: ${finds[0]!.best.excerpt}`))
    .join('\n');
}

function notesOn({ problems, modelDate }: AuditReport, tolerated: number): string[] {
  const notes: string[] = [];
  const short = problems.filter(({ isTooShort }) => isTooShort).map(({ id }) => id);
  const templates = problems.filter(({ isTemplate }) => isTemplate).length;
  if (tolerated > 0) notes.push(`${tolerated} problems were found in ways that --fail-on leaves out.`);
  if (short.length > 0)
    notes.push(`Not searched for, since so short a text is everywhere by chance: ${short.join(', ')}.`);
  if (templates > 0)
    notes.push(
      `${templates} problems differ from others of their set in numbers or variables alone: the same text with other numbers does not count for them.`,
    );
  if (modelDate === null) return notes;
  const older = problems.filter(({ age }) => age === 'older').length;
  const unknown = problems.filter(({ age }) => age === null).length;
  notes.push(
    `${older} of ${problems.length} problems are older than the model (${modelDate}): whatever these corpora say, they may be in what it was trained on.` +
      (unknown > 0 ? ` Of ${unknown} the date is not known (set.json may hold a date).` : ''),
  );
  return notes;
}
