/** `boxed simulate`: how many samples, how much time each, which stop rule, before the clock runs. */
import { Command } from 'commander';
import { VOTE_RULES, voteRuleOf } from '../answers/vote.js';
import { UsageError } from '../errors.js';
import { editionOf } from '../problems/editions.js';
import { readProblems } from '../problems/problemSet.js';
import { simulationTable } from '../report/simulationTable.js';
import { drawTable } from '../report/terminal.js';
import { type Replay, readReplay } from '../score/replay.js';
import type { Strategy } from '../simulate/contest.js';
import { replayed } from '../simulate/replayed.js';
import { type SimulationOptions, type StrategyResult, simulate } from '../simulate/simulation.js';
import { lengthLawOf, type SyntheticLaw, synthetic } from '../simulate/synthetic.js';
import { type MeasuredRates, measureRates, type RatePoint, rateOf } from '../simulate/throughput.js';
import { checkBudget } from '../solve/budget.js';
import { defaultInFlight } from '../solve/defaults.js';
import { forecast, type Predictor, readPredictor } from '../solve/difficulty/predictor.js';
import { difficulty } from '../solve/policies/difficulty.js';
import { policyOf } from '../solve/policies/named.js';
import { stopNames, stopRulesOf } from '../solve/stops/named.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { withKeyProgress } from './keyProgress.js';
import { durationMs, formatMs, integerFrom, numberBetween } from './options.js';
import { countList, nameList, positivePair, ratePoints } from './simulateOptions.js';

interface SimulateFlags {
  answers?: string;
  difficulty?: string;
  problems?: string;
  timeBudget: number;
  load: number;
  policy: string[];
  stop: string[];
  vote: string[];
  samples: number[];
  count?: number;
  inFlight?: number;
  rows?: number;
  rates?: RatePoint[];
  rateSpread?: number;
  accuracy: [number, number];
  zipf: number;
  rightTokens: [number, number];
  wrongTokens: [number, number];
  problemSigma: number;
  hardness: number;
  wrongEntropy: number;
  forecastSigma: number;
  maxTokens: number;
  runs: number;
  seed: number;
  json?: boolean;
}

/** What is simulated: problems and machine. */
type Scene = Pick<SimulationOptions, 'source' | 'problems' | 'inFlight' | 'rates' | 'rateSpread' | 'law'> & {
  readonly title: string;
};

const SYNTHETIC_COUNT = 50;
const SYNTHETIC_ROWS = 16;
/** Four L4 cards with a 14 B model drew 554 tokens/s for 12 samples (AIMO2's winners, 2025); the others are drawn through it. */
const SYNTHETIC_RATES: readonly RatePoint[] = [
  { rows: 1, tokensPerSecond: 80 },
  { rows: 4, tokensPerSecond: 260 },
  { rows: 12, tokensPerSecond: 554 },
  { rows: 16, tokensPerSecond: 640 },
];

