/** A decoder session on the loop layout: prompts and chunks become runs of one ONNX graph, caches stay on the host. */
import { type Ahead, drawByRuns, type Run } from './chunkRuns.js';
import { FIXED_PIECE_TOKENS, padded, tiledRows, trimmed, WHOLE_CHUNK_STEPS } from './fixedShapes.js';
import { HostPrompt } from './hostPrompt.js';
import type { KvArrays, LoopCacheShape } from './kvArrays.js';
import { hostMemory, keptPrefixes, PREFIX_BLOCK } from './kvBudget.js';
import { KvCache } from './kvCache.js';
import { promptBlocks } from './kvMemory.js';
import { cacheFeeds, computedPart, pastFeeds } from './loopFeeds.js';
import { type Draw, drawnOf, LoopGraph, type LoopGraphOptions } from './loopGraph.js';
import { PrefixCache } from './prefixCache.js';
import { LEAST_SAVED } from './sharedPrompts.js';
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

export interface LoopSessionOptions extends LoopGraphOptions {
  readonly limits: ModelLimits;
  readonly shape: LoopCacheShape;
  readonly maxRows: number;
  /** Memory for keys and values, at most; none of it is taken before it is needed. */
  readonly kvMemoryBytes: number;
  /** Fixes all that the numbers of a row could depend on beside the row. */
  readonly batchInvariant: boolean;
}

