import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { BASE, GRPO, SFT, syntheticScore } from '../../../test/support/syntheticRuns.js';
import { compareScores } from '../../score/comparison.js';
import { percentWithInterval } from '../format.js';
import { plotBudgets, plotTokensSpent } from '../plots/budget.js';
import type { Library } from '../texts/library.js';
import { renderHtml } from './html.js';

const SMALL = { problems: 40 };
const NO_TEXTS: Library = { volumes: [], shelf: [], problemVolume: null, limit: null };
/** What a reader sees, and the script that is ours. */
const withoutScripts = (page: string): string => page.replace(/<script[\s\S]*?<\/script>/g, '');

describe('renderHtml', () => {
  test('is one file: two scripts of its own, no address to fetch from', async () => {
    const page = await renderHtml(
      compareScores([await syntheticScore(SFT, SMALL), await syntheticScore(GRPO, SMALL)]),
      NO_TEXTS,
    );
    expect(page).toMatch(/^<!doctype html>/);
    expect(withoutScripts(page)).not.toMatch(/<link|<img|src=|@import|url\(/);
    const scripts = [...page.matchAll(/<script type="([^"]*)"[^>]*>([\s\S]*?)<\/script>/g)];
    expect(scripts.map(([, type]) => type)).toEqual(['module', 'application/json', 'module']);
    expect(page.match(/<script/g)).toHaveLength(3);
    // The policy lets a browser run these very scripts, and nothing else.
    const [scheme, , viewer] = scripts.map(([, , script]) =>
      createHash('sha256').update(script!).digest('base64'),
    );
    expect(page).toContain(
      `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scheme}' 'sha256-${viewer}';`,
    );
    // The namespaces of SVG are names, not addresses.
    const addresses = [...page.matchAll(/https?:[^"' )]*/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
    expect(page).toContain('prefers-color-scheme: dark');
  });

  test('holds the tables, both plots, settings, digests and every problem', async () => {
    const scores = [
      await syntheticScore(BASE, SMALL),
      await syntheticScore(SFT, SMALL),
      await syntheticScore(GRPO, SMALL),
    ];
    const page = await renderHtml(compareScores(scores), NO_TEXTS);
    for (const score of scores) {
      expect(page).toContain(percentWithInterval(score.average));
      expect(page).toContain(`title="${score.digests.model}"`);
    }
    expect(page.match(/<figure>/g)).toHaveLength(6);
    expect(page).toContain('sampling.topP');
    expect(page.match(/class="cell /g)).toHaveLength(3 * 40);
    expect(page).toContain('aria-label="p039, pebble-sft: ');
    // The line of the one setting that differs is marked.
    expect(page).toMatch(/<tr class="differs"><th scope="row">model</);
    expect(page).toMatch(/<tr><th scope="row">seed</);
  });

  test('opens and closes every element', async () => {
    const page = await renderHtml(
      compareScores([await syntheticScore(SFT, SMALL), await syntheticScore(GRPO, SMALL)]),
      NO_TEXTS,
    );
    const open: string[] = [];
    for (const [, closing, name, empty] of withoutScripts(page).matchAll(
      /<(\/?)([a-zA-Z][\w-]*)[^>]*?(\/?)>/g,
    )) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!empty && name !== 'meta') open.push(name!);
    }
    expect(open).toEqual([]);
  });

  test('escapes whatever a run is called', async () => {
    const hostile = { ...SFT, modelName: '<img src=x onerror="alert(1)">&\'' };
    const score = await syntheticScore(hostile, { problems: 6 });
    const page = await renderHtml(
      compareScores([
        {
          ...score,
          problemSet: '</title><b>',
          byProblem: [{ ...score.byProblem[0]!, id: '<i>' }, ...score.byProblem.slice(1)],
          versions: { '<u>': '"><s>' },
        },
      ]),
      NO_TEXTS,
    );
    expect(page).not.toMatch(/<img|<b>|<i>|<u>|<s>/);
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;');
  });
});

describe('plots', () => {
  test('draw one line a run, with a band over budgets, in colours that follow the scheme', async () => {
    const scores = [
      await syntheticScore(BASE, SMALL),
      await syntheticScore(SFT, SMALL),
      await syntheticScore(GRPO, SMALL),
    ];
    const budgets = await plotBudgets(scores);
    const spent = await plotTokensSpent(scores);
    for (const run of [0, 1, 2]) {
      expect(budgets).toContain(`stroke="var(--run-${run})"`);
      expect(budgets).toContain(`fill="var(--run-${run})"`);
      expect(spent).toContain(`stroke="var(--run-${run})"`);
    }
    expect(budgets.match(/fill-opacity="0.16"/g)).toHaveLength(3);
    expect(spent).not.toContain('fill-opacity="0.16"');
    for (const svg of [budgets, spent]) {
      expect(svg).toMatch(/^<svg [^>]*viewBox=/);
      expect(svg).not.toContain('NaN');
      expect(svg).not.toMatch(/(fill|stroke)="#/);
    }
    // The axis is marked at the doublings.
    for (const tick of ['32', '64', '128', '256', '512']) expect(budgets).toContain(`>${tick}</text>`);
  });

  test('serve a run of one problem, nothing right', async () => {
    const score = await syntheticScore({ ...BASE, skill: 0 }, { problems: 1, samples: 1, maxTokens: 100 });
    expect(await plotBudgets([score])).not.toContain('NaN');
    expect(await plotTokensSpent([score])).not.toContain('NaN');
  });
});
