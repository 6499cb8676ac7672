/** The opened graph of the loop layout: a run computes tokens, draws, and returns keys and values to the host. */
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import {
  type Feeds,
  greedyFeeds,
  int64,
  LIKELIEST,
  onceFeeds,
  type ScalingRow,
  samplingFeeds,
} from './feeds.js';
import type { CacheShape } from './kvArrays.js';
import type { Drawn } from './liveRow.js';
import { computedOutputs } from './loopFeeds.js';
import { profileInto } from './placement.js';
import type { ChunkOptions, RowInput } from './types.js';

export interface LoopGraphOptions {
  readonly modelFile: string;
  readonly shape: CacheShape;
  /** Threads of the runtime. */
  readonly threads: number;
  /** Where the runtime writes a profile; `null` for none. */
  readonly profileFolder: string | null;
}

/** Tokens of a run, `[rows, width]` each; positions are -1 where a row has fewer. */
export interface Batch {
  readonly tokens: BigInt64Array;
  readonly positions: BigInt64Array;
  readonly dims: readonly [rows: number, width: number];
}

/** A draw of a single step. */
export interface Draw {
  /** Of the token that it comes after, among all of the batch. */
  readonly place: number;
  readonly uniform: number;
  readonly row: ScalingRow;
}

export class LoopGraph {
  readonly #session: InferenceSession;
  readonly #isProfiled: boolean;
  readonly #computed: readonly string[];
  readonly #drawn: readonly string[];
  #runtimeMs = 0;

  private constructor(session: InferenceSession, { shape, profileFolder }: LoopGraphOptions) {
    this.#session = session;
    this.#isProfiled = profileFolder !== null;
    this.#computed = computedOutputs(shape);
    const logits = session.outputNames.includes('logits') ? ['logits'] : [];
    this.#drawn = ['drawn', 'logprobs', 'cut', ...logits, ...this.#computed];
  }

  static async open(options: LoopGraphOptions): Promise<LoopGraph> {
    const { modelFile, threads, profileFolder } = options;
    const session = await InferenceSession.create(modelFile, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Caches grow with each step; a memory pattern for each length would never be used twice.
      enableMemPattern: false,
      ...(profileFolder !== null && profileInto(profileFolder)),
    });
    return new LoopGraph(session, options);
  }

  /** Milliseconds spent in runs so far. */
  get runtimeMs(): number {
    return this.#runtimeMs;
  }

  /** Computes keys and values; `caches` are those before. */
  compute(batch: Batch, caches: Feeds): Promise<Feeds> {
    // One draw is the least that the graph can make.
    const unused = { ...onceFeeds([0], new Float32Array(1), 1), ...greedyFeeds(1) };
    return this.#run({ ...batchFeeds(batch), ...unused, ...caches }, this.#computed);
  }

  /** One step: draws after any of the batch's tokens. */
  drawOnce(batch: Batch, draws: readonly Draw[], candidates: number, caches: Feeds): Promise<Feeds> {
    const uniform = Float32Array.from(draws, (draw) => draw.uniform);
    const feeds = {
      ...onceFeeds(
        draws.map(({ place }) => place),
        uniform,
        candidates,
      ),
      ...samplingFeeds(draws.map(({ row }) => row)),
    };
    return this.#run({ ...batchFeeds(batch), ...feeds, ...caches }, this.#drawn);
  }

  /** Many steps: each row goes on with what it drew. */
  drawInLoop(rows: readonly RowInput[], options: ChunkOptions, caches: Feeds): Promise<Feeds> {
    const count = rows.length;
    const each = (value: (row: RowInput, at: number) => number) =>
      BigInt64Array.from(rows, (row, at) => BigInt(value(row, at)));
    const stopWidth = Math.max(1, ...rows.map((row) => row.stopTokens.length));
    const stopTokens = new BigInt64Array(count * stopWidth).fill(-1n);
    for (const [at, row] of rows.entries()) stopTokens.set(row.stopTokens.map(BigInt), at * stopWidth);
    const batch: Batch = {
      tokens: each((row) => row.nextToken),
      positions: each((row) => row.position),
      dims: [count, 1],
    };
    const feeds = {
      steps: int64([BigInt(options.steps)], []),
      draws: int64(
        each((_, at) => at),
        [count],
      ),
      uniform: new Tensor('float32', options.uniform, [options.steps, count]),
      candidates: int64([BigInt(options.candidates)], [1]),
      min_active: int64([BigInt(options.minActive)], []),
      stop_tokens: int64(stopTokens, [count, stopWidth]),
      remaining: int64(
        each((row) => row.remaining),
        [count],
      ),
      ...samplingFeeds(rows.map((row) => (row.remaining === 0 ? resting(row) : row))),
    };
    return this.#run({ ...batchFeeds(batch), ...feeds, ...caches }, this.#drawn);
  }

  async close(): Promise<void> {
    if (this.#isProfiled) this.#session.endProfiling();
    await this.#session.release();
  }

  async #run(feeds: Feeds, outputs: readonly string[]): Promise<Feeds> {
    const start = performance.now();
    const results = await this.#session.run(feeds, [...outputs]);
    this.#runtimeMs += performance.now() - start;
    return results as Feeds;
  }
}

/** What a single step has drawn; `null` where it needs more candidates. */
export function drawnOf({ drawn, logprobs, cut, logits }: Feeds): (Drawn | null)[] {
  const [unfinished, chances] = [cut!.data as Uint8Array, logprobs!.data as Float32Array];
  const all = (logits?.data as Float32Array | undefined) ?? null;
  const vocabSize = (all?.length ?? 0) / chances.length;
  return Array.from(drawn!.data as BigInt64Array, (token, at) =>
    unfinished[at] === 1
      ? null
      : {
          token: Number(token),
          logprob: chances[at]!,
          logits: all?.subarray(at * vocabSize, (at + 1) * vocabSize) ?? null,
        },
  );
}

function batchFeeds({ tokens, positions, dims }: Batch): Feeds {
  return { tokens: int64(tokens, dims), positions: int64(positions, dims) };
}

/** What the graph is told of a row that rests: nothing that could ask for more candidates. */
function resting({ nextToken }: RowInput): ScalingRow {
  return { sampling: LIKELIEST, history: [nextToken] };
}
