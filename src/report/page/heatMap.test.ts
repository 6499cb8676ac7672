import { describe, expect, test } from '@jest/globals';
import { SFT, syntheticScore } from '../../../test/support/syntheticRuns.js';
import type { Score } from '../../score/score.js';
import { heatMap } from './heatMap.js';

/** A score of problems with so many of eight samples right. */
async function scoreOf(right: Readonly<Record<string, number>>): Promise<Score> {
  const score = await syntheticScore(SFT, { problems: 1 });
  const [line] = score.byProblem;
  return {
    ...score,
    byProblem: Object.entries(right).map(([id, count]) => ({ ...line!, id, right: count })),
  };
}

const cells = (html: string): string[] =>
  [...html.matchAll(/class="cell (\S+) run-(\d)"[^>]*>([^<]*)</g)].map(
    ([, kind, run, text]) => `${run} ${kind} ${text}`,
  );

describe('heatMap', () => {
  test('gives the ends of the scale to none and to all alone', async () => {
    const right = Object.fromEntries(Array.from({ length: 9 }, (_, count) => [`p${count}`, count]));
    const html = heatMap([await scoreOf(right)], ['sft'], Object.keys(right));
    expect(cells(html)).toEqual(Array.from({ length: 9 }, (_, count) => `0 shade-${count} ${count}/8`));
    const nearly = { ...(await scoreOf({ a: 1, b: 799 })) };
    const byProblem = nearly.byProblem.map((problem) => ({ ...problem, samples: 800 }));
    expect(cells(heatMap([{ ...nearly, byProblem }], ['sft'], ['a', 'b']))).toEqual([
      '0 shade-1 1/800',
      '0 shade-7 799/800',
    ]);
  });

  test('puts the hardest problem first, and a dash where a run has no samples', async () => {
    const html = heatMap(
      [await scoreOf({ a: 8, b: 2 }), await scoreOf({ b: 4, c: 1 })],
      ['x', 'y'],
      ['a', 'b', 'c'],
    );
    expect(cells(html)).toEqual([
      ...['0 none –', '1 shade-1 1/8'],
      ...['0 shade-2 2/8', '1 shade-4 4/8'],
      ...['0 shade-8 8/8', '1 none –'],
    ]);
    expect(html).toContain('aria-label="c, x: no samples"');
    expect(html).toMatch(/data-hardness="1" data-gap="0" data-problem="1"><span class="id"[^>]*>b</);
  });
});
