/**
 * Measures decoding by length of context, and what rows of unequal lengths lose against equal ones:
 *   node dist/bench/contexts.js MODEL [--dtype int8] [--contexts 128,1000] [--rows 1,32] [--longest 2000] [--steps 64] [--repeats 3]
 *     [--threads 2] [--shared]
 * MODEL is a checkpoint or an export for the CPU; `--longest 0` leaves the unequal rows out. Keys and values before the first token are random
 * numbers; with `--shared` they are one prompt of all rows of a length, else each has its own.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { HostPrompt } from '../src/engine/hostPrompt.js';
import { type KvArrays, positionBytes } from '../src/engine/kvArrays.js';
import { defaultKvMemoryBytes } from '../src/engine/kvBudget.js';
import { LoopSession, type LoopSessionOptions } from '../src/engine/loopSession.js';
import { sessionSetup } from '../src/engine/openSession.js';
import type { RowInput } from '../src/engine/types.js';
import type { ExportManifest } from '../src/export/manifest.js';
import { resolveModel } from '../src/export/resolve.js';
import { parseTarget } from '../src/export/target.js';

/** Rows of the mixed batch; its shortest context is a tenth of the longest. */
const MIXED_ROWS = 32;
/** As a run draws them, but the likeliest token each time: random weights have most of the vocabulary in their nucleus. */
const SAMPLING = { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

interface Chunk {
  readonly msPerStep: number;
  /** Share of the wall time outside the runtime. */
  readonly outside: number;
}

/** Random keys and values of `length` positions. */
function randomContext({ layers, kvHeads, headDim }: ExportManifest['config'], length: number): KvArrays {
  const size = kvHeads * length * headDim;
  const random = () =>
    Array.from({ length: layers }, () => new Float32Array(size).map(() => Math.random() - 0.5));
  return { length, keys: random(), values: random() };
}

/**
 * Draws `steps` tokens in rows that hold so many positions before, `repeats` times, and returns the median by speed. Several
 * batches of equally many rows take turns, so that a slow moment of the machine does not fall on one of them.
 */
async function measure(
  options: LoopSessionOptions,
  config: ExportManifest['config'],
  batches: readonly (readonly number[])[],
  { steps, repeats, shared }: { steps: number; repeats: number; shared: boolean },
): Promise<Chunk[]> {
  const session = await LoopSession.open(options);
  const longest = randomContext(config, Math.max(...batches.flat()));
  const chunks = batches.map((): Chunk[] => []);
  // Buffers are written to for the first time once; that is not what is measured.
  for (let turn = -batches.length; turn < repeats * batches.length; turn += 1) {
    const at = (turn + batches.length) % batches.length;
    const lengths = batches[at]!;
    const prompts = new Map<number, HostPrompt>();
    for (const [row, length] of lengths.entries()) {
      const known = shared ? prompts.get(length) : undefined;
      const prompt = known ?? computedPrompt(config, longest, length);
      prompts.set(length, prompt);
      session.seat(row, prompt);
    }
    const draw = (count: number, drawn: number) => {
      const rows = lengths.map((length): RowInput => {
        const more = { sampling: SAMPLING, stopTokens: [], remaining: count };
        return { nextToken: 20, position: length + drawn, history: [20], ...more };
      });
      const uniform = new Float32Array(count * rows.length);
      return session.decode(rows, { steps: count, minActive: 1, candidates: 64, uniform });
    };
    // The first chunk copies or lays out what was seated.
    await draw(1, 0);
    const before = session.runtimeMs;
    const startedAt = performance.now();
    await draw(steps, 1);
    const ms = performance.now() - startedAt;
    if (turn >= 0)
      chunks[at]!.push({ msPerStep: ms / steps, outside: 1 - (session.runtimeMs - before) / ms });
  }
  await session.close();
  return chunks.map((each) => {
    const sorted = each.sort((a, b) => a.msPerStep - b.msPerStep);
    return sorted[Math.floor((sorted.length - 1) / 2)]!;
  });
}

/** A prompt whose keys and values are the first `length` of `all`. */
function computedPrompt(config: ExportManifest['config'], all: KvArrays, length: number): HostPrompt {
  const tokens = new Array<number>(length + 1).fill(0);
  // Nothing of it is for other prompts.
  const prompt = new HostPrompt(config, length + 1, tokens, {
    found: [],
    fill: () => 0,
    drop: () => undefined,
  });
  prompt.append(all, 0, length);
  return prompt;
}

const numbers = (text: string) => text.split(',').map(Number);
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dtype: { type: 'string' },
    contexts: { type: 'string', default: '128,1000,4000,8000' },
    rows: { type: 'string', default: '1,32' },
    longest: { type: 'string', default: '2000' },
    steps: { type: 'string', default: '64' },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    shared: { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1) {
  process.stderr.write(
    'usage: contexts MODEL [--dtype --contexts --rows --longest --steps --repeats --threads --shared]\n',
  );
  process.exit(2);
}
const model = await resolveModel(positionals[0]!, parseTarget('cpu', flags.dtype));
const { config } = model.manifest;
const size = { steps: Number(flags.steps), repeats: Number(flags.repeats), shared: flags.shared };
const mostContext = config.maxPositions - size.steps - 1;
const maxRows = Math.max(MIXED_ROWS, ...numbers(flags.rows));
// Rows are left out until keys and values fit.
const kvMemoryBytes = defaultKvMemoryBytes(model.manifest);
const setup = sessionSetup(model, { maxRows, threads: Number(flags.threads), kvMemoryBytes });
if (setup.layout !== 'loop') throw new Error('not an export for the CPU');

process.stdout.write(
  '| context | rows | tokens/s | ms a step | ms a token | outside onnxruntime |\n|--:|--:|--:|--:|--:|--:|\n',
);
for (const rows of numbers(flags.rows)) {
  for (const context of numbers(flags.contexts).filter((each) => each <= mostContext)) {
    const fitting = Math.min(rows, Math.floor(kvMemoryBytes / (context * positionBytes(config))));
    const lengths = new Array<number>(fitting).fill(context);
    const [chunk] = await measure(setup.options, config, [lengths], size);
    const { msPerStep, outside } = chunk!;
    const figures = [(1000 * fitting) / msPerStep, msPerStep, msPerStep / fitting, 100 * outside];
    const cells = figures.map((figure) => figure.toLocaleString('en-US', { maximumSignificantDigits: 3 }));
    process.stdout.write(`| ${context} | ${fitting} | ${cells.join(' | ')} % |\n`);
  }
}

const longest = Math.min(Number(flags.longest), mostContext);
if (longest > 0) {
  const mixed = Array.from({ length: MIXED_ROWS }, (_, at) =>
    Math.round((longest / 10) * (1 + (9 * at) / (MIXED_ROWS - 1))),
  );
  const mean = Math.round(mixed.reduce((sum, length) => sum + length, 0) / MIXED_ROWS);
  const equal = new Array<number>(MIXED_ROWS).fill(mean);
  const [ofMixed, ofEqual] = await measure(setup.options, config, [mixed, equal], size);
  process.stdout.write(
    `${MIXED_ROWS} rows of ${mixed[0]} to ${longest} positions: ${ofMixed!.msPerStep.toFixed(1)} ms a step; of ${mean} each: ` +
      `${ofEqual!.msPerStep.toFixed(1)} ms; padding costs ${(100 * (ofMixed!.msPerStep / ofEqual!.msPerStep - 1)).toFixed(0)} %\n`,
  );
}
