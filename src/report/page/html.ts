/** The report as one HTML file that opens offline: tables, plots, settings, every sample's text. It loads nothing. */
import type { Comparison } from '../../score/comparison.js';
import type { Score } from '../../score/score.js';
import { wholeNumber } from '../format.js';
import { labelRuns } from '../labels.js';
import { notesOn } from '../notes.js';
import { type ReportOptions, reportTables, SECTIONS, type SectionName } from '../sections.js';
import { settingRows } from '../settings.js';
import type { Library } from '../texts/library.js';
import { type TrainingSection, trainingSections } from '../training/sections.js';
import { escapeHtml } from './escape.js';
import { drawFigures, legend } from './figures.js';
import { heatMap } from './heatMap.js';
import { bodyCell, headCell, htmlTable, paragraph, scrolling } from './htmlTable.js';
import { readScript } from './script.js';
import { STYLE } from './style.js';
import { STAGE_TITLES, trainingBody } from './training.js';
import { drawViewer } from './viewer.js';

const TITLES: Readonly<Record<SectionName, string>> = {
  accuracy: 'Accuracy',
  tokens: 'Tokens',
  differences: 'Differences',
  votes: 'Votes',
  time: 'Lengths and time',
};
/** Hexadecimal digits of a digest that are shown; the whole of it is its tooltip. */
const DIGEST_SHOWN = 16;

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: readonly string[];
}

/** Ids of the problems that any of the runs has samples of, in the order by which a page numbers them. */
export function problemsOfPage(scores: readonly Score[]): string[] {
  return [...new Set(scores.flatMap(({ byProblem }) => byProblem.map(({ id }) => id)))].sort();
}

/**
 * Renders a comparison of runs with the texts of `library`, and the trainings of the options, as a complete HTML document. Either may
 * be none.
 */
export async function renderHtml(
  comparison: Comparison,
  library: Library,
  options: ReportOptions = {},
): Promise<string> {
  const { scores } = comparison;
  const labels = labelRuns(scores);
  const ids = problemsOfPage(scores);
  const trainings = trainingSections(options.trainings ?? []);
  const title = titleOf(scores, labels, trainings);
  const sections = [
    ...(scores.length === 0 ? [] : await runSections(comparison, labels, ids, library, options)),
    ...(await Promise.all(
      trainings.map(async (section) => ({
        id: `training-${section.stage}`,
        title: STAGE_TITLES[section.stage],
        body: await trainingBody(section),
      })),
    )),
    ...(scores.length === 0
      ? []
      : [{ id: 'settings', title: 'Settings', body: settingsSection(scores, labels) }]),
  ];
  const scripts = [
    await readScript('scheme'),
    ...(scores.length === 0 ? [] : [await drawViewer(scores, labels, ids, library)]),
  ];
  const policy = scripts.map(({ hash }) => `'${hash}'`).join(' ');
  const links = sections.map((section) => `<a href="#${section.id}">${escapeHtml(section.title)}</a>`);
  const notes = scores.flatMap((score, run) =>
    notesOn(score).map((note) => paragraph(`${labels[run]}: ${note}`, 'warning')),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${policy}; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header class="top">
<h1>${escapeHtml(title)}</h1>
<button type="button" id="scheme" hidden></button>
</header>
<p class="faint">${escapeHtml(subtitle(scores, trainings))}</p>
<nav aria-label="Sections">${links.join('')}</nav>
${notes.join('\n')}
${sections.map(({ id, title: heading, body }) => `<section id="${id}" aria-label="${escapeHtml(heading)}">\n${body.join('\n')}\n</section>`).join('\n')}
</main>
${scripts.map(({ html }) => html).join('\n')}
</body>
</html>
`;
}

async function runSections(
  comparison: Comparison,
  labels: readonly string[],
  ids: readonly string[],
  library: Library,
  options: ReportOptions,
): Promise<Section[]> {
  const tables = reportTables(comparison, labels, options);
  const figures = await drawFigures(comparison.scores);
  const numbers = SECTIONS.map((name) => {
    const drawn = figures[name] ?? [];
    const blocks = [...drawn, ...tables[name].map(htmlTable)];
    const board = `<div class="board">${blocks.join('\n')}</div>`;
    return {
      id: name,
      title: TITLES[name],
      body: blocks.length === 0 ? [] : [...(drawn.length > 0 ? [legend(labels)] : []), board],
    };
  }).filter(({ body }) => body.length > 0);
  return [
    ...numbers,
    {
      id: 'problems',
      title: 'Problems',
      body: problemSection(comparison.scores, labels, ids, library),
    },
  ];
}

function titleOf(
  scores: readonly Score[],
  labels: readonly string[],
  trainings: readonly TrainingSection[],
): string {
  if (scores.length > 0)
    return `${[...new Set(scores.map(({ problemSet }) => problemSet))].join(', ')}: ${labels.join(', ')}`;
  return `Training: ${trainings.flatMap(({ trainings: shown }) => shown.map(({ label }) => label)).join(', ')}`;
}

function subtitle(scores: readonly Score[], trainings: readonly TrainingSection[]): string {
  const parts: string[] = [];
  if (scores.length > 0) {
    const samples = scores.reduce((sum, score) => sum + score.samples, 0);
    const problems = Math.max(...scores.map((score) => score.problems));
    const programs = [...new Set(scores.map(({ program }) => program))].join(', ');
    parts.push(`${wholeNumber(problems)} problems`, `${wholeNumber(samples)} samples`, `boxed ${programs}`);
  }
  const logs = trainings.flatMap(({ trainings: shown }) => shown.map(({ log }) => log));
  const steps = logs.reduce((sum, log) => sum + log.steps.length, 0);
  if (logs.length > 0) parts.push(`${wholeNumber(logs.length)} trainings`, `${wholeNumber(steps)} steps`);
  return parts.join(', ');
}

function problemSection(
  scores: readonly Score[],
  labels: readonly string[],
  ids: readonly string[],
  { limit }: Library,
): string[] {
  const shortened =
    limit === null
      ? ''
      : ` Texts of more than ${wholeNumber(limit)} characters are shortened here; samples.jsonl has all of them.`;
  return [
    '<h2>Problem by problem</h2>',
    paragraph(
      `Right samples of all, in a cell a run: ${labels.join(', ')}, in this order and underlined in their colours. The stronger the colour, the more. A cell opens its samples. Arrow keys move between cells; among samples ← → move to others, ↑ ↓ to other problems.${shortened}`,
    ),
    '<noscript><p class="warning">Without scripts the samples stay closed; all figures are here.</p></noscript>',
    legend(labels),
    heatMap(scores, labels, ids),
  ];
}

function settingsSection(scores: readonly Score[], labels: readonly string[]): string[] {
  const rows = settingRows(scores).map(({ name, values, differs }) => {
    const cells = values.map((value) =>
      name.startsWith('digest.')
        ? `<td class="left"><code title="${escapeHtml(value)}">${escapeHtml(value.slice(0, DIGEST_SHOWN))}</code></td>`
        : bodyCell(value, true),
    );
    return `<tr${differs ? ' class="differs"' : ''}><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  const head = ['setting', ...labels].map((label) => headCell({ head: label, align: 'left' })).join('');
  return [
    '<h2>Settings, digests and machine</h2>',
    scrolling(
      'Settings, digests and machine',
      `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`,
    ),
    paragraph(
      'What differs between the runs is shaded. Two runs with equal settings and digests draw the same tokens.',
    ),
  ];
}
