/** The measurements of `boxed bench`: rows that all draw, and a run whose rows are refilled as samples end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, type EngineOptions } from '../engine/engine.js';
import { readProfile, type StepProfile } from '../engine/profile.js';
import { isWorthSharing } from '../engine/sharedPrompts.js';
import type { EngineStats, GenerateRequest } from '../engine/types.js';
import { UsageError } from '../errors.js';
import type { ExportedModel } from '../export/manifest.js';
import { TRAINING_SAMPLING } from '../train/validation.js';

/** Positions in the cache unless asked otherwise, about the prompts of the bundled problems. */
export const CONTEXT = 40;
/** Requests queued per row of a run, so that rows are refilled. */
const WAVES = 4;
/** The longest sample of a run, as a multiple of the average. */
export const LONGEST = 1.5;
/** Steps of a profile at most: enough for an average, and the runtime's limit of a million events is far. */
const PROFILED_STEPS = 32;

export interface MeasureOptions {
  /** Tokens that each row draws; in a run, on average. */
  readonly tokens: number;
  /** Positions in the cache when the first is drawn. */
  readonly context: number;
  readonly kvMemoryBytes: number;
  readonly greedy?: boolean;
  readonly threads: number;
}

/** Rows that begin and end together, each step of which all of them draw in. */
export interface DecodeFigure {
  readonly dtype: string;
  readonly rows: number;
  /** Of these, the ones that the memory for keys and values had room for at once: only they drew. */
  readonly fitting: number;
  /** Tokens of the prompt a second, all rows having the same. */
  readonly promptTokensPerSecond: number;
  /** Tokens drawn a second, without prompts and admission. */
  readonly decodeTokensPerSecond: number;
  readonly msPerStep: number;
  /** Positions that a row attends to, on average over its steps. */
  readonly positions: number;
  /** Those of them that are read once for all rows. */
  readonly sharedPositions: number;
}

/** The same, and a run of samples of different lengths. */
export interface RunFigure extends DecodeFigure {
  /** Tokens drawn a second of wall time, prompts and admission included. */
  readonly tokensPerSecond: number;
  /** Share of the wall time outside the runtime. */
  readonly outside: number;
}

export interface ProfileFigure extends DecodeFigure {
  readonly profile: StepProfile;
}

/** @throws UsageError where a sample would be cut short, so that figures would be of something else */
export function requirePositions({ manifest }: ExportedModel, context: number, tokens: number): void {
  const { maxPositions } = manifest.config;
  if (context + tokens <= maxPositions) return;
  throw new UsageError(
    `samples of ${tokens} tokens after ${context} take ${context + tokens} positions, and the model has ${maxPositions}`,
    'Lower --context or --tokens.',
  );
}

export async function measureDecoding(
  model: ExportedModel,
  rows: number,
  options: MeasureOptions,
): Promise<DecodeFigure> {
  return withEngine(model, rows, options, (bench) => bench.decode());
}

export async function measureRun(
  model: ExportedModel,
  rows: number,
  options: MeasureOptions,
): Promise<RunFigure> {
  return withEngine(model, rows, options, async (bench) => {
    const decoding = await bench.decode();
    return { ...decoding, ...(await bench.run()) };
  });
}

/** Measures some steps, and then again in a session that the runtime's profiler watches. */
export async function profileDecoding(
  model: ExportedModel,
  rows: number,
  options: MeasureOptions,
): Promise<ProfileFigure> {
  const short = { ...options, tokens: Math.min(options.tokens, PROFILED_STEPS) };
  const figure = await measureDecoding(model, rows, short);
  const profileFolder = await mkdtemp(join(tmpdir(), 'boxed-profile-'));
  try {
    const chunks = await withEngine(model, rows, { ...short, profileFolder }, async (bench) => {
      await bench.decode();
      return bench.chunks;
    });
    return { ...figure, profile: await readProfile(profileFolder, chunks) };
  } finally {
    await rm(profileFolder, { recursive: true, force: true });
  }
}

