/** The report in a real browser: what a reader sees, by mouse and by keyboard, with texts that mean harm. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sample } from '../src/core.js';
import { digestOf } from '../src/files.js';
import { percentWithInterval } from '../src/report/format.js';
import { writeReport } from '../src/report/writeReport.js';
import { type Comparison, compareScores } from '../src/score/comparison.js';
import { scoreFolder } from '../src/score/scoreFolder.js';
import { BrowserPage, findChromium } from './support/browser.js';
import { leaveRun } from './support/runFolders.js';
import {
  BASE,
  GRPO,
  SFT,
  syntheticKey,
  syntheticRun,
  syntheticSamples,
  syntheticSubmission,
} from './support/syntheticRuns.js';

const SIZE = { problems: 12, samples: 5 };

/** Each would do something if the page took it for more than text. */
const HOSTILE = [
  '</script><script>window.harmed = 1</script>',
  '<img src=x onerror="window.harmed = 2"> & "quotes" \'and\' <!--',
  'a\u0000b \u001b[31m \u202egnitrever\u202c \ud800 alone',
  '\u2028</pre></dialog><svg onload="window.harmed = 3">',
  ']]> javascript:window.harmed=4 \\u003cscript> &lt;b&gt;',
];

const chromium = findChromium();
const inBrowser = chromium === null ? describe.skip : describe;
if (chromium === null) console.warn('no Chromium on this machine: the report is not opened in a browser');

let home = '';
let file = '';
let comparison: Comparison;
let page: BrowserPage;

/** Files of problems are UTF-8, which has no half characters. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

function hostile(sample: Sample): Sample {
  const before = `${HOSTILE[sample.index]} for ${sample.problemId}\n`;
  const span: [number, number] | null =
    sample.answer.value === null ? null : [before.length, before.length + sample.text.length];
  return { ...sample, text: before + sample.text, answer: { ...sample.answer, span } };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'boxed-report-'));
  const ids = syntheticRun(SFT, SIZE).order;
  const problems = ids.map((id, position) => ({ id, text: `${HOSTILE[position % 5]} of ${id}` }));
  const problemFile = join(home, 'problems.jsonl');
  await writeFile(
    problemFile,
    problems.map(({ id, text }) => JSON.stringify({ id, problem: wellFormed(text) })).join('\n'),
  );
  const answers = join(home, 'answers.csv');
  const rows = [...syntheticKey(SIZE.problems).answers].map(([id, answer]) => `${id},${answer}`);
  await writeFile(answers, ['id,answer', ...rows].join('\n'));
  const folders: string[] = [];
  for (const behaviour of [BASE, SFT, GRPO]) {
    const folder = join(home, behaviour.modelName);
    const run = syntheticRun(behaviour, SIZE);
    const texts = problems.map(({ id, text }) => [id, wellFormed(text)]);
    const digests = { ...run.digests, problems: digestOf(JSON.stringify(texts)) };
    const modelName = `${behaviour.modelName}</title><script>window.harmed = 5</script>`;
    const samples = [...syntheticSamples(behaviour, SIZE)].map(hostile);
    await leaveRun(folder, { ...run, digests, modelName }, samples, syntheticSubmission(samples, run.order));
    folders.push(folder);
  }
  const scores = [];
  for (const folder of folders) scores.push(await scoreFolder(folder, answers));
  comparison = compareScores(scores);
  file = join(home, 'report.html');
  await writeReport(file, comparison, folders, { problems: problemFile });
  if (chromium !== null) page = await BrowserPage.open(chromium);
});
afterAll(async () => {
  await page?.close();
  await rm(home, { recursive: true });
});

/** The text of the first element that a selector finds. */
const textOf = (selector: string) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const selectedSample = `document.querySelector('#viewer-samples [aria-selected="true"]')?.textContent`;
const pre = `document.querySelector('#viewer-panel pre')`;

async function openCell(problem: number, run: number): Promise<void> {
  await page.evaluate(
    `document.querySelector('.row[data-problem="${problem}"] .cell[data-run="${run}"]').click()`,
  );
  await page.until(`${pre}?.textContent.includes('for p${String(problem).padStart(3, '0')}')`);
}

