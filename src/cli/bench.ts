/** `boxed bench`: how fast this machine decodes with the engine, and how much of the time is not the runtime's. */
import { cpus } from 'node:os';
import CliTable from 'cli-table3';
import { Command } from 'commander';
import type { Sampling } from '../core.js';
import { Engine } from '../engine/engine.js';
import type { EngineStats, GenerateRequest } from '../engine/types.js';
import type { ExportedModel } from '../export/manifest.js';
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
  rows: number[];
  repeats: number;
  greedy?: boolean;
  threads?: number;
  json?: boolean;
}

/** Rows measured unless asked otherwise. */
const ROWS = [1, 8, 32];
/** Tokens of each prompt, about those of the bundled problems. */
const PROMPT_TOKENS = 40;
/** Requests queued per row, so that rows are refilled as in a run. */
const WAVES = 4;

/** As `make evaluate` draws. */
const SAMPLING: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 0.9,
  minP: 0.05,
  repetitionPenalty: 1,
};

interface Figure {
  readonly dtype: string;
  readonly rows: number;
  /** Of these, the ones that the memory for keys and values had room for at once. */
  readonly fitting: number;
  readonly tokensPerSecond: number;
  readonly msPerStep: number;
  /** Share of the wall time outside the runtime. */
  readonly outside: number;
}

export function benchCommand(): Command {
  const command = new Command('bench')
    .summary('Measure decoding on this machine')
    .description(
      'Measure decoding: tokens/s at several numbers of rows, and the share of wall time outside onnxruntime.',
    )
    .argument('[model]', 'checkpoint folder or export', 'models/pebble-sft')
    .option(
      '--tokens <count>',
      'tokens drawn by each sample, varied by a half so that rows end at different times',
      integerFrom(8),
      256,
    )
    .option('--rows <counts>', 'rows to measure at, such as 1,32', integersFrom(1), ROWS)
    .option(
      '--greedy',
      'draw the likeliest token each time; for random weights, whose nucleus is most of the vocabulary',
    )
    .option('--repeats <count>', 'measurements of each; the best and the median are kept', integerFrom(1), 3)
    .option('--threads <count>', 'threads of the runtime; default: the processors there are', integerFrom(1))
    .option('--json', 'print JSON');
  addKvMemoryOption(command);
  return addModelOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ boxed bench models/pebble-sft --repeats 5\n  $ boxed bench models/pebble-sft --dtype fp32,int8,int4\n',
    )
    .action(bench);
}

async function bench(path: string, flags: BenchFlags): Promise<void> {
  const models: ExportedModel[] = [];
  for (const dtype of flags.dtype?.split(',') ?? [undefined])
    models.push(
      await openModelToRun(path, { ...flags, ...(dtype !== undefined && { dtype: dtype.trim() }) }),
    );
  const kvMemoryBytes = Math.min(...models.map((model) => kvMemoryOf(flags, model)));
  const cases = flags.rows.flatMap((rows) => models.map((model) => ({ rows, model, runs: [] as Figure[] })));
  // They take turns, so that a slow moment of the machine does not fall on one of them.
  for (let repeat = 0; repeat < flags.repeats; repeat += 1)
    for (const { rows, model, runs } of cases)
      runs.push(await measure(model, rows, { ...flags, kvMemory: kvMemoryBytes }));
  const figures = cases.map(({ runs }) => median(runs));
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ machine: machine(), model: path, kvMemoryBytes, figures }, null, 2)}\n`,
    );
    return;
  }
  const table = new CliTable({
    head: ['rows', 'weights', 'tokens/s', 'ms per step', 'outside onnxruntime'],
    colAligns: ['right', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { rows, fitting, dtype, tokensPerSecond, msPerStep, outside } of figures) {
    table.push([
      fitting < rows ? `${rows} (${fitting} fit)` : rows,
      dtype,
      tokensPerSecond.toLocaleString('en-US', { maximumSignificantDigits: 4 }),
      msPerStep.toFixed(2),
      `${(100 * outside).toFixed(1)} %`,
    ]);
  }
  process.stdout.write(
    `${path}, ${flags.tokens} tokens a sample on average, median of ${flags.repeats}, ` +
      `${formatBytes(kvMemoryBytes)} for keys and values\n${machine()}\n${table}\n`,
  );
}

async function measure(model: ExportedModel, rows: number, flags: BenchFlags): Promise<Figure> {
  const engine = await Engine.open(model, {
    rows,
    kvMemoryBytes: kvMemoryOf(flags, model),
    ...(flags.threads !== undefined && { threads: flags.threads }),
  });
  try {
    const { vocabSize } = model.manifest.config;
    // Buffers grow to their size once, in the first minute of a run; that is not what is measured.
    const sampling = { ...SAMPLING, greedy: flags.greedy ?? false };
    const warmUp = { id: 'warm-up', samples: rows, maxTokens: Math.round(1.5 * flags.tokens) };
    await engine.generate([request(warmUp, sampling, vocabSize)]);
    const before = engine.stats;
    const startedAt = performance.now();
    const requests = Array.from({ length: WAVES * rows }, (_, at) => {
      const spread = 0.5 + ((at * 0.618) % 1);
      const maxTokens = Math.max(1, Math.round(flags.tokens * spread));
      return request({ id: `bench-${at}`, samples: 1, maxTokens }, sampling, vocabSize);
    });
    await engine.generate(requests);
    return figure(model.manifest.dtype, rows, before, engine.stats, performance.now() - startedAt);
  } finally {
    await engine.close();
  }
}

function request(
  size: Pick<GenerateRequest, 'id' | 'samples' | 'maxTokens'>,
  sampling: Sampling,
  vocabSize: number,
): GenerateRequest {
  // Any tokens will do; those of low numbers may be special.
  const promptTokens = Array.from({ length: PROMPT_TOKENS }, (_, at) => (20 + 7 * at) % vocabSize);
  return { ...size, promptTokens, sampling, stopTokens: [], seed: 1 };
}

function figure(dtype: string, rows: number, before: EngineStats, after: EngineStats, ms: number): Figure {
  const tokens = after.drawnTokens - before.drawnTokens;
  return {
    dtype,
    rows,
    fitting: Math.min(rows, after.mostRows),
    tokensPerSecond: (1000 * tokens) / ms,
    msPerStep: (ms * rows) / tokens,
    outside: 1 - (after.runtimeMs - before.runtimeMs) / ms,
  };
}

/** The measurement in the middle by speed. */
function median(figures: readonly Figure[]): Figure {
  const sorted = [...figures].sort((a, b) => a.tokensPerSecond - b.tokensPerSecond);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
}
