/** Many simulated runs of several strategies, and what came of them. */
import type { LengthLaw } from '../solve/difficulty/predictor.js';
import { type ContestResult, type Strategy, simulateContest } from './contest.js';
import type { ProblemSource } from './problem.js';
import { Random } from './random.js';

export interface SimulationOptions {
  readonly source: ProblemSource;
  readonly problems: number;
  readonly strategies: readonly Strategy[];
  readonly runs: number;
  readonly seed: number;
  readonly timeBudgetMs: number | null;
  readonly loadMs: number;
  readonly inFlight: number;
  readonly rates: Float64Array;
  /** Standard deviation of the logarithm of a run's speed. */
  readonly rateSpread: number;
  readonly law: LengthLaw | null;
}

/** A mean over the runs and the range of nine in ten of them. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What a strategy came to. */
export interface StrategyResult extends Strategy {
  /** Problems answered rightly. */
  readonly right: Spread;
  readonly problems: number;
  readonly runs: number;
  /** Runs that went on past their end: none, unless a policy is at fault. */
  readonly overruns: number;
  /** Seconds; `null` without a limit. */
  readonly unusedSeconds: Spread | null;
  readonly usedSeconds: Spread;
  /** Samples a problem that ended by themselves. */
  readonly samplesPerProblem: Spread;
  readonly secondsPerProblem: number;
}

/** An overrun below this is rounding. */
const ROUNDING_MS = 1e-3;
const TAIL = 0.05;

/** Simulates each strategy on the same problems and samples, run by run; the best comes first. */
export function simulate(options: SimulationOptions): readonly StrategyResult[] {
  const { strategies, runs } = options;
  const results = strategies.map((): ContestResult[] => []);
  const most = strategies.reduce((sum, { samples }) => Math.max(sum, samples), 0);
  for (let run = 0; run < runs; run += 1) {
    const contest = contestOf(options, run, most);
    for (const [at, strategy] of strategies.entries())
      results[at]!.push(simulateContest({ ...contest, ...strategy }));
  }
  return strategies
    .map((strategy, at) => summarise(strategy, results[at]!))
    .sort((a, b) => b.right.mean - a.right.mean);
}

function contestOf(options: SimulationOptions, run: number, samples: number) {
  const { source, seed, rateSpread, timeBudgetMs, loadMs, inFlight, law } = options;
  const random = new Random(seed, run);
  const speed = Math.exp(rateSpread * random.normal());
  const rates = options.rates.map((rate) => rate * speed);
  const problems = source.problems(options.problems, random);
  const drawn = problems.map((problem, at) => problem.draw(samples, new Random(seed, run, at)));
  return { problems, drawn, rates, timeBudgetMs, loadMs, inFlight, law };
}

function summarise(strategy: Strategy, results: readonly ContestResult[]): StrategyResult {
  const problems = results[0]?.problems ?? 0;
  const spread = (of: (result: ContestResult) => number) => spreadOf(results.map(of));
  const used = spread(({ usedMs }) => usedMs / 1000);
  return {
    ...strategy,
    right: spread(({ right }) => right),
    problems,
    runs: results.length,
    overruns: results.filter(({ overrunMs }) => overrunMs > ROUNDING_MS).length,
    unusedSeconds: results.some(({ unusedMs }) => unusedMs === null)
      ? null
      : spread(({ unusedMs }) => unusedMs! / 1000),
    usedSeconds: used,
    samplesPerProblem: spread(({ samples }) => samples / problems),
    secondsPerProblem: used.mean / problems,
  };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: at(TAIL), high: at(1 - TAIL) };
}