export class LoopSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly memory: KvMemory;
  readonly wholeChunk: number | null;
  readonly pieceStep: number;
  readonly #graph: LoopGraph;
  readonly #options: LoopSessionOptions;
  readonly #cache: KvCache;
  /** Tokens of a block of a prompt. */
  readonly #prefixBlock: number;
  readonly #prefixes: PrefixCache<KvArrays>;
  #promptBlocks = 0;
  /** Prompts that no more samples will be seated with, and that rows still share. */
  readonly #lingering = new Set<HostPrompt>();

  private constructor(graph: LoopGraph, options: LoopSessionOptions) {
    this.#graph = graph;
    this.#options = options;
    this.limits = options.limits;
    this.memory = hostMemory(options.shape, options.kvMemoryBytes);
    const { shape, maxRows, kvMemoryBytes, batchInvariant } = options;
    this.wholeChunk = batchInvariant ? WHOLE_CHUNK_STEPS : null;
    this.pieceStep = batchInvariant ? FIXED_PIECE_TOKENS : 1;
    const rows = batchInvariant ? tiledRows(maxRows) : maxRows;
    // Whom a row shares its prompt with would change its numbers.
    const leastSaved = batchInvariant ? Number.POSITIVE_INFINITY : LEAST_SAVED;
    this.#cache = new KvCache(shape, rows, mostBlocks(options, this.memory), leastSaved);
    // A piece that another prompt goes on from must end where its own would.
    this.#prefixBlock = batchInvariant ? FIXED_PIECE_TOKENS : PREFIX_BLOCK;
    const capacity = keptPrefixes(shape, kvMemoryBytes, this.#prefixBlock);
    this.#prefixes = new PrefixCache({ blockSize: this.#prefixBlock, capacity });
  }

  static async open(options: LoopSessionOptions): Promise<LoopSession> {
    return new LoopSession(await LoopGraph.open(options), options);
  }

  get runtimeMs(): number {
    return this.#graph.runtimeMs;
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
    const { shape } = this.#options;
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
    const batch = { tokens, positions, dims: [rows, width] } as const;
    const computed = computedPart(shape, await this.#graph.compute(batch, pastFeeds(shape, prompts)), width);
    for (const [row, prompt] of prompts.entries()) prompt.append(computed, row, pieces[row]!.tokens);
  }

  seat(row: number, prompt: PromptCache): void {
    this.#cache.seat(row, prompt as HostPrompt);
  }

  /** The prompt's arrays go with it, unless rows share them: then with the last of these. */
  forget(prompt: PromptCache): void {
    const forgotten = prompt as HostPrompt;
    forgotten.claim.drop();
    this.#lingering.add(forgotten);
    this.#sweep();
  }

  release(row: number): void {
    this.#cache.release(row);
    this.#sweep();
  }

  #sweep(): void {
    for (const prompt of this.#lingering) {
      if (this.#cache.uses(prompt)) continue;
      this.#lingering.delete(prompt);
      this.#promptBlocks -= this.blocksToBegin(prompt.tokens);
    }
  }

  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    this.#cache.settle();
    this.#sweep();
    if (rows.some(({ lookup }) => lookup))
      return drawByRuns(rows, options, (ahead) => this.#drawAhead(rows, options, ahead));
    if (!this.#options.batchInvariant) return this.#drawInLoop(rows, options);
    const count = tiledRows(rows.length);
    const batch = padded(rows, options, count);
    return trimmed(await this.#drawInLoop(batch.rows, batch.options), count, rows.length);
  }

  /** All steps in one run. */
  async #drawInLoop(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    const { shape } = this.#options;
    const count = rows.length;
    const results = await this.#graph.drawInLoop(rows, options, cacheFeeds(shape, this.#cache, count));
    const cut = (results.cut!.data as Uint8Array).includes(1);
    const done = results.drawn!.dims[0]!;
    const counted = this.wholeChunk === null ? done - 1 : 0;
    const steps = cut ? counted : done;
    const tokens = Int32Array.from((results.drawn!.data as BigInt64Array).subarray(0, steps * count), Number);
    const logprobs = (results.logprobs!.data as Float32Array).subarray(0, steps * count);
    // The graph lets every row draw once; a row that rests forgets it.
    for (const [at, row] of rows.entries()) if (row.remaining === 0) tokens[at] = -1;
    // Of the positions computed a row keeps one for each token it drew.
    const kept = new Int32Array(count);
    for (const [at, token] of tokens.entries()) if (token >= 0) kept[at % count]! += 1;
    this.#cache.append(computedPart(shape, results, done), kept);
    const logits = (results.logits?.data as Float32Array | undefined) ?? null;
    return { steps, tokens, logprobs, cut, logits };
  }

  /** One step in a run of its own, after guesses too. */
  async #drawAhead(
    rows: readonly RowInput[],
    { candidates, uniform }: ChunkOptions,
    ahead: readonly Ahead[],
  ): Promise<Run> {
    const { shape } = this.#options;
    const count = rows.length;
    const width = Math.max(...ahead.map(({ tokens }) => tokens.length));
    const tokens = new BigInt64Array(count * width);
    const positions = new BigInt64Array(count * width).fill(-1n);
    const draws: Draw[] = [];
    for (const { row, tokens: next } of ahead) {
      const held = row.drawn.length;
      for (const [at, scaling] of row.draws(next).entries()) {
        const place = row.at * width + at;
        tokens[place] = BigInt(next[at]!);
        positions[place] = BigInt(rows[row.at]!.position + held + at);
        draws.push({ place, uniform: uniform[(held + at) * count + row.at]!, row: scaling });
      }
    }
    const batch = { tokens, positions, dims: [count, width] } as const;
    const caches = cacheFeeds(shape, this.#cache, count);
    const results = await this.#graph.drawOnce(batch, draws, candidates, caches);
    const drawn = drawnOf(results);
    return {
      drawn: ahead.map(({ tokens: next }) => drawn.splice(0, next.length)),
      keep: (counts) => {
        const kept = new Int32Array(count);
        for (const [at, { row }] of ahead.entries()) kept[row.at] = counts[at]!;
        this.#cache.append(computedPart(shape, results, width), kept);
      },
    };
  }

  async close(): Promise<void> {
    await this.#graph.close();
  }
}

/** Full blocks that rows of the longest context have, or that memory has room for. */
function mostBlocks({ shape, limits, maxRows }: LoopSessionOptions, memory: KvMemory): number {
  const affordable = Math.floor(memory.blocks / memory.rowStep);
  return Math.min(maxRows * Math.floor(limits.maxPositions / shape.blockLength), affordable);
}
