/** The table of a simulation: strategies, the best first. */
import type { Spread, StrategyResult } from '../simulate/simulation.js';
import { ABSENT, duration, percent } from './format.js';
import { leftColumn, rightColumn, type Table } from './table.js';

export function simulationTable(results: readonly StrategyResult[]): Table {
  const { problems = 0, runs = 0 } = results[0] ?? {};
  return {
    title: 'Strategies',
    note: `Right: answers of ${problems} that are right, mean of ${runs.toLocaleString('en-US')} runs [5 to 95% of the runs]; all strategies meet the same problems and samples. Samples: those of a problem that ended by themselves. Unused: time between the last sample and the end. Over: runs that went on past the end.`,
    columns: [
      leftColumn('policy'),
      leftColumn('stop'),
      leftColumn('vote'),
      rightColumn('asked'),
      rightColumn('right [5–95%]'),
      rightColumn('%'),
      rightColumn('samples'),
      rightColumn('a problem'),
      rightColumn('unused'),
      rightColumn('over'),
    ],
    groups: results.map((result) => ({ head: result.policy, rows: [cellsOf(result)] })),
  };
}

function cellsOf(result: StrategyResult): string[] {
  const { right, stop, vote, samples, samplesPerProblem, secondsPerProblem, unusedSeconds, overruns } =
    result;
  return [
    stop,
    vote,
    String(samples),
    withRange(right),
    percent(right.mean / result.problems),
    samplesPerProblem.mean.toFixed(1),
    seconds(secondsPerProblem),
    unusedSeconds === null ? ABSENT : duration(unusedSeconds.mean),
    String(overruns),
  ];
}

/** `34.2 [30, 38]`. */
function withRange({ mean, low, high }: Spread): string {
  return `${mean.toFixed(1)} [${low}, ${high}]`;
}

/** Short times need decimals: `0.23 s`. */
function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : duration(value);
}