inBrowser('the report in a browser', () => {
  test('opens without a complaint, shows the numbers of the score and runs none of the texts', async () => {
    await page.shape(1280, 900);
    await page.load(file);
    const body = String(await page.evaluate('document.body.innerText'));
    for (const score of comparison.scores) {
      expect(body).toContain(percentWithInterval(score.average));
      expect(body).toContain(`${score.submission.right}/12`);
    }
    expect(body).toContain('window.harmed = 5');
    expect(await page.evaluate('document.querySelectorAll(".cell").length')).toBe(36);
    for (const problem of [0, 1, 2, 3, 4])
      for (let sample = 0; sample < 5; sample++) {
        await openCell(problem, sample % 3);
        await page.evaluate(`document.querySelectorAll('#viewer-samples button')[${sample}].click()`);
      }
    expect(await page.evaluate('window.harmed')).toBeUndefined();
    expect(page.complaints).toEqual([]);
  });

  test('shows a sample as it was drawn, with the answer that was read marked', async () => {
    await page.load(file);
    await openCell(3, 1);
    const samples = [...syntheticSamples(SFT, SIZE)].filter(({ problemId }) => problemId === 'p003');
    for (const [index, sample] of samples.entries()) {
      await page.evaluate(`document.querySelectorAll('#viewer-samples button')[${index}].click()`);
      const shown = String(await page.evaluate(`${pre}.textContent`));
      expect(shown.endsWith(`for p003\n${sample.text}`)).toBe(true);
      // Nothing is hidden: controls have pictures, marks of direction and halves of characters are replaced.
      if (index === 2) expect(shown).toContain('a\u2400b \u241b[31m \ufffdgnitrever\ufffd \ufffd alone');
      else expect(shown).toContain(HOSTILE[index]!.replace('\u2028', '\ufffd'));
      const marked = await page.evaluate(`document.querySelector('#viewer-panel mark')?.textContent`);
      expect(marked).toBe(sample.answer.value === null ? undefined : sample.text);
    }
    expect(await textOf('#viewer-problem-text')).toBe(
      '\ufffd</pre></dialog><svg onload="window.harmed = 3"> of p003',
    );
    expect(await textOf('#viewer-title')).toBe('p003');
  });

  test('is used by keyboard alone', async () => {
    await page.load(file);
    await page.evaluate(`document.querySelector('#heat-sort').focus()`);
    await page.press('Tab');
    const first = await page.evaluate('document.activeElement.getAttribute("aria-label")');
    await page.press('ArrowRight');
    await page.press('ArrowDown');
    const second = String(await page.evaluate('document.activeElement.getAttribute("aria-label")'));
    expect(second).not.toBe(first);
    expect(second).toContain('pebble-sft');
    await page.press('Enter');
    await page.until(`${selectedSample}?.startsWith('0')`);
    await page.until(pre);
    await page.press('ArrowRight');
    await page.press('ArrowRight');
    await page.until(`${selectedSample}.startsWith('2')`);
    expect(await page.evaluate(`${pre}.textContent`)).toContain('gnitrever');
    await page.press('End');
    await page.until(`${selectedSample}.startsWith('4')`);
    const before = await textOf('#viewer-title');
    await page.press('ArrowDown');
    await page.until(`document.querySelector('#viewer-title').textContent !== ${JSON.stringify(before)}`);
    await page.until(
      `${selectedSample}.startsWith('0') && document.activeElement.getAttribute('role') === 'tab'`,
    );
    await page.press('Escape');
    await page.until(`!document.querySelector('#viewer').open`);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(second);
  });

  test('sorts its problems', async () => {
    await page.load(file);
    const order = async (key: string): Promise<unknown> => {
      await page.evaluate(
        `{ const sort = document.querySelector('#heat-sort'); sort.value = '${key}'; sort.dispatchEvent(new Event('change')); }`,
      );
      return page.evaluate(`[...document.querySelectorAll('.row .id')].map((id) => id.textContent)`);
    };
    const share = (id: string): number =>
      comparison.scores.reduce(
        (sum, { byProblem }) => sum + byProblem.find((problem) => problem.id === id)!.right,
        0,
      );
    const byName = comparison.scores[0]!.byProblem.map(({ id }) => id).sort();
    expect(await order('problem')).toEqual(byName);
    const hardest = (await order('hardness')) as string[];
    expect(hardest.map(share)).toEqual(byName.map(share).sort((a, b) => a - b));
  });

  test.each(['light', 'dark'] as const)('fits 400 px in %s colours', async (scheme) => {
    await page.shape(400, 800, scheme);
    await page.load(file);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    const paper = 'getComputedStyle(document.body).backgroundColor';
    expect(await page.evaluate(paper)).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 24, 27)');
    await openCell(1, 2);
    expect(await page.evaluate(`document.querySelector('#viewer').scrollWidth`)).toBeLessThanOrEqual(400);
    await page.press('Escape');
    // The switch holds against the system, and after the page is opened again.
    await page.evaluate(`document.querySelector('#scheme').click()`);
    expect(await page.evaluate(paper)).toBe(scheme === 'light' ? 'rgb(22, 24, 27)' : 'rgb(255, 255, 255)');
    await page.load(file);
    expect(await page.evaluate(paper)).toBe(scheme === 'light' ? 'rgb(22, 24, 27)' : 'rgb(255, 255, 255)');
    await page.evaluate('localStorage.clear()');
    expect(page.complaints).toEqual([]);
  });

  test('has contrast enough for every text: 4.5 to 1', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.shape(1280, 900, scheme);
      await page.load(file);
      await page.evaluate(
        `document.querySelectorAll('.cell').forEach((cell, at) => { cell.className = 'cell shade-' + (at % 9); })`,
      );
      const faint = (await page.evaluate(CONTRASTS)) as [string, number][];
      expect(faint.length).toBeGreaterThan(10);
      expect(faint.filter(([, ratio]) => ratio < 4.5)).toEqual([]);
    }
  });
});

/** Contrast of text with what is behind it (WCAG 2.1), by kind of element; colours are painted to get their sRGB values. */
const CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = new Map();
  for (const element of document.querySelectorAll('main *')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || element.closest('svg')) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const kind = element.tagName + '.' + element.className;
    found.set(kind, Math.min(ratio, found.get(kind) ?? 21));
  }
  return [...found];
})()`;
