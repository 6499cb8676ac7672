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
import { drawByRuns } from './chunkRuns.js';
import {
  type Feeds,
  greedyFeeds,
  int64,
  LIKELIEST,
  onceFeeds,
  type ScalingRow,
  samplingFeeds,
} from './feeds.js';
import { FIXED_PIECE_TOKENS, padded, tiledRows, trimmed, WHOLE_CHUNK_STEPS } from './fixedShapes.js';
import { HostPrompt } from './hostPrompt.js';
import { type CacheShape, copyPositions, emptyArrays, type KvArrays } from './kvArrays.js';
import { hostMemory, keptPrefixes, PREFIX_BLOCK } from './kvBudget.js';
import { KvCache, type LoopCacheShape } from './kvCache.js';
import { promptBlocks } from './kvMemory.js';
import type { Drawn } from './liveRow.js';
import { profileInto } from './placement.js';
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
  /** Where the runtime writes a profile; `null` for none. */
  readonly profileFolder: string | null;
  /** Fixes all that the numbers of a row could depend on beside the row. */
  readonly batchInvariant: boolean;
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
  readonly wholeChunk: number | null;
  readonly pieceStep: number;
  readonly #session: InferenceSession;
  readonly #options: LoopSessionOptions;
  readonly #cache: KvCache;
  readonly #cacheOutputs: readonly string[];
  readonly #drawOutputs: readonly string[];
  /** Tokens of a block of a prompt. */
  readonly #prefixBlock: number;
  readonly #prefixes: PrefixCache<KvArrays>;
  #promptBlocks = 0;
  #runtimeMs = 0;

  private constructor(session: InferenceSession, options: LoopSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.limits = options.limits;
    this.memory = hostMemory(options.shape, options.kvMemoryBytes);
    const { shape, maxRows, kvMemoryBytes, batchInvariant } = options;
    this.wholeChunk = batchInvariant ? WHOLE_CHUNK_STEPS : null;
    this.pieceStep = batchInvariant ? FIXED_PIECE_TOKENS : 1;
    const rows = batchInvariant ? tiledRows(maxRows) : maxRows;
    this.#cache = new KvCache(shape, rows, mostBlocks(options, this.memory));
    // A piece that another prompt goes on from must end where its own would.
    this.#prefixBlock = batchInvariant ? FIXED_PIECE_TOKENS : PREFIX_BLOCK;
    const capacity = keptPrefixes(shape, kvMemoryBytes, this.#prefixBlock);
    this.#prefixes = new PrefixCache({ blockSize: this.#prefixBlock, capacity });
    this.#cacheOutputs = layersOf(options.shape).flatMap((layer) => [localKeys(layer), localValues(layer)]);
    const logits = session.outputNames.includes('logits') ? ['logits'] : [];
    this.#drawOutputs = ['drawn', 'logprobs', 'cut', ...logits, ...this.#cacheOutputs];
  }

  static async open(options: LoopSessionOptions): Promise<LoopSession> {
    const session = await InferenceSession.create(options.modelFile, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Caches grow with each step; a memory pattern for each length would never be used twice.
      enableMemPattern: false,
      ...(options.profileFolder !== null && profileInto(options.profileFolder)),
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
    return new HostPrompt(this.#options.shape, this.#prefixBlock, tokens, claim);
  }

  async prefill(pieces: readonly PromptPiece[]): Promise<void> {
    const longest = Math.max(...pieces.map(({ tokens }) => tokens));
    if (!this.#options.batchInvariant) return this.#compute(pieces, longest);
    const width = this.pieceStep;
    for (let from = 0; from < longest; from += width) {
      const open = pieces.filter(({ tokens }) => tokens > from);
      const next = open.map(({ prompt, tokens }) => ({ prompt, tokens: Math.min(width, tokens - from) }));
      await this.#compute(next, width);
    }
  }

  /** One run, in which each prompt has `width` tokens, padding included. */
  async #compute(pieces: readonly PromptPiece[], width: number): Promise<void> {
    const prompts = pieces.map(({ prompt }) => prompt as HostPrompt);
    const rows = prompts.length;
    const tokens = new BigInt64Array(rows * width);
    const positions = new BigInt64Array(rows * width).fill(-1n);
    for (const [row, prompt] of prompts.entries()) {
      for (let at = 0; at < pieces[row]!.tokens; at += 1) {
        tokens[row * width + at] = BigInt(prompt.tokens[prompt.computed + at]!);
        positions[row * width + at] = BigInt(prompt.computed + at);
      }
    }
    const feeds: Feeds = {
      tokens: int64(tokens, [rows, width]),
      positions: int64(positions, [rows, width]),
      // One draw is the least that the graph can make.
      ...onceFeeds([0], new Float32Array(1), 1),
      ...greedyFeeds(1),
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
    if (rows.some(({ lookup }) => lookup)) return this.#drawAhead(rows, options);
    if (!this.#options.batchInvariant) return this.#drawInLoop(rows, options);
    const count = tiledRows(rows.length);
    const batch = padded(rows, options, count);
    return trimmed(await this.#drawInLoop(batch.rows, batch.options), count, rows.length);
  }

  /** All steps in one run. */
  async #drawInLoop(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
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
      draws: int64(
        rows.map((_, at) => BigInt(at)),
        [count],
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
      ...this.#cacheFeeds(count),
    };
    const results = await this.#run(feeds, this.#drawOutputs);
    const cut = (results.cut!.data as Uint8Array).includes(1);
    const done = results.drawn!.dims[0]!;
    const counted = this.wholeChunk === null ? done - 1 : 0;
    const steps = cut ? counted : done;
    const tokens = Int32Array.from((results.drawn!.data as BigInt64Array).subarray(0, steps * count), Number);
    const logprobs = (results.logprobs!.data as Float32Array).subarray(0, steps * count);
    // The graph lets every row draw once; a row that rests forgets it.
    for (const [at, row] of rows.entries()) if (row.remaining === 0) tokens[at] = -1;
    this.#append(results, tokens, done, count);
    const logits = (results.logits?.data as Float32Array | undefined) ?? null;
    return { steps, tokens, logprobs, cut, logits };
  }

  /** Each step in a run of its own, after guesses too. */
  async #drawAhead(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    const { candidates, uniform } = options;
    const count = rows.length;
    return drawByRuns(rows, options, async (ahead) => {
      const width = Math.max(...ahead.map(({ tokens }) => tokens.length));
      const tokens = new BigInt64Array(count * width);
      const positions = new BigInt64Array(count * width).fill(-1n);
      const draws: number[] = [];
      const uniforms: number[] = [];
      for (const { row, tokens: next } of ahead) {
        const held = row.drawn.length;
        for (const [at, token] of next.entries()) {
          const place = row.at * width + at;
          tokens[place] = BigInt(token);
          positions[place] = BigInt(rows[row.at]!.position + held + at);
          draws.push(place);
          uniforms.push(uniform[(held + at) * count + row.at]!);
        }
      }
      const results = await this.#run(
        {
          tokens: int64(tokens, [count, width]),
          positions: int64(positions, [count, width]),
          ...onceFeeds(draws, Float32Array.from(uniforms), candidates),
          ...samplingFeeds(ahead.flatMap(({ row, tokens: next }) => row.draws(next))),
          ...this.#cacheFeeds(count),
        },
        this.#drawOutputs,
      );
      const drawn = drawnOf(results);
      const computed = this.#localPart(results, width);
      return {
        drawn: ahead.map(({ tokens: next }) => drawn.splice(0, next.length)),
        keep: (counts) => {
          const kept = new Int32Array(count);
          for (const [at, { row }] of ahead.entries()) kept[row.at] = counts[at]!;
          this.#cache.append(computed, kept);
        },
      };
    });
  }

  async close(): Promise<void> {
    if (this.#options.profileFolder !== null) this.#session.endProfiling();
    await this.#session.release();
  }

  /** Appends what a chunk computed; of `done` local positions each of `rows` keeps one for each of its `tokens`. */
  #append(results: Feeds, tokens: Int32Array, done: number, rows: number): void {
    const counts = new Int32Array(rows);
    for (const [at, token] of tokens.entries()) if (token >= 0) counts[at % rows]! += 1;
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

  /** What the first `rows` hold. */
  #cacheFeeds(rows: number): Feeds {
    const { capacity, blocks } = this.#cache;
    const layers = layersOf(this.#options.shape);
    const { width, blocks: table } = blocks.table(rows);
    const rest = {
      keys: layers.map((layer) => this.#cache.keys(layer, rows)),
      values: layers.map((layer) => this.#cache.values(layer, rows)),
      length: capacity,
    };
    const full = {
      keys: layers.map((layer) => blocks.keys(layer)),
      values: layers.map((layer) => blocks.values(layer)),
      length: this.#options.shape.blockLength,
    };
    return this.#partFeeds(rows, this.#cache.positions(rows), rest, {
      rows: blocks.rows,
      width,
      table,
      arrays: full,
    });
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

/** What a single step has drawn; `null` where it needs more candidates. */
function drawnOf({ drawn, logprobs, cut, logits }: Feeds): (Drawn | null)[] {
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
