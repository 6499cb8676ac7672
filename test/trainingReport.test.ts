/** Trainings in a report: on the terminal, and in a real browser with texts that mean harm. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BrowserPage, findChromium } from './support/browser.js';
import { runCli } from './support/cli.js';
import { leaveTrainingLog } from './support/syntheticLogs.js';

const HOSTILE = '</pre><script>window.harmed = 1</script><img src=x onerror="window.harmed = 2"> \u202e';

const chromium = findChromium();
const inBrowser = chromium === null ? describe.skip : describe;
if (chromium === null) console.warn('no Chromium on this machine: the report is not opened in a browser');

let home = '';
let page: BrowserPage;
const at = (name: string) => join(home, name);

const report = (...args: string[]) => runCli(['report', ...args]);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'boxed-training-report-'));
  await leaveTrainingLog(at('pebble-base'), { stage: 'sft', steps: 900, every: 300, text: 'plain' });
  await leaveTrainingLog(at('<b>sft'), { stage: 'sft', steps: 120, every: 12, text: HOSTILE });
  await leaveTrainingLog(at('pebble-grpo'), { stage: 'grpo', steps: 24, every: 8, text: HOSTILE });
  if (chromium !== null) page = await BrowserPage.open(chromium);
});
afterAll(async () => {
  await page?.close();
  await rm(home, { recursive: true });
});

describe('boxed report --training', () => {
  test('prints validations, means of the steps and rewards, within 100 columns', async () => {
    const { status, stdout } = await report(
      ...['--training', at('pebble-base'), at('pebble-grpo'), '--html', at('one.html')],
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/pebble-base +300 +1 +55\.0 \[50\.0, 60\.0\] +-?\d/);
    expect(stdout).toMatch(/pebble-grpo +0 +30\.0 \[25\.0, 35\.0\] +200\.0 \[180\.0, 220\.0\] +100\.0/);
    expect(stdout).toMatch(/training +steps +loss +gradient norm +learning rate +tokens\/s/);
    expect(stdout).toMatch(/pebble-grpo +1–8 +75\.0 +205\.5 +−0\.250 +0\.000 +0\.250/);
    expect(stdout).toMatch(/17–24 +−0\.0049 +0\.0205 +1\.0 +1\.5 /);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('puts runs and trainings on one page', async () => {
    const args = ['submissions/example', '--training', at('pebble-grpo'), '--html', at('both.html')];
    const { status, stdout } = await report(...args);
    expect(status).toBe(0);
    expect(stdout).toContain('Accuracy at a token budget');
    expect(stdout).toContain('Updates of the policy');
    const html = await readFile(at('both.html'), 'utf8');
    const sections = [...html.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id);
    expect(sections).toEqual([
      ...['accuracy', 'tokens', 'votes', 'time', 'problems', 'training-grpo', 'settings'],
    ]);
  });

  test('gives the logs as JSON', async () => {
    const { stdout } = await report('--training', at('pebble-grpo'), '--json', '--html', at('json.html'));
    const { trainings } = JSON.parse(stdout) as { trainings: Record<string, unknown>[] };
    expect(trainings).toHaveLength(1);
    expect(trainings[0]).toMatchObject({ name: 'pebble-grpo', stage: 'grpo' });
    expect((trainings[0]!.steps as object[])[0]).toMatchObject({
      rewards: { format: -0.25, cosine: 0, length: 0.25 },
    });
  });

  test('names the line of a log that is broken, and wants something to report on', async () => {
    await leaveTrainingLog(at('broken'), { stage: 'sft', steps: 5, every: 5, text: '' });
    const log = join(at('broken'), 'training', 'log.jsonl');
    await writeFile(log, (await readFile(log, 'utf8')).replace('"step":3', '"step"'));
    const { status, stderr } = await report('--training', at('broken'), '--html', at('broken.html'));
    expect(status).toBe(1);
    expect(stderr).toContain(`TrainingLogError: ${log}:3: it is no JSON`);
    expect((await report()).status).toBe(2);
  });
});

inBrowser('trainings in a browser', () => {
  let file = '';
  beforeAll(async () => {
    file = at('page.html');
    const names = ['pebble-base', '<b>sft', 'pebble-grpo'];
    expect(await report('--training', ...names.map(at), '--html', file)).toMatchObject({ status: 0 });
  });

  test('are drawn, a plot for each measure and reward, and none of the texts runs', async () => {
    await page.shape(1280, 900);
    await page.load(file);
    const captions = (section: string) =>
      page.evaluate(
        `[...document.querySelectorAll('#${section} figcaption')].map((text) => text.textContent)`,
      );
    expect(await captions('training-sft')).toHaveLength(6);
    const grpo = (await captions('training-grpo')) as string[];
    expect(grpo).toHaveLength(14);
    for (const part of ['Reward format', 'Reward cosine', 'Reward length', 'KL', 'dropped', 'clipped'])
      expect(grpo.join(' ')).toContain(part);
    expect(await page.evaluate(`document.querySelector('main').innerHTML.includes('NaN')`)).toBe(false);
    expect(await page.evaluate(`document.querySelector('#training-sft .legend').textContent`)).toBe(
      'pebble-base<b>sft',
    );
    expect(await page.evaluate('window.harmed')).toBeUndefined();
    expect(page.complaints).toEqual([]);
  });

  test('show what was written after each epoch, opened by keyboard', async () => {
    await page.load(file);
    const block = `[...document.querySelectorAll('.samples')].find((block) => block.textContent.includes('Samples of <b>sft'))`;
    await page.evaluate(`${block}.querySelector('summary').focus()`);
    await page.press('Enter');
    await page.until(`${block}.open`);
    await page.press('Tab');
    await page.press('Enter');
    await page.until(`${block}.querySelector('details').open`);
    const shown = `${block}.querySelector('details')`;
    expect(await page.evaluate(`${shown}.querySelector('pre').textContent`)).toBe(
      `${HOSTILE.replace('\u202e', '\ufffd')} at 12`,
    );
    expect(await page.evaluate(`${shown}.querySelector('summary').textContent`)).toBe(
      'after epoch 1, step 12 · ✓ right · 17 tokens',
    );
    expect(await page.evaluate('window.harmed')).toBeUndefined();
  });

  test.each(['light', 'dark'] as const)('fit 400 px in %s colours', async (scheme) => {
    await page.shape(400, 800, scheme);
    await page.load(file);
    await page.evaluate(`document.querySelectorAll('details').forEach((part) => { part.open = true; })`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    const paper = 'getComputedStyle(document.body).backgroundColor';
    const before = await page.evaluate(paper);
    await page.evaluate(`document.querySelector('#scheme').click()`);
    expect(await page.evaluate(paper)).not.toBe(before);
    await page.evaluate('localStorage.clear()');
    expect(page.complaints).toEqual([]);
  });
});
