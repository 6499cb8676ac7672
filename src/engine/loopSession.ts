/** A decoder session on the loop layout: prompts and chunks become runs of one ONNX graph, caches stay on the host. */

import {
  blockKeys,
  blockValues,
  frozenKeys,
  frozenValues,
  localKeys,
  localValues,
} from '../model/loopAttention.js';
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import { type Feeds, greedyFeeds, int64, LIKELIEST, type ScalingRow, samplingFeeds } from './feeds.js';
import { HostPrompt } from './hostPrompt.js';
import { type CacheShape, copyPositions, emptyArrays, type KvArrays } from './kvArrays.js';
import { hostMemory, keptPrefixes, PREFIX_BLOCK } from './kvBudget.js';
import { KvCache, type LoopCacheShape } from './kvCache.js';
import { promptBlocks } from './kvMemory.js';
import { PrefixCache } from './prefixCache.js';
import type {
  Chunk,
  ChunkOptions,
  DecoderSession,
  KvMemory,
  ModelLimits,
  PromptCache,
  PromptPiece,
  RowInput,
} from './types.js';

export interface LoopSessionOptions {
  readonly modelFile: string;
  readonly limits: ModelLimits;
  readonly shape: LoopCacheShape;
  readonly maxRows: number;
  /** Threads of the runtime. */
  readonly threads: number;
  /** Memory for keys and values, at most; none of it is taken before it is needed. */
  readonly kvMemoryBytes: number;
}

/** Full blocks of rows. */
interface BlockPart {
  /** The row of each. */
  readonly rows: BigInt64Array;
  /** `[rows of the batch, width]`, see `KvBlocks`. */
  readonly table: BigInt64Array;
  readonly width: number;
  readonly arrays: KvArrays;
}