/** The measurement in the middle by `speed`. */
export function median<T>(figures: readonly T[], speed: (figure: T) => number): T {
  const sorted = [...figures].sort((a, b) => speed(a) - speed(b));
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

async function withEngine<T>(
  model: ExportedModel,
  rows: number,
  options: MeasureOptions & Pick<EngineOptions, 'profileFolder'>,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { threads, kvMemoryBytes, profileFolder } = options;
  const engine = await Engine.open(model, {
    rows,
    threads,
    kvMemoryBytes,
    ...(profileFolder !== undefined && { profileFolder }),
  });
  try {
    return await use(new Bench(engine, model, options));
  } finally {
    await engine.close();
  }
}

/** An engine under measurement. */
class Bench {
  readonly #engine: Engine;
  readonly #model: ExportedModel;
  readonly #options: MeasureOptions;
  /** Chunks of the last `decode`. */
  chunks = 0;

  constructor(engine: Engine, model: ExportedModel, options: MeasureOptions) {
    this.#engine = engine;
    this.#model = model;
    this.#options = options;
  }

  /** Samples of one prompt, as many as fit at once, of `tokens` tokens each. */
  async decode(): Promise<DecodeFigure> {
    const { rows } = this.#engine;
    const { context, tokens } = this.#options;
    // Buffers grow to their size once, in the first minute of a run; that is not what is measured. Also shows how many rows fit.
    await this.#draw([this.#request({ id: 'warm-up', samples: rows, maxTokens: tokens }, 0)]);
    const fitting = Math.min(rows, this.#engine.stats.mostRows);
    // Another prompt than before, or it would not be computed again.
    const request = this.#request({ id: 'decoding', samples: fitting, maxTokens: tokens }, 1);
    const { added } = await this.#draw([request]);
    const [drawn, decodeMs] = [added('drawnTokens'), added('decodeMs')];
    this.chunks = added('chunks');
    const isLoop = this.#model.manifest.layout.name === 'loop';
    return {
      dtype: this.#model.manifest.dtype,
      rows,
      fitting,
      promptTokensPerSecond: (1000 * context) / added('prefillMs'),
      decodeTokensPerSecond: (1000 * drawn) / decodeMs,
      msPerStep: (decodeMs * fitting) / drawn,
      // The first step attends to the context and its own position, the last to `tokens` positions behind the context.
      positions: context + (tokens + 1) / 2,
      sharedPositions: isLoop && isWorthSharing(fitting, context) ? context : 0,
    };
  }

  /** Samples of `WAVES` times the rows, of different lengths, so that rows end and are refilled at different times. */
  async run(): Promise<Pick<RunFigure, 'tokensPerSecond' | 'outside'>> {
    const { tokens } = this.#options;
    const requests = Array.from({ length: WAVES * this.#engine.rows }, (_, at) => {
      const spread = 0.5 + ((at * 0.618) % 1);
      const maxTokens = Math.max(1, Math.round(tokens * spread));
      return this.#request({ id: `run-${at}`, samples: 1, maxTokens }, 2);
    });
    const { ms, added } = await this.#draw(requests);
    return { tokensPerSecond: (1000 * added('drawnTokens')) / ms, outside: 1 - added('runtimeMs') / ms };
  }

  /** The time that requests take, and what they add to a total of the engine. */
  async #draw(
    requests: readonly GenerateRequest[],
  ): Promise<{ ms: number; added: (total: keyof EngineStats) => number }> {
    const before = this.#engine.stats;
    const start = performance.now();
    await this.#engine.generate(requests);
    const ms = performance.now() - start;
    const after = this.#engine.stats;
    return { ms, added: (total) => after[total] - before[total] };
  }

  /** `prompt` tells prompts apart that are not to share what was computed. */
  #request(size: Pick<GenerateRequest, 'id' | 'samples' | 'maxTokens'>, prompt: number): GenerateRequest {
    const { vocabSize } = this.#model.manifest.config;
    const { context, greedy = false } = this.#options;
    // Any tokens will do; those of low numbers may be special. The last one is not in the cache when the first is drawn.
    const promptTokens = Array.from({ length: context + 1 }, (_, at) => (20 + prompt + 7 * at) % vocabSize);
    return { ...size, promptTokens, sampling: { ...TRAINING_SAMPLING, greedy }, stopTokens: [], seed: 1 };
  }
}
