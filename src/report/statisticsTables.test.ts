import { describe, expect, test } from '@jest/globals';
import { BASE, GRPO, SFT, syntheticScore } from '../../test/support/syntheticRuns.js';
import { compareScores } from '../score/comparison.js';
import { problemsNeeded } from '../score/power.js';
import { wholeNumber } from './format.js';
import { costTable, lengthTable, powerTable, spreadTable, wallTable } from './statisticsTables.js';

const SIZE = { problems: 50, samples: 4 };

describe('tables of what lies behind the scores', () => {
  test('say which differences are beyond noise and what others would take', async () => {
    const scores = [
      await syntheticScore(BASE, SIZE),
      await syntheticScore(SFT, SIZE),
      await syntheticScore(GRPO, SIZE),
    ];
    const comparison = compareScores(scores);
    const { columns, groups } = powerTable(comparison, ['base', 'sft', 'grpo'], [0.025]);
    expect(columns.map(({ head }) => head)).toContain('for 2.5');
    expect(groups.map(({ head, rows }) => [head, ...rows[0]!.slice(0, 3)])).toEqual([
      ['sft', 'base', 'beyond', 'beyond'],
      ['grpo', 'base', 'beyond', 'beyond'],
      ['grpo', 'sft', 'within', 'beyond'],
    ]);
    const { power } = comparison.pairs[2]!;
    expect(groups[2]!.rows[0]![5]).toBe(wholeNumber(problemsNeeded(power!.deviation, 0.025)));
    // A run against itself differs nowhere, which tells nothing of what could be seen.
    const alone = compareScores([scores[1]!, scores[1]!]);
    expect(powerTable(alone, ['a', 'b']).groups[0]!.rows[0]).toEqual([
      'a',
      'within',
      'within',
      ...Array(5).fill('–'),
    ]);
  });

  test('have dashes where there is nothing to say', async () => {
    const score = await syntheticScore({ ...SFT, skill: 0, silence: 0 }, { problems: 1, samples: 1 });
    const still = { ...score, busySeconds: 0, wallCurve: [] };
    expect(spreadTable([still], ['a']).groups[0]!.rows).toEqual([['–', '–', '–', '–', '1', '–']]);
    expect(lengthTable([still], ['a']).groups[0]!.rows[0]).toEqual(['right', '0', ...Array(6).fill('–')]);
    expect(wallTable([still], ['a']).groups[0]!.rows).toEqual([['–', '–', '–']]);
    expect(costTable([still], ['a']).groups[0]!.rows[0]!.slice(1)).toEqual(['0.0 s', '–', '0', '–']);
  });

  test('give the cost of a right sample', async () => {
    const score = await syntheticScore(SFT, SIZE);
    const right = score.byProblem.reduce((sum, problem) => sum + problem.right, 0);
    const [row] = costTable([score], ['a']).groups[0]!.rows;
    expect(row![0]).toBe(wholeNumber(score.drawnTokens));
    expect(Number(row![3])).toBeCloseTo((1000 * right) / score.drawnTokens, 2);
    const last = wallTable([score], ['a']).groups[0]!.rows.at(-1);
    expect(last![1]).toBe(wholeNumber(score.samples));
  });
});
