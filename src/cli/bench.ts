/** `boxed bench`: how fast this machine decodes with the engine, and how much of the time is not the runtime's. */
import { cpus } from 'node:os';
import CliTable from 'cli-table3';
import { Command } from 'commander';
import type { Sampling } from '../core.js';
import { Engine } from '../engine/engine.js';
import type { EngineStats, GenerateRequest } from '../engine/types.js';
import type { ExportedModel } from '../export/manifest.js';
import { addModelOptions, type ModelFlags, openModelToRun } from './modelOptions.js';
import { integerFrom } from './options.js';

interface BenchFlags extends ModelFlags {
  tokens: number;
  repeats: number;
  threads?: number;
  json?: boolean;
}

/** Rows measured. */
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
  readonly rows: number;
  readonly tokensPerSecond: number;
  readonly msPerStep: number;
  /** Share of the wall time outside the runtime. */
  readonly outside: number;
}

export function benchCommand(): Command {
  const command = new Command('bench')
    .summary('Measure decoding on this machine')
    .description(
      'Measure decoding: tokens/s at 1, 8 and 32 rows, and the share of wall time outside onnxruntime.',
    )
    .argument('[model]', 'checkpoint folder or export', 'models/pebble-sft')
    .option(
      '--tokens <count>',
      'tokens drawn by each sample, varied by a half so that rows end at different times',
      integerFrom(8),
      256,
    )
    .option('--repeats <count>', 'measurements of each; the best and the median are kept', integerFrom(1), 3)
    .option('--threads <count>', 'threads of the runtime; default: the processors there are', integerFrom(1))
    .option('--json', 'print JSON');
  return addModelOptions(command)
    .addHelpText('after', '\nExample:\n  $ boxed bench models/pebble-sft --repeats 5\n')
    .action(bench);
}

async function bench(path: string, flags: BenchFlags): Promise<void> {
  const model = await openModelToRun(path, flags);
  const runs = new Map<number, Figure[]>(ROWS.map((rows) => [rows, []]));
  // Sizes take turns, so that a slow moment of the machine does not fall on one of them.
  for (let repeat = 0; repeat < flags.repeats; repeat += 1) {
    for (const rows of ROWS) runs.get(rows)!.push(await measure(model, rows, flags));
  }
  const figures = [...runs.values()].map(median);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), model: path, figures }, null, 2)}\n`);
    return;
  }
  const table = new CliTable({
    head: ['rows', 'tokens/s', 'ms per step', 'outside onnxruntime'],
    colAligns: ['right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { rows, tokensPerSecond, msPerStep, outside } of figures) {
    table.push([
      rows,
      Math.round(tokensPerSecond).toLocaleString('en-US'),
      msPerStep.toFixed(2),
      `${(100 * outside).toFixed(1)} %`,
    ]);
  }
  process.stdout.write(
    `${path}, ${flags.tokens} tokens a sample on average, median of ${flags.repeats}\n${machine()}\n${table}\n`,
  );
}

async function measure(model: ExportedModel, rows: number, flags: BenchFlags): Promise<Figure> {
  const engine = await Engine.open(model, {
    rows,
    ...(flags.threads !== undefined && { threads: flags.threads }),
  });
  try {
    const { vocabSize } = model.manifest.config;
    // Buffers grow to their size once, in the first minute of a run; that is not what is measured.
    await engine.generate([request('warm-up', rows, vocabSize, Math.round(1.5 * flags.tokens))]);
    const before = engine.stats;
    const startedAt = performance.now();
    const requests = Array.from({ length: WAVES * rows }, (_, at) => {
      const spread = 0.5 + ((at * 0.618) % 1);
      return request(`bench-${at}`, 1, vocabSize, Math.max(1, Math.round(flags.tokens * spread)));
    });
    await engine.generate(requests);
    return figure(rows, before, engine.stats, performance.now() - startedAt);
  } finally {
    await engine.close();
  }
}

function request(id: string, samples: number, vocabSize: number, maxTokens: number): GenerateRequest {
  // Any tokens will do; those of low numbers may be special.
  const promptTokens = Array.from({ length: PROMPT_TOKENS }, (_, at) => (20 + 7 * at) % vocabSize);
  return { id, samples, promptTokens, sampling: SAMPLING, stopTokens: [], maxTokens, seed: 1 };
}

function figure(rows: number, before: EngineStats, after: EngineStats, ms: number): Figure {
  const tokens = after.drawnTokens - before.drawnTokens;
  return {
    rows,
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
