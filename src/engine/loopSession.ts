/** A decoder session on the loop layout: prompts and chunks become runs of one ONNX graph, caches stay on the host. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  blockKeys,
  blockValues,
  frozenKeys,
  frozenValues,
  localKeys,
  localValues,
} from '../model/loopAttention.js';
import { type Feeds, greedyFeeds, int64, samplingFeeds } from './feeds.js';
import { type CacheShape, copyPositions, emptyArrays, type KvArrays, positionBytes } from './kvArrays.js';
import { KvCache, type LoopCacheShape } from './kvCache.js';
import type { Chunk, ChunkOptions, DecoderSession, ModelLimits, PromptCache, RowInput } from './types.js';

export interface LoopSessionOptions {
  readonly modelFile: string;
  readonly limits: ModelLimits;
  readonly shape: LoopCacheShape;
  readonly maxRows: number;
  /** Threads of the runtime. */
  readonly threads: number;
  /** Memory for keys and values; none of it is taken before it is needed. */
  readonly kvMemoryBytes: number;
}

export class LoopSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly #session: InferenceSession;
  readonly #options: LoopSessionOptions;
  readonly #cache: KvCache;
  readonly #cacheOutputs: readonly string[];
  #runtimeMs = 0;

  private constructor(session: InferenceSession, options: LoopSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.limits = options.limits;
    this.#cache = new KvCache(options.shape, options.maxRows, mostBlocks(options));
    this.#cacheOutputs = layersOf(options.shape).flatMap((layer) => [localKeys(layer), localValues(layer)]);
  }

  static async open(options: LoopSessionOptions): Promise<LoopSession> {
    const session = await InferenceSession.create(options.modelFile, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Caches grow with each step; a memory pattern for each length would never be used twice.
      enableMemPattern: false,
    });
    return new LoopSession(session, options);
  }

  get runtimeMs(): number {
    return this.#runtimeMs;
  }

  async prefill(prompts: readonly (readonly number[])[]): Promise<PromptCache[]> {
    const lengths = prompts.map((prompt) => prompt.length - 1);
    const width = Math.max(...lengths);
    if (width === 0) return prompts.map(() => emptyArrays(this.#options.shape, 1, 0));
    const rows = prompts.length;
    const tokens = new BigInt64Array(rows * width);
    const positions = new BigInt64Array(rows * width).fill(-1n);
    for (const [row, prompt] of prompts.entries()) {
      for (let at = 0; at < lengths[row]!; at += 1) {
        tokens[row * width + at] = BigInt(prompt[at]!);
        positions[row * width + at] = BigInt(at);
      }
    }
    const feeds: Feeds = {
      steps: int64([1n], []),
      tokens: int64(tokens, [rows, width]),
      positions: int64(positions, [rows, width]),
      uniform: new Tensor('float32', new Float32Array(rows), [1, rows]),
      candidates: int64([1n], [1]),
      min_active: int64([1n], []),
      stop_tokens: int64(new BigInt64Array(rows).fill(-1n), [rows, 1]),
      remaining: int64(new BigInt64Array(rows).fill(1n), [rows]),
      ...greedyFeeds(rows),
      ...this.#cacheFeeds(null, rows),
    };
    const results = await this.#run(feeds, this.#cacheOutputs);
    const computed = this.#localPart(results, width);
    return lengths.map((length, row) => this.#promptPart(computed, row, length));
  }

  seat(row: number, prompt: PromptCache): void {
    this.#cache.seat(row, prompt as KvArrays);
  }

  /** A row has a copy of its prompt, and the prompt's own arrays go with it. */
  forget(): void {}

  release(row: number): void {
    this.#cache.release(row);
  }

  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    const count = rows.length;
    const stopWidth = Math.max(1, ...rows.map((row) => row.stopTokens.length));
    const stopTokens = new BigInt64Array(count * stopWidth).fill(-1n);
    for (const [at, row] of rows.entries()) stopTokens.set(row.stopTokens.map(BigInt), at * stopWidth);
    const feeds: Feeds = {
      steps: int64([BigInt(options.steps)], []),
      tokens: int64(
        rows.map((row) => BigInt(row.nextToken)),
        [count, 1],
      ),
      positions: int64(
        rows.map((row) => BigInt(row.position)),
        [count, 1],
      ),
      uniform: new Tensor('float32', options.uniform, [options.steps, count]),
      candidates: int64([BigInt(options.candidates)], [1]),
      min_active: int64([BigInt(options.minActive)], []),
      stop_tokens: int64(stopTokens, [count, stopWidth]),
      remaining: int64(
        rows.map((row) => BigInt(row.remaining)),
        [count],
      ),
      ...samplingFeeds(rows),
      ...this.#cacheFeeds(this.#cache, count),
    };
    const logitsOutput = this.#session.outputNames.includes('logits') ? ['logits'] : [];
    const results = await this.#run(feeds, [
      'drawn',
      'logprobs',
      'cut',
      ...logitsOutput,
      ...this.#cacheOutputs,
    ]);
    const cut = (results.cut!.data as Uint8Array).includes(1);
    const done = results.drawn!.dims[0]!;
    const steps = cut ? done - 1 : done;
    const tokens = Int32Array.from((results.drawn!.data as BigInt64Array).subarray(0, steps * count), Number);
    const logprobs = (results.logprobs!.data as Float32Array).subarray(0, steps * count);
    this.#append(results, tokens, done, steps);
    const logits = (results.logits?.data as Float32Array | undefined) ?? null;
    return { steps, tokens, logprobs, cut, logits };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  /** Appends what a chunk computed; of `done` local positions a row keeps one for each token it drew in `steps`. */
  #append(results: Feeds, tokens: Int32Array, done: number, steps: number): void {
    const rows = this.#cache.rows;
    const counts = new Int32Array(rows);
    for (let at = 0; at < steps * rows; at += 1) if (tokens[at]! >= 0) counts[at % rows]! += 1;
    this.#cache.append(this.#localPart(results, done), counts);
  }

  /** What a run has computed, `length` positions a row. */
  #localPart(results: Feeds, length: number): KvArrays {
    const layers = layersOf(this.#options.shape);
    const data = (name: string) => results[name]!.data as Float32Array;
    return {
      keys: layers.map((layer) => data(localKeys(layer))),
      values: layers.map((layer) => data(localValues(layer))),
      length,
    };
  }

  /** The first `length` positions of a row of what a run has computed. */
  #promptPart(from: KvArrays, row: number, length: number): KvArrays {
    const { shape } = this.#options;
    const part = emptyArrays(shape, 1, length);
    copyPositions(
      shape,
      { arrays: from, item: row, position: 0 },
      { arrays: part, item: 0, position: 0 },
      length,
    );
    return part;
  }

  #cacheFeeds(cache: KvCache | null, rows: number): Feeds {
    const { layers, kvHeads, headDim, blockLength } = this.#options.shape;
    const capacity = cache?.capacity ?? 0;
    const blocks = cache?.blocks.count ?? 0;
    const table = cache?.blocks.table(rows) ?? { width: 0, blocks: new BigInt64Array(0) };
    const rest = [rows, kvHeads, 1, capacity, headDim];
    const full = [blocks, kvHeads, 1, blockLength, headDim];
    const empty = new Float32Array(0);
    const feeds: Feeds = {
      frozen_positions: int64(cache?.positions ?? new BigInt64Array(0), [rows, capacity]),
      block_rows: int64(cache?.blocks.rows ?? new BigInt64Array(0), [blocks]),
      block_table: int64(table.blocks, [rows, table.width]),
    };
    for (let layer = 0; layer < layers; layer += 1) {
      feeds[frozenKeys(layer)] = new Tensor('float32', cache?.keys(layer) ?? empty, rest);
      feeds[frozenValues(layer)] = new Tensor('float32', cache?.values(layer) ?? empty, rest);
      feeds[blockKeys(layer)] = new Tensor('float32', cache?.blocks.keys(layer) ?? empty, full);
      feeds[blockValues(layer)] = new Tensor('float32', cache?.blocks.values(layer) ?? empty, full);
    }
    return feeds;
  }

  async #run(feeds: Feeds, outputs: readonly string[]): Promise<Feeds> {
    const start = performance.now();
    const results = await this.#session.run(feeds, [...outputs]);
    this.#runtimeMs += performance.now() - start;
    return results as Feeds;
  }
}

function layersOf(shape: CacheShape): number[] {
  return Array.from({ length: shape.layers }, (_, layer) => layer);
}

/** Full blocks that rows of the longest context have, or that memory has room for. */
function mostBlocks({ shape, limits, maxRows, kvMemoryBytes }: LoopSessionOptions): number {
  const blockBytes = shape.blockLength * positionBytes(shape);
  const wanted = maxRows * Math.floor(limits.maxPositions / shape.blockLength);
  return Math.min(wanted, Math.floor(kvMemoryBytes / blockBytes));
}
