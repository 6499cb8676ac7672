/**
 * Holds the simulator against real runs: `make budget`. Draws a journal without a budget, solves under three budgets, and
 * predicts each score from that journal and the speed of the machine while the run was on. Under load a machine's speed
 * is another every minute, so the speed of the journal's own time predicts little; it is printed beside it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRun } from '../src/run/readRun.js';
import { spentMs } from '../src/run/spent.js';
import { readReplay } from '../src/score/replay.js';
import type { Score } from '../src/score/score.js';
import { replayed } from '../src/simulate/replayed.js';
import { type Spread, simulate } from '../src/simulate/simulation.js';
import { type MeasuredRates, measureRates, rateOf, type Span } from '../src/simulate/throughput.js';

const BUDGETS_S = [20, 60, 180];
const PROBLEMS = 'problems/pebble';
/** At this temperature one sample in two is right, so that votes, and with them time, decide. */
const SAMPLING = ['--temperature', '1.5', '--top-p', '1', '--min-p', '0'];
const DRAWING = ['--model', 'models/pebble-sft', '--problems', PROBLEMS, ...SAMPLING];
const JOURNAL_SAMPLES = Number(process.argv[2] ?? 32);
/** More than any of the budgets holds. */
const SAMPLES = 64;
const IN_FLIGHT = 64;
const RUNS = 1000;
const FOLDER = 'submissions';

const MAIN = 'dist/src/cli/main.js';

interface Outcome {
  readonly budgetS: number;
  readonly tookS: number;
  readonly loadS: number;
  readonly right: number;
  readonly samplesPerProblem: number;
  readonly tokensPerSecond: number;
  /** From the speed of the run's own time, and from that of the journal's. */
  readonly predicted: Spread;
  readonly predictedByJournal: Spread;
}

async function boxed(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) throw new Error(`boxed ${args[0]} ended with status ${status}`);
  return output;
}

async function spansOf(folder: string): Promise<Span[]> {
  const { samples } = await readRun(folder);
  const spans: Span[] = [];
  for await (const { startedAt, seconds, tokens } of samples)
    spans.push({ startedAt, seconds, tokens: tokens.length });
  return spans;
}

async function measure(budgetS: number, journal: string, journalRates: MeasuredRates): Promise<Outcome> {
  const folder = join(FOLDER, `budget-${budgetS}s`);
  await rm(folder, { recursive: true, force: true });
  const startedAt = Date.now();
  const pace = [
    '--samples',
    String(SAMPLES),
    '--time-budget',
    `${budgetS}s`,
    '--in-flight',
    String(IN_FLIGHT),
  ];
  await boxed('evaluate', ...DRAWING, ...pace, '--out', folder);
  const tookS = (Date.now() - startedAt) / 1000;
  const score = JSON.parse(await boxed('score', folder, '--answers', PROBLEMS, '--json')) as Score;
  const spans = await spansOf(folder);
  const loadMs = Math.min(...spans.map((span) => span.startedAt)) - startedAt;
  const replay = await readReplay([journal], PROBLEMS);
  const own = overall(measureRates(spans), spans, budgetS - loadMs / 1000);
  const predictedBy = (measured: MeasuredRates) =>
    simulate({
      source: replayed(replay.problems, new Map()),
      problems: replay.problems.length,
      strategies: [{ policy: 'equal', stop: 'none', samples: SAMPLES, vote: 'plurality' }],
      runs: RUNS,
      seed: 0,
      timeBudgetMs: budgetS * 1000,
      loadMs,
      inFlight: IN_FLIGHT,
      rates: rateOf(measured.points, measured.rows),
      // How far a whole run's speed may lie from the mean of its ten parts.
      rateSpread: measured.spread / Math.sqrt(10),
      law: null,
    })[0]!.right;
  const ended = score.finishes.stop + score.finishes.length;
  return {
    budgetS,
    tookS,
    loadS: loadMs / 1000,
    right: score.submission.right,
    samplesPerProblem: ended / score.problems,
    tokensPerSecond: rateAt(own),
    predicted: predictedBy(own),
    predictedByJournal: predictedBy(journalRates),
  };
}

/** Rates over all the time there was for drawing, moments between two problems included. */
function overall(measured: MeasuredRates, spans: readonly Span[], seconds: number): MeasuredRates {
  const share = spentMs(spans) / 1000 / seconds;
  const slowed = measured.points.map(({ rows, tokensPerSecond }) => ({
    rows,
    tokensPerSecond: tokensPerSecond * share,
  }));
  return { ...measured, points: slowed };
}

function rateAt({ points, rows }: MeasuredRates): number {
  return rateOf(points, rows)[rows]!;
}

const journal = join(FOLDER, 'budget-journal');
await boxed(
  'evaluate',
  ...DRAWING,
  '--samples',
  String(JOURNAL_SAMPLES),
  '--in-flight',
  String(IN_FLIGHT),
  '--out',
  journal,
);
const journalRates = measureRates(await spansOf(journal));
const range = ({ mean, low, high }: Spread) => `${mean.toFixed(1)} [${low}, ${high}]`;
process.stdout.write(
  `journal: ${JOURNAL_SAMPLES} samples a problem at ${rateAt(journalRates).toFixed(0)} tokens/s\n\n` +
    '| budget | took | loaded after | tokens/s | samples ended | right of 256 | predicted [5–95%] | by the journal\u2019s speed |\n' +
    '|--:|--:|--:|--:|--:|--:|--:|--:|\n',
);
for (const budgetS of BUDGETS_S) {
  const outcome = await measure(budgetS, journal, journalRates);
  const { tookS, loadS, tokensPerSecond, samplesPerProblem, right, predicted, predictedByJournal } = outcome;
  process.stdout.write(
    `| ${budgetS} s | ${tookS.toFixed(1)} s | ${loadS.toFixed(1)} s | ${tokensPerSecond.toFixed(0)} | ${samplesPerProblem.toFixed(1)} | ` +
      `${right} | ${range(predicted)} | ${range(predictedByJournal)} |\n`,
  );
}