export function simulateCommand(): Command {
  return new Command('simulate')
    .summary('Compare time budget policies and stop rules by simulation')
    .description(
      'Simulate runs under a time budget: every policy with every stop rule, number of samples and vote, the best first.\n' +
        'Samples come out of journals made without a time budget, or out of distributions where no run is given.',
    )
    .argument('[runs...]', 'run folders of one model on one problem set')
    .option('--answers <path>', 'key of the runs: set folder, or a file with id and answer')
    .option('--time-budget <duration>', 'for the whole command', durationMs, 5 * 3_600_000)
    .option('--load <duration>', 'from the start of the command to the first problem', durationMs, 1000)
    .option('--policy <names>', 'policies, with commas between them', nameList, ['equal', 'bank', 'clamp'])
    .option('--stop <rules>', 'stop rules as after `evaluate --stop`, with commas between them', nameList, [
      'none',
      'agree:4',
      'leader',
      'arbitration',
    ])
    .option('--vote <rules>', `votes, with commas between them: ${VOTE_RULES.join(', ')}`, nameList, [
      'plurality',
    ])
    .option('--samples <counts>', 'samples of each problem, with commas between them', countList, [8, 16, 32])
    .option(
      '--count <number>',
      `problems of a run; default: all of the runs, or ${SYNTHETIC_COUNT}`,
      integerFrom(1),
    )
    .option(
      '--in-flight <count>',
      'problems open at the same time; default: as `evaluate` for the edition of the runs, or 1',
      integerFrom(1),
    )
    .option(
      '--rows <count>',
      'samples drawn at the same time; default: as in the runs, or 16',
      integerFrom(1),
    )
    .option(
      '--rates <list>',
      'tokens/s of all rows together by rows, such as 1:80,16:640; default: as in the runs',
      ratePoints,
    )
    .option(
      '--rate-spread <sigma>',
      "standard deviation of the logarithm of a run's speed; default: as in the runs, or 0",
      numberBetween(0, 2),
    )
    .option('--difficulty <file>', 'predictor for the policy difficulty; needs --problems')
    .option('--problems <path>', 'problem set of the runs, for its texts')
    .option(
      '--accuracy <a,b>',
      "chance of a right sample: a problem's is Beta(a, b)",
      positivePair,
      [0.8, 0.8],
    )
    .option(
      '--zipf <exponent>',
      'how wrong answers pile up: 0 evenly, 2 mostly on one',
      numberBetween(0, 10),
      1,
    )
    .option(
      '--right-tokens <median,sigma>',
      'log-normal tokens of right samples',
      positivePair,
      [10_000, 0.35],
    )
    .option(
      '--wrong-tokens <median,sigma>',
      'log-normal tokens of wrong samples',
      positivePair,
      [12_000, 0.35],
    )
    .option(
      '--problem-sigma <sigma>',
      'of a factor that all samples of a problem share',
      numberBetween(0, 3),
      0.4,
    )
    .option(
      '--hardness <log>',
      'of that factor: how much its logarithm is higher for problems that are never solved than for those that always are',
      numberBetween(0, 5),
      1,
    )
    .option('--forecast-sigma <sigma>', 'of a forecast of that factor', numberBetween(0, 3), 0.2)
    .option(
      '--wrong-entropy <factor>',
      "entropy of a wrong sample's tokens, as a multiple of a right one's",
      numberBetween(0.1, 10),
      1.1,
    )
    .option('--max-tokens <count>', 'synthetic samples are cut here', integerFrom(1), 32_768)
    .option('--runs <count>', 'simulated runs of each strategy', integerFrom(1), 1000)
    .option('--seed <number>', 'decides every draw', integerFrom(0), 0)
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ boxed simulate --time-budget 5h --samples 8,16,32\n' +
        '  $ boxed simulate submissions/RUN --answers problems/pebble --time-budget 60s --samples 16,64\n',
    )
    .action(simulateAction);
}

async function simulateAction(folders: string[], flags: SimulateFlags): Promise<void> {
  const startedAt = performance.now();
  const strategies = strategiesOf(flags);
  const scene = folders.length > 0 ? await replayScene(folders, flags) : syntheticScene(flags);
  const samples = Math.max(...flags.samples);
  checkBudget(flags.timeBudget, scene.problems, { samples, inFlight: scene.inFlight });
  process.stderr.write(
    `boxed ${VERSION} · simulating ${flags.runs} runs of ${strategies.length} strategies, seed ${flags.seed}\n` +
      `  ${scene.title}\n  ${scene.problems} problems in ${formatMs(flags.timeBudget)}, ${scene.inFlight} in flight, ` +
      `${scene.rates.length - 1} rows at ${Math.round(scene.rates.at(-1)!)} tokens/s (spread ${(100 * scene.rateSpread).toFixed(0)}%)\n`,
  );
  const { runs, seed, timeBudget: timeBudgetMs, load: loadMs } = flags;
  const results = simulate({ ...scene, strategies, runs, seed, timeBudgetMs, loadMs });
  print(results, flags.json ?? false);
  process.stderr.write(`  simulated in ${formatMs(performance.now() - startedAt)}\n`);
}

