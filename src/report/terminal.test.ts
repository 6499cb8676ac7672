import { describe, expect, test } from '@jest/globals';
import { BASE, GRPO, SFT, syntheticScore } from '../../test/support/syntheticRuns.js';
import { compareScores } from '../score/comparison.js';
import { percent, percentWithInterval } from './format.js';
import { labelRuns, shortenLabel } from './labels.js';
import { notesOn } from './notes.js';
import { renderComparison, renderScore } from './terminal.js';

const ESCAPE = '\u001b';
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

describe('renderComparison', () => {
  test('shows a group of budgets a checkpoint, a summary a run and a line a pair, within 100 columns', async () => {
    const scores = [await syntheticScore(BASE), await syntheticScore(SFT), await syntheticScore(GRPO)];
    const text = renderComparison(compareScores(scores), { colors: false });
    expect(text).not.toContain(ESCAPE);
    for (const score of scores) {
      const line = text.split('\n').find((candidate) => candidate.startsWith(score.modelName));
      expect(line).toContain(percentWithInterval(score.average));
      expect(line).toContain(`${score.submission.right}/256`);
      const at128 = score.curve.find(({ budget }) => budget === 128)!;
      expect(text).toMatch(new RegExp(`128 +${percent(at128.accuracy.value)} `));
    }
    expect(text).toMatch(/pebble-grpo +pebble-sft +[+−]?\d+\.\d \[/);
    expect(widest(text)).toBeLessThanOrEqual(100);
  });

  test('keeps to 100 columns with long names and large numbers', async () => {
    const big = { problems: 100, samples: 2, maxTokens: 32_768 };
    const long = { ...SFT, modelName: 'DeepSeek-R1-Distill-Qwen-14B', tokens: 11_000 };
    const scores = [
      await syntheticScore(long, big),
      await syntheticScore({ ...long, modelName: 'Fast-Math-R1-Distill-Qwen-14B', tokens: 12_000 }, big),
    ];
    const text = renderComparison(compareScores(scores), { colors: false });
    expect(widest(text)).toBeLessThanOrEqual(100);
    expect(text).toContain('32,768');
    expect(text).toContain('DeepSeek…');
  });

  test('shows the budgets asked for, and a dash where a run has no such point', async () => {
    const comparison = compareScores([await syntheticScore(SFT, { problems: 10 })]);
    const text = renderComparison(comparison, { colors: false, budgets: [128, 4096] });
    expect(text).toMatch(/4,096 +– +–/);
    expect(text).not.toMatch(/ 192 /);
    expect(text).not.toContain('Paired differences');
  });

  test('gives the two-run score of one checkpoint under two seeds', async () => {
    const first = await syntheticScore(SFT, { problems: 20, seed: 1 });
    const second = await syntheticScore(SFT, { problems: 20, seed: 2 });
    const text = renderComparison(compareScores([first, { ...second, name: 'again' }]), { colors: false });
    expect(text).toMatch(
      new RegExp(`pebble-sft +again +${(first.submission.right + second.submission.right) / 2} `),
    );
  });
});

describe('renderScore', () => {
  test('shows votes by number of samples and what a reader must know', async () => {
    const score = await syntheticScore(GRPO, { problems: 30, samples: 4 });
    const text = renderScore(
      { ...score, problems: 31, finishes: { ...score.finishes, error: 2, loop: 3 } },
      { colors: false },
    );
    for (const { k, majority } of score.byVotes)
      expect(text).toMatch(new RegExp(`${k} +${percentWithInterval(majority).replace(/[[\].]/g, '\\$&')}`));
    expect(text).toContain('1 of 31 problems have no sample');
    expect(text).toContain('2 samples ended in an error');
    expect(text).toContain('3 samples were ended because they repeated themselves');
    expect(widest(text)).toBeLessThanOrEqual(100);
  });
});

describe('notesOn', () => {
  test('is silent about a complete run and speaks of fewer samples, uneven samples and cancelled ones', async () => {
    const score = await syntheticScore(SFT, { problems: 5, samples: 4 });
    expect(notesOn(score)).toEqual([]);
    expect(notesOn({ ...score, settings: { ...score.settings, samples: 16 } })[0]).toContain(
      '16 samples a problem',
    );
    expect(notesOn({ ...score, fewestSamples: 1 })[0]).toContain('1 to 4 samples');
    expect(notesOn({ ...score, finishes: { ...score.finishes, deadline: 3 } })[0]).toContain('lower bound');
    expect(notesOn({ ...score, finishes: { ...score.finishes, cancelled: 3 } })[0]).toContain(
      '--no-early-stop',
    );
    const forced = (counted: boolean) => notesOn({ ...score, forced: { samples: 2, counted } })[0];
    expect(forced(false)).toContain('in the submission alone');
    expect(forced(true)).toContain('counts as theirs');
  });

  test('an average over what an early stop left is marked in the table too', async () => {
    const score = await syntheticScore(SFT, { problems: 5, samples: 4 });
    const stopped = { ...score, finishes: { ...score.finishes, cancelled: 3 } };
    expect(renderScore(score, { colors: false })).not.toContain('†');
    expect(renderScore(stopped, { colors: false })).toMatch(/\]†[\s\S]*† ?: problems were stopped early/);
  });
});

describe('labels', () => {
  test('tell runs apart', async () => {
    const sft = await syntheticScore(SFT, { problems: 5 });
    const grpo = await syntheticScore(GRPO, { problems: 5 });
    expect(labelRuns([sft, grpo])).toEqual(['pebble-sft', 'pebble-grpo']);
    const again = { ...sft, name: 'seed-1' };
    expect(labelRuns([sft, again, again])).toEqual(['pebble-sft', 'seed-1', 'seed-1 (2)']);
  });

  test('are shortened in the middle', () => {
    expect(shortenLabel('pebble-grpo')).toBe('pebble-grpo');
    expect(shortenLabel('DeepSeek-R1-Distill-Qwen-14B')).toBe('DeepSeek…-Qwen-14B');
  });
});
