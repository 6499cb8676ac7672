/** The opened graph of the paged layout: a run computes the new tokens of some sequences, on the device. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../export/target.js';
import { CANDIDATE_TOKENS } from '../model/candidates.js';
import { keyCache, valueCache } from '../model/pagedAttention.js';
import { resizeBlanks } from '../onnx/blanks.js';
import { InferenceSession } from '../onnx/runtime.js';
import { MODEL_FILE } from '../onnx/writer.js';
import { type Feeds, int64, LIKELIEST, type ScalingRow, scalingFeeds } from './feeds.js';
import { piecesOf, SPARE_ROW, spareRows } from './fixedRuns.js';
import { packedFeeds, type Segment } from './packedFeeds.js';

export interface PagedGraphOptions {
  /** Folder of the export. */
  readonly folder: string;
  /** Provider of the runtime. */
  readonly device: Device;
  readonly layers: number;
  /** Positions of a block. */
  readonly blockSize: number;
  /** Blocks of each cache. */
  readonly blocks: number;
  /** Where runs have fixed shapes: the tokens of a piece of a prompt, and blocks that belong to nobody. */
  readonly fixed: { readonly pieceTokens: number; readonly spare: readonly number[] } | null;
}

/** The likeliest next tokens of one row. */
export interface RowCandidates {
  readonly tokens: BigInt64Array;
  readonly probabilities: Float32Array;
  readonly logprobs: Float32Array;
  /** From models exported with logits, else `null`. */
  readonly logits: Float32Array | null;
}

/** A row that nothing is drawn for. */
const NO_DRAW: ScalingRow = { sampling: LIKELIEST, history: [] };

export class PagedGraph {
  readonly hasLogits: boolean;
  readonly #session: InferenceSession;
  readonly #options: PagedGraphOptions;
  #runtimeMs = 0;

  private constructor(session: InferenceSession, options: PagedGraphOptions) {
    this.#session = session;
    this.#options = options;
    this.hasLogits = session.outputNames.includes('logits');
  }

  /** @throws the runtime's error where it lacks the provider, or the provider an operator */
  static async open(options: PagedGraphOptions): Promise<PagedGraph> {
    const { folder, device, layers, blocks } = options;
    const caches = Array.from({ length: layers }, (_, layer) => [keyCache(layer), valueCache(layer)]);
    const model = resizeBlanks(await readFile(join(folder, MODEL_FILE)), caches.flat(), blocks);
    const session = await InferenceSession.create(model, {
      executionProviders: [device],
      logSeverityLevel: 3,
      // A memory pattern is kept for every set of shapes, and these change with each run.
      enableMemPattern: false,
      extra: {
        session: {
          model_external_initializers_file_folder_path: folder,
          // An operator that the device lacks is an error, not a detour.
          disable_cpu_ep_fallback: '1',
          // The arena would round weights and caches up.
          use_device_allocator_for_initializers: '1',
        },
      },
    });
    return new PagedGraph(session, options);
  }

  /** Milliseconds spent in runs so far. */
  get runtimeMs(): number {
    return this.#runtimeMs;
  }

  /** Computes keys and values, and nothing else. */
  async compute(segments: readonly Segment[]): Promise<void> {
    const { fixed } = this.#options;
    const runs = fixed
      ? segments.flatMap((segment) => piecesOf(segment, fixed.pieceTokens, fixed.spare))
      : [segments];
    for (const run of runs) await this.#run(run, [0], [NO_DRAW], 1, ['logprobs']);
  }

  /** Computes segments, and the `count` likeliest tokens after the last ones of each: after as many as `rows` has for it. */
  async candidates(
    segments: readonly Segment[],
    rows: readonly (readonly ScalingRow[])[],
    count: number,
  ): Promise<RowCandidates[][]> {
    const outputs = [CANDIDATE_TOKENS, 'probabilities', 'logprobs', ...(this.hasLogits ? ['logits'] : [])];
    const { fixed } = this.#options;
    const spare = fixed ? spareRows(rows.length, fixed.spare) : [];
    const draws = [...rows, ...spare.map(() => [SPARE_ROW])];
    let end = 0;
    const last = [...segments, ...spare].flatMap(({ tokens }, at) => {
      end += tokens.length;
      const ofRow = draws[at]!.length;
      return Array.from({ length: ofRow }, (_, place) => end - ofRow + place);
    });
    const results = await this.#run([...segments, ...spare], last, draws.flat(), count, outputs);
    const tokens = results[CANDIDATE_TOKENS]!.data as BigInt64Array;
    const probabilities = results.probabilities!.data as Float32Array;
    const logprobs = results.logprobs!.data as Float32Array;
    const logits = (results.logits?.data as Float32Array | undefined) ?? null;
    const vocabSize = logits === null ? 0 : logits.length / last.length;
    const found = last.map((_, at) => {
      const [from, to] = [at * count, (at + 1) * count];
      return {
        tokens: tokens.subarray(from, to),
        probabilities: probabilities.subarray(from, to),
        logprobs: logprobs.subarray(from, to),
        logits: logits?.subarray(at * vocabSize, (at + 1) * vocabSize) ?? null,
      };
    });
    return rows.map(({ length }) => found.splice(0, length));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  async #run(
    segments: readonly Segment[],
    last: readonly number[],
    rows: readonly ScalingRow[],
    candidates: number,
    outputs: readonly string[],
  ): Promise<Feeds> {
    const { blockSize, device } = this.#options;
    const feeds = {
      ...packedFeeds(segments, blockSize, device === 'cuda'),
      ...scalingFeeds(rows),
      last: int64(last.map(BigInt), [last.length]),
      candidates: int64([BigInt(candidates)], [1]),
    };
    const start = performance.now();
    const results = await this.#session.run(feeds, [...outputs]);
    this.#runtimeMs += performance.now() - start;
    return results as Feeds;
  }
}
