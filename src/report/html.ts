/** The report as one HTML file that opens offline: plots, tables, settings. No scripts, no other files. */
import type { Comparison } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { escapeHtml } from './escape.js';
import { ABSENT, tokenCount, wholeNumber } from './format.js';
import { labelRuns } from './labels.js';
import { notesOn } from './notes.js';
import { runStyle } from './palette.js';
import { plotBudgets, plotTokensSpent } from './plot.js';
import { settingRows } from './settings.js';
import { STYLE } from './style.js';
import type { Column, RowGroup, Table } from './table.js';
import {
  budgetTable,
  differenceTable,
  submissionTable,
  summaryTable,
  twoRunTable,
  voteTable,
} from './tables.js';

export interface HtmlOptions {
  /** Token budgets of the table; each run's own steps by default. */
  readonly budgets?: readonly number[];
}

/** Problems listed one by one, at most: a longer table helps nobody, and score.json has them all. */
const PROBLEMS_LISTED = 500;
/** Hexadecimal digits of a digest that are shown; the whole of it is its tooltip. */
const DIGEST_SHOWN = 16;

/** Renders a comparison, of one run or more, as a complete HTML document. */
export async function renderHtml(comparison: Comparison, { budgets }: HtmlOptions = {}): Promise<string> {
  const { scores, pairs } = comparison;
  const labels = labelRuns(scores);
  const twoRuns = twoRunTable(comparison, labels);
  const title = `${[...new Set(scores.map(({ problemSet }) => problemSet))].join(', ')}: ${labels.join(', ')}`;
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="faint">${escapeHtml(subtitle(scores))}</p>`,
    ...scores.flatMap((score, run) => notesOn(score).map((note) => paragraph(`${labels[run]}: ${note}`))),
    htmlTable(summaryTable(scores, labels)),
    await plots(scores, labels),
    ...(pairs.length > 0 ? [htmlTable(differenceTable(comparison, labels))] : []),
    htmlTable(budgetTable(scores, labels, budgets)),
    htmlTable(voteTable(scores, labels)),
    ...(pairs.length > 0 ? [htmlTable(submissionTable(comparison, labels))] : []),
    ...(twoRuns ? [htmlTable(twoRuns)] : []),
    settingsSection(scores, labels),
    problemSection(scores, labels),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body.join('\n')}
</main>
</body>
</html>
`;
}

function subtitle(scores: readonly Score[]): string {
  const samples = scores.reduce((sum, score) => sum + score.samples, 0);
  const programs = [...new Set(scores.map(({ program }) => program))].join(', ');
  const problems = Math.max(...scores.map((score) => score.problems));
  return `${wholeNumber(problems)} problems, ${wholeNumber(samples)} samples, boxed ${programs}`;
}

function paragraph(text: string, kind = 'note'): string {
  return `<p class="${kind}">${escapeHtml(text)}</p>`;
}

async function plots(scores: readonly Score[], labels: readonly string[]): Promise<string> {
  const legend = labels.map((label, run) => {
    const { colour, dash } = runStyle(run);
    const line = `<line x1="0" y1="6" x2="34" y2="6" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash.join(' ')}"/>`;
    return `<li><svg width="34" height="12" aria-hidden="true">${line}</svg>${escapeHtml(label)}</li>`;
  });
  const figures = [
    figure(
      await plotBudgets(scores),
      'Share of samples that are right within a token budget, with 95% bands over problems. The point is the run as it was.',
    ),
    figure(
      await plotTokensSpent(scores),
      'The same accuracy against the tokens spent for it: mean output tokens when samples are cut at a budget. Further left at the same height is cheaper.',
    ),
  ];
  return `<h2>Accuracy against tokens</h2>
<ul class="legend">${legend.join('')}</ul>
<div class="plots">${figures.join('')}</div>`;
}

function figure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function htmlTable({ title, note, columns, groups }: Table): string {
  const bodies = groups.map((group) => `<tbody>${groupRows(group, columns)}</tbody>`).join('\n');
  return `<h2>${escapeHtml(title)}</h2>
${scrolling(title, `<table><thead><tr>${columns.map(headCell).join('')}</tr></thead>\n${bodies}</table>`)}
${paragraph(note)}`;
}

/** A focusable container, so that a keyboard can scroll it. */
function scrolling(label: string, table: string, kind = 'scroll'): string {
  return `<div class="${kind}" role="region" aria-label="${escapeHtml(label)}" tabindex="0">${table}</div>`;
}

function headCell({ head, align }: Column): string {
  return `<th scope="col"${align === 'left' ? ' class="left"' : ''}>${escapeHtml(head)}</th>`;
}

function groupRows({ head, rows }: RowGroup, columns: readonly Column[]): string {
  return rows
    .map((cells, position) => {
      const scope = rows.length > 1 ? `scope="rowgroup" rowspan="${rows.length}"` : 'scope="row"';
      const first = position === 0 ? `<th ${scope}>${escapeHtml(head)}</th>` : '';
      const others = cells.map((cell, column) => bodyCell(cell, columns[column + 1]!.align === 'left'));
      return `<tr>${first}${others.join('')}</tr>`;
    })
    .join('');
}

function bodyCell(text: string, left: boolean): string {
  return `<td${left ? ' class="left"' : ''}>${escapeHtml(text)}</td>`;
}

function settingsSection(scores: readonly Score[], labels: readonly string[]): string {
  const rows = settingRows(scores).map(({ name, values, differs }) => {
    const cells = values.map((value) =>
      name.startsWith('digest.')
        ? `<td class="left"><code title="${escapeHtml(value)}">${escapeHtml(value.slice(0, DIGEST_SHOWN))}</code></td>`
        : bodyCell(value, true),
    );
    return `<tr${differs ? ' class="differs"' : ''}><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  const head = [...['setting', ...labels].map((label) => headCell({ head: label, align: 'left' }))].join('');
  return `<h2>Settings and digests</h2>
${scrolling('Settings and digests', `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`)}
${paragraph('What differs between the runs is shaded. Two runs with equal settings and digests draw the same tokens.')}`;
}

function problemSection(scores: readonly Score[], labels: readonly string[]): string {
  const byRun = scores.map((score) => new Map(score.byProblem.map((problem) => [problem.id, problem])));
  const ids = [...new Set(byRun.flatMap((problems) => [...problems.keys()]))].sort();
  const rows = ids.slice(0, PROBLEMS_LISTED).map((id) => {
    const cells = byRun.map((problems) => {
      const problem = problems.get(id);
      return bodyCell(
        problem ? `${problem.right}/${problem.samples}, ${tokenCount(problem.meanTokens)}` : ABSENT,
        false,
      );
    });
    return `<tr><th scope="row">${escapeHtml(id)}</th>${cells.join('')}</tr>`;
  });
  const head =
    headCell({ head: 'problem', align: 'left' }) +
    labels.map((label) => headCell({ head: label, align: 'right' })).join('');
  const listed =
    ids.length > PROBLEMS_LISTED
      ? ` The first ${PROBLEMS_LISTED} of ${ids.length} problems; score.json holds them all.`
      : '';
  return `<details><summary>Problem by problem</summary>
${scrolling('Problem by problem', `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`, 'scroll tall')}
${paragraph(`Right samples of all, and mean output tokens.${listed}`)}</details>`;
}