export class LoopSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly memory: KvMemory;
  readonly #session: InferenceSession;
  readonly #options: LoopSessionOptions;
  readonly #cache: KvCache;
  readonly #cacheOutputs: readonly string[];
  /** Blocks of `PREFIX_BLOCK` tokens of prompts. */
  readonly #prefixes: PrefixCache<KvArrays>;
  #promptBlocks = 0;
  #runtimeMs = 0;

  private constructor(session: InferenceSession, options: LoopSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.limits = options.limits;
    this.memory = hostMemory(options.shape, options.kvMemoryBytes);
    this.#cache = new KvCache(options.shape, options.maxRows, mostBlocks(options, this.memory));
    const capacity = keptPrefixes(options.shape, options.kvMemoryBytes);
    this.#prefixes = new PrefixCache({ blockSize: PREFIX_BLOCK, capacity });
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

  get promptBlocks(): number {
    return this.#promptBlocks;
  }

  blocksToBegin(prompt: readonly number[]): number {
    return promptBlocks(this.memory, prompt.length);
  }

  begin(tokens: readonly number[]): PromptCache | null {
    const claim = this.#prefixes.claim(tokens.slice(0, -1));
    if (claim === null) return null;
    this.#promptBlocks += this.blocksToBegin(tokens);
    return new HostPrompt(this.#options.shape, tokens, claim);
  }

  async prefill(pieces: readonly PromptPiece[]): Promise<void> {
    const prompts = pieces.map(({ prompt }) => prompt as HostPrompt);
    const rows = prompts.length;
    const width = Math.max(...pieces.map((piece) => piece.tokens));
    const tokens = new BigInt64Array(rows * width);
    const positions = new BigInt64Array(rows * width).fill(-1n);
    for (const [row, prompt] of prompts.entries()) {
      for (let at = 0; at < pieces[row]!.tokens; at += 1) {
        tokens[row * width + at] = BigInt(prompt.tokens[prompt.computed + at]!);
        positions[row * width + at] = BigInt(prompt.computed + at);
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
      ...this.#pastFeeds(prompts),
    };
    const results = await this.#run(feeds, this.#cacheOutputs);
    const computed = this.#localPart(results, width);
    for (const [row, prompt] of prompts.entries()) prompt.append(computed, row, pieces[row]!.tokens);
  }

  seat(row: number, prompt: PromptCache): void {
    this.#cache.seat(row, prompt as HostPrompt);
  }

  /** A row has a copy of its prompt, and the prompt's own arrays go with it. */
  forget(prompt: PromptCache): void {
    const { tokens, claim } = prompt as HostPrompt;
    claim.drop();
    this.#promptBlocks -= this.blocksToBegin(tokens);
  }

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
      ...samplingFeeds(rows.map((row) => (row.remaining === 0 ? resting(row) : row))),
      ...this.#cacheFeeds(),
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
    // The graph lets every row draw once; a row that rests forgets it.
    for (const [at, row] of rows.entries()) if (row.remaining === 0) tokens[at] = -1;
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

  /** What prompts have computed before, as the frozen part of a run that goes on with them. */
  #pastFeeds(prompts: readonly HostPrompt[]): Feeds {
    const { shape } = this.#options;
    const rows = prompts.length;
    const past = Math.max(...prompts.map(({ computed }) => computed));
    const positions = new BigInt64Array(rows * past).fill(-1n);
    const rest = emptyArrays(shape, rows, past);
    for (const [row, arrays] of prompts.entries()) {
      const { computed } = arrays;
      for (let at = 0; at < computed; at += 1) positions[row * past + at] = BigInt(at);
      copyPositions(
        shape,
        { arrays, item: 0, position: 0 },
        { arrays: rest, item: row, position: 0 },
        computed,
      );
    }
    const none = { rows: new BigInt64Array(0), width: 0, table: new BigInt64Array(0) };
    return this.#partFeeds(rows, positions, rest, { ...none, arrays: emptyArrays(shape, 0, 0) });
  }

  #cacheFeeds(): Feeds {
    const { rows, capacity, positions, blocks } = this.#cache;
    const layers = layersOf(this.#options.shape);
    const { width, blocks: table } = blocks.table(rows);
    const rest = {
      keys: layers.map((layer) => this.#cache.keys(layer)),
      values: layers.map((layer) => this.#cache.values(layer)),
      length: capacity,
    };
    const full = {
      keys: layers.map((layer) => blocks.keys(layer)),
      values: layers.map((layer) => blocks.values(layer)),
      length: this.#options.shape.blockLength,
    };
    return this.#partFeeds(rows, positions, rest, { rows: blocks.rows, width, table, arrays: full });
  }

  /** `positions` and `rest` of the rows, and their full blocks. */
  #partFeeds(rows: number, positions: BigInt64Array, rest: KvArrays, blocks: BlockPart): Feeds {
    const { kvHeads, headDim, blockLength } = this.#options.shape;
    const restDims = [rows, kvHeads, 1, rest.length, headDim];
    const blockDims = [blocks.rows.length, kvHeads, 1, blockLength, headDim];
    const feeds: Feeds = {
      frozen_positions: int64(positions, [rows, rest.length]),
      block_rows: int64(blocks.rows, [blocks.rows.length]),
      block_table: int64(blocks.table, [rows, blocks.width]),
    };
    for (const layer of layersOf(this.#options.shape)) {
      feeds[frozenKeys(layer)] = new Tensor('float32', rest.keys[layer]!, restDims);
      feeds[frozenValues(layer)] = new Tensor('float32', rest.values[layer]!, restDims);
      feeds[blockKeys(layer)] = new Tensor('float32', blocks.arrays.keys[layer]!, blockDims);
      feeds[blockValues(layer)] = new Tensor('float32', blocks.arrays.values[layer]!, blockDims);
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

/** What the graph is told of a row that rests: nothing that could ask for more candidates. */
function resting({ nextToken }: RowInput): ScalingRow {
  return { sampling: LIKELIEST, history: [nextToken] };
}

/** Full blocks that rows of the longest context have, or that memory has room for. */
function mostBlocks({ shape, limits, maxRows }: LoopSessionOptions, memory: KvMemory): number {
  const affordable = Math.floor(memory.blocks / memory.rowStep);
  return Math.min(maxRows * Math.floor(limits.maxPositions / shape.blockLength), affordable);
}