function print(results: readonly StrategyResult[], json: boolean): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(results)}\n`
      : `${drawTable(simulationTable(results), { colors: wantsColours(process.stdout) })}\n`,
  );
}

/** Every policy with every stop rule, number of samples and vote. */
function strategiesOf({ policy, stop, samples, vote }: SimulateFlags): Strategy[] {
  return policy.flatMap((name) =>
    stop.flatMap((rules) =>
      samples.flatMap((count) =>
        vote.map((votes) => ({
          policy: policyOf(name).name,
          stop: stopNames(stopRulesOf(rules)),
          samples: count,
          vote: voteRuleOf(votes),
        })),
      ),
    ),
  );
}

function syntheticScene(flags: SimulateFlags): Scene {
  const [a, b] = flags.accuracy;
  const logNormal = ([median, sigma]: [number, number]) => ({ median, sigma });
  const law: SyntheticLaw = {
    accuracy: { a, b },
    zipf: flags.zipf,
    rightTokens: logNormal(flags.rightTokens),
    wrongTokens: logNormal(flags.wrongTokens),
    problemSigma: flags.problemSigma,
    hardness: flags.hardness,
    wrongEntropy: flags.wrongEntropy,
    forecastSigma: flags.forecastSigma,
    maxTokens: flags.maxTokens,
  };
  if (flags.difficulty !== undefined)
    throw new UsageError('a predictor is of no use for synthetic problems', 'Set --forecast-sigma instead.', {
      field: '--difficulty',
    });
  return {
    title: `synthetic problems: accuracy Beta(${a}, ${b}), ${flags.rightTokens[0]} tokens right, ${flags.wrongTokens[0]} wrong`,
    source: synthetic(law),
    problems: flags.count ?? SYNTHETIC_COUNT,
    inFlight: flags.inFlight ?? 1,
    rates: rateOf(flags.rates ?? SYNTHETIC_RATES, flags.rows ?? SYNTHETIC_ROWS),
    rateSpread: flags.rateSpread ?? 0,
    law: lengthLawOf(law),
  };
}

async function replayScene(folders: readonly string[], flags: SimulateFlags): Promise<Scene> {
  if (flags.answers === undefined)
    throw new UsageError(
      'which answers are right is not in a journal',
      'Give the key of the problems: --answers problems/SET.',
      { field: '--answers' },
    );
  const { answers } = flags;
  const replay = await withKeyProgress((onProgress) => readReplay(folders, answers, onProgress));
  const { run, problems } = replay;
  const measured = measureRates(problems.flatMap(({ samples }) => samples));
  const rows = flags.rows ?? measured.rows;
  const samples = Math.max(...flags.samples);
  const inFlight = defaultInFlight(editionOf(run.settings.edition), {
    rows,
    samples,
    timeBudgetMs: flags.timeBudget,
  });
  const predictor = await predictorFor(flags);
  const pool = problems.reduce((least, problem) => Math.min(least, problem.samples.length), Number.MAX_VALUE);
  return {
    title: `${run.modelName} on ${run.problemSet}, ${pool} samples a problem${samples > pool ? ', drawn again where more are asked for' : ''}`,
    source: replayed(problems, await forecastsOf(replay, flags, predictor)),
    problems: Math.min(flags.count ?? problems.length, problems.length),
    inFlight: flags.inFlight ?? inFlight,
    rates: rateOf(ratesOf(flags, measured), rows),
    rateSpread: flags.rateSpread ?? measured.spread,
    law: predictor,
  };
}

function ratesOf(flags: SimulateFlags, measured: MeasuredRates): readonly RatePoint[] {
  const points = flags.rates ?? measured.points;
  if (points.length > 0) return points;
  throw new UsageError('the runs do not tell how fast samples were drawn', 'Give the speed by --rates.', {
    field: '--rates',
  });
}

async function predictorFor(flags: SimulateFlags): Promise<Predictor | null> {
  if (flags.difficulty !== undefined) return readPredictor(flags.difficulty);
  if (!flags.policy.includes(difficulty.name)) return null;
  throw new UsageError(
    'the policy difficulty needs a predictor',
    'Make one with `boxed difficulty train` and give it as --difficulty FILE.',
    { field: '--policy' },
  );
}

async function forecastsOf(
  { run }: Replay,
  flags: SimulateFlags,
  predictor: Predictor | null,
): Promise<ReadonlyMap<string, number>> {
  if (predictor === null) return new Map();
  if (flags.problems === undefined)
    throw new UsageError('a predictor reads the texts of the problems', 'Give the set by --problems.', {
      field: '--problems',
    });
  const { problems, digest } = await readProblems(flags.problems);
  if (digest !== run.digests.problems)
    throw new UsageError('these are not the problems of the runs', 'Give the set that they were made on.', {
      field: '--problems',
    });
  return new Map(problems.map(({ id, text }) => [id, forecast(predictor, text)]));
}
