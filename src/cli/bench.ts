/** `boxed bench`: how fast this machine decodes with the engine, what it could do at best, and where the time goes. */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { bestLimits, measureLimits } from '../engine/machineLimits.js';
import { boundOf, formatsOf, type MachineLimits, stepWork } from '../engine/roofline.js';
import { UsageError } from '../errors.js';
import type { ExportedModel } from '../export/manifest.js';
import {
  CONTEXT,
  LONGEST,
  type MeasureOptions,
  measureDecoding,
  measureRun,
  median,
  profileDecoding,
  requirePositions,
} from './benchRun.js';
import { machineLine, profileTable, rooflineTable, runTable } from './benchTables.js';
import {
  addKvMemoryOption,
  addModelOptions,
  type KvMemoryFlags,
  kvMemoryOf,
  type ModelFlags,
  openModelToRun,
} from './modelOptions.js';
import { formatBytes, integerFrom, integersFrom } from './options.js';

interface BenchFlags extends ModelFlags, KvMemoryFlags {
  tokens: number;
  context: number;
  rows: number[];
  repeats: number;
  greedy?: boolean;
  threads: number;
  roofline?: boolean;
  profile?: boolean;
  json?: boolean;
}

/** Rows measured unless asked otherwise. */
const ROWS = [1, 8, 32, 64];

/** One line of the tables. */
interface Case {
  readonly rows: number;
  readonly model: ExportedModel;
}

export function benchCommand(): Command {
  const command = new Command('bench')
    .summary('Measure decoding on this machine')
    .description(
      'Measure decoding: tokens/s of a run and of decoding alone at several numbers of rows, and the share of wall time outside onnxruntime.',
    )
    .argument('[model]', 'checkpoint folder or export', 'models/pebble-sft')
    .option(
      '--tokens <count>',
      'tokens drawn by each sample; in a run varied by a half, so that rows end at different times',
      integerFrom(8),
      256,
    )
    .option(
      '--context <count>',
      'positions of the prompt that all rows begin with; a long one is read once for all of them',
      integerFrom(1),
      CONTEXT,
    )
    .option('--rows <counts>', 'rows to measure at, such as 1,32', integersFrom(1), ROWS)
    .option(
      '--greedy',
      'draw the likeliest token each time; for random weights, whose nucleus is most of the vocabulary',
    )
    .option(
      '--repeats <count>',
      'measurements of each; the median counts, with --roofline the fastest',
      integerFrom(1),
      3,
    )
    .option('--threads <count>', 'threads of the runtime', integerFrom(1), availableParallelism())
    .option(
      '--roofline',
      'measure what this machine can do at best, and print the share of it that decoding reaches; no run',
    )
    .option('--profile', "print where a step's time goes, from onnxruntime's profiler; no run")
    .option('--json', 'print JSON');
  addKvMemoryOption(command);
  return addModelOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ boxed bench models/pebble-sft --repeats 5\n  $ boxed bench models/pebble-sft --dtype fp32,int8,int4\n  $ boxed bench path/to/checkpoint --dtype int8 --rows 1,64 --context 2000 --tokens 64 --roofline\n  $ boxed bench path/to/checkpoint --dtype int8 --rows 32 --profile\n',
    )
    .action(bench);
}

async function bench(path: string, flags: BenchFlags): Promise<void> {
  const decodingOnly = flags.roofline || flags.profile;
  if (decodingOnly) requireCpu(flags.device);
  const models: ExportedModel[] = [];
  for (const dtype of flags.dtype?.split(',') ?? [undefined])
    models.push(
      await openModelToRun(path, { ...flags, ...(dtype !== undefined && { dtype: dtype.trim() }) }),
    );
  const longest = decodingOnly ? flags.tokens : Math.round(LONGEST * flags.tokens);
  for (const model of models) {
    requirePositions(model, flags.context, longest);
    if (decodingOnly) requireCpu(model.manifest.device);
  }
  const kvMemoryBytes = Math.min(...models.map((model) => kvMemoryOf(flags, model)));
  const options = { ...flags, kvMemoryBytes };
  const cases = flags.rows.flatMap((rows) => models.map((model) => ({ rows, model })));
  const head = { machine: machineLine(), model: path, kvMemoryBytes };
  const text =
    `${path}, ${flags.context} positions before the first token, ${flags.tokens} tokens a sample, ` +
    `${formatBytes(kvMemoryBytes)} for keys and values\n${head.machine}\n`;
  if (decodingOnly) {
    const roofline = flags.roofline ? await measureRoofline(cases, options) : null;
    const profiles = flags.profile ? await measureProfiles(cases, options) : null;
    if (flags.json) return print({ ...head, ...roofline, ...(profiles && { profiles }) });
    const tables = profiles?.map(profileTable) ?? [];
    if (roofline) tables.unshift(rooflineTable(roofline.figures, roofline.limits));
    process.stdout.write(`${text}${tables.join('\n\n')}\n`);
    return;
  }
  const runs = await inTurns(cases, flags.repeats, ({ model, rows }) => measureRun(model, rows, options));
  const figures = runs.map((each) => median(each, ({ tokensPerSecond }) => tokensPerSecond));
  if (flags.json) return print({ ...head, figures });
  process.stdout.write(`${text}median of ${flags.repeats}\n${runTable(figures)}\n`);
}

function requireCpu(device: string): void {
  if (device === 'cpu') return;
  throw new UsageError(
    `--roofline and --profile measure the CPU, not ${device}`,
    'Leave them out, or take the model for the CPU.',
  );
}

/** The fastest of both: limits are measured in each round, so that a slow moment of the machine does not fall on them alone. */
async function measureRoofline(cases: readonly Case[], options: MeasureOptions & BenchFlags) {
  const workOf = ({ rows, model }: Case, positions: number, shared = 0) =>
    stepWork(model.manifest.config, model.manifest.quantization, rows, positions, shared);
  const formats = [...new Set(cases.flatMap((each) => formatsOf(workOf(each, 1))))];
  let limits: MachineLimits = { readBytes: 0, flops: {} };
  const runs = await inTurns(
    cases,
    options.repeats,
    ({ model, rows }) => measureDecoding(model, rows, options),
    async () => {
      limits = bestLimits(limits, await measureLimits(formats, options.threads));
    },
  );
  const figures = cases.map((each, at) => {
    const figure = runs[at]!.reduce((best, run) => (run.msPerStep < best.msPerStep ? run : best));
    const work = workOf({ ...each, rows: figure.fitting }, figure.positions, figure.sharedPositions);
    return { ...figure, bound: boundOf(work, limits) };
  });
  return { limits, figures };
}

async function measureProfiles(cases: readonly Case[], options: MeasureOptions) {
  const profiles = [];
  for (const { model, rows } of cases) profiles.push(await profileDecoding(model, rows, options));
  return profiles;
}

/** Measures each case `repeats` times. They take turns, so that a slow moment of the machine does not fall on one of them. */
async function inTurns<T>(
  cases: readonly Case[],
  repeats: number,
  measure: (each: Case) => Promise<T>,
  beginRound: () => Promise<void> = async () => undefined,
): Promise<T[][]> {
  const figures = cases.map((): T[] => []);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    await beginRound();
    for (const [at, each] of cases.entries()) figures[at]!.push(await measure(each));
  }
  return figures;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
