/** The script of docs/scoring.md makes every number of a score again, without any code of the program. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sample } from '../src/core.js';
import { type Comparison, compareScores } from '../src/score/comparison.js';
import { problemsNeeded } from '../src/score/power.js';
import { scoreFolder } from '../src/score/scoreFolder.js';
import { WALL_POINTS } from '../src/score/wallCurve.js';
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

const run = promisify(execFile);

let home = '';
let script = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'boxed-scoring-'));
  script = join(home, 'recompute.mjs');
  const [, code] = /```js\n([\s\S]*?)```/.exec(await readFile('docs/scoring.md', 'utf8'))!;
  await writeFile(script, code!);
});
afterAll(() => rm(home, { recursive: true }));

/** What the script prints of a pair; the figures of runs are walked by their names. */
interface PairAgain {
  readonly accuracy: {
    readonly value: number;
    readonly interval: unknown;
    readonly p: number;
    readonly pHolm: number;
  };
  readonly tokens: { readonly p: number };
  readonly tokensChange: {
    readonly value: number;
    readonly interval: { readonly low: number; readonly high: number };
  };
  readonly submission: unknown;
  readonly power: { readonly problemsAtBest: number };
}

interface RunAgain {
  readonly curve: readonly { readonly budget: number }[];
  readonly wallCurve: readonly unknown[];
  readonly byVotes: readonly unknown[];
}

async function recompute(key: string, folders: readonly string[]) {
  const { stdout } = await run(process.execPath, [script, key, ...folders], { maxBuffer: 2 ** 26 });
  const printed: { readonly scores: readonly RunAgain[]; readonly pairs: readonly PairAgain[] } =
    JSON.parse(stdout);
  return printed;
}

/** Every number of `again` stands in `stored` under the same name. */
function expectSame(again: unknown, stored: unknown, path: string): void {
  if (typeof again === 'number') {
    if (typeof stored === 'number' && Math.abs(again - stored) <= 1e-9 * (1 + Math.abs(again))) return;
    throw new Error(`${path}: ${again} in the document's script, ${stored} in the score`);
  }
  if (again === null || typeof again !== 'object') {
    expect({ path, value: stored }).toEqual({ path, value: again });
    return;
  }
  const found = new Map(Object.entries(stored ?? {}));
  for (const [name, value] of Object.entries(again)) expectSame(value, found.get(name), `${path}.${name}`);
}

/** Two Monte Carlo estimates of one p from 100,000 patterns each lie within five standard errors. */
function expectSameChance(again: number, stored: number): void {
  expect(Math.abs(again - stored)).toBeLessThan(5 * Math.sqrt((2 * stored * (1 - stored)) / 1e5) + 2e-5);
}

function expectSameScores({ scores }: Comparison, again: readonly RunAgain[]): void {
  scores.forEach((score, position) => {
    const { curve, wallCurve, byVotes, ...rest } = again[position]!;
    expectSame(rest, score, score.name);
    expect(curve).toHaveLength(5);
    for (const point of curve)
      expectSame(
        point,
        score.curve.find(({ budget }) => budget === point.budget),
        `${score.name}.curve`,
      );
    expect(wallCurve).toHaveLength(5);
    const eighths = [1, 2, 4, 6, 8].map((eighth) => score.wallCurve[(eighth * WALL_POINTS) / 8 - 1]);
    expectSame(wallCurve, eighths, `${score.name}.wallCurve`);
    expect(byVotes).toHaveLength(score.byVotes.length);
    expectSame(
      byVotes,
      score.byVotes.map(({ lost, ...point }) => ({ ...point, lost: lost.value })),
      `${score.name}.byVotes`,
    );
  });
}

describe('the script of docs/scoring.md', () => {
  test('agrees with the scores and differences of three runs, cancelled, cut and silent samples included', async () => {
    const size = { problems: 40, samples: 5, maxTokens: 256 };
    const key = join(home, 'answers.csv');
    const rows = [...syntheticKey(40).answers].map(([id, answer]) => `${id},${answer}`);
    await writeFile(key, ['id,answer', ...rows, ''].join('\r\n'));
    const folders: string[] = [];
    for (const behaviour of [BASE, SFT, { ...GRPO, skill: 0.7, silence: 0.15 }]) {
      const folder = join(home, behaviour.modelName);
      const made = syntheticRun(behaviour, size);
      // Every seventh was cancelled, and one problem has fewer samples than the others; there is a pause in the middle.
      const samples = [...syntheticSamples(behaviour, size)]
        .map(
          (sample, at): Sample => ({
            ...sample,
            finish: at % 7 === 3 ? 'cancelled' : sample.finish,
            startedAt: sample.startedAt + (at > 100 ? 1e6 : 0),
          }),
        )
        .filter(({ problemId, index }) => problemId !== 'p004' || index < 3);
      await leaveRun(folder, made, samples, syntheticSubmission(samples, made.order));
      folders.push(folder);
    }
    const scores = [];
    for (const folder of folders) scores.push(await scoreFolder(folder, key));
    const comparison = compareScores(scores);
    const again = await recompute(key, folders);
    expectSameScores(comparison, again.scores);
    expect(again.pairs).toHaveLength(3);
    comparison.pairs.forEach((pair, position) => {
      const { accuracy, tokens, tokensChange, submission, power } = again.pairs[position]!;
      expectSame({ value: accuracy.value, interval: accuracy.interval }, pair.accuracy, 'accuracy');
      expectSame(submission, pair.submission, 'submission');
      expectSame(tokensChange.value, pair.tokensChange!.value, 'tokensChange');
      const { problemsAtBest, ...seen } = power;
      expectSame(seen, pair.power, 'power');
      expect(problemsAtBest).toBe(
        problemsNeeded(pair.power!.deviationOfProblems!, Math.abs(pair.accuracy.value)),
      );
      expectSameChance(accuracy.p, pair.accuracy.p);
      expectSameChance(tokens.p, pair.tokens.p);
      expect(Math.abs(accuracy.pHolm - pair.accuracy.pHolm)).toBeLessThan(0.03);
      const { low, high } = pair.tokensChange!.interval!;
      // A quantile of 10,000 resamples has a standard error of 0.7 % of the interval's width.
      expect(Math.abs(low - tokensChange.interval.low)).toBeLessThan(0.06 * (high - low));
      expect(Math.abs(high - tokensChange.interval.high)).toBeLessThan(0.06 * (high - low));
    });
  });

  test('agrees with the score of the example', async () => {
    const copy = join(home, 'example');
    await cp(join('submissions', 'example'), copy, { recursive: true });
    const score = await scoreFolder(copy, join('problems', 'pebble'));
    const again = await recompute(join('problems', 'pebble', 'answers.csv'), [copy]);
    expectSameScores({ scores: [score], pairs: [] }, again.scores);
  });
});
