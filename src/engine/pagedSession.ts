/** A decoder session on the paged layout: every step is one run of the graph, keys and values stay on the device. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { Device } from '../export/target.js';
import { maxBlocks } from '../model/paged.js';
import { blockBytes, keyCache, valueCache } from '../model/pagedAttention.js';
import { resizeBlanks } from '../onnx/blanks.js';
import { MODEL_FILE } from '../onnx/writer.js';
import { BlockAllocator, OutOfBlocksError } from './blockAllocator.js';
import { drawCandidate } from './draw.js';
import { type Feeds, int64, type ScalingRow, scalingFeeds } from './feeds.js';
import type { CacheShape } from './kvCache.js';
import { packedFeeds, type Segment } from './packedFeeds.js';
import { LiveRow, Sequence } from './sequence.js';
import type { Chunk, ChunkOptions, DecoderSession, ModelLimits, PromptCache, RowInput } from './types.js';

/** Prompt tokens of one run at most, which bounds the activations: a gigabyte or less at the widths of 32 B models. */
const RUN_TOKENS = 2048;
/**
 * Candidates sorted and copied at first, even where a row limits nothing and could draw any token: beyond these lies so
 * little that sorting the vocabulary again for the few rows that do draw there costs less than sorting it at each step.
 */
const MOST_SORTED = 1024;

export interface PagedSessionOptions {
  /** Folder of the export. */
  readonly folder: string;
  /** Provider of the runtime. */
  readonly device: Device;
  readonly limits: ModelLimits;
  readonly shape: CacheShape;
  /** Positions of a block. */
  readonly blockSize: number;
  readonly maxRows: number;
  /** Device memory for keys and values, at most. */
  readonly kvMemoryBytes: number;
}

/** A prompt's whole blocks; its samples share them, and each computes what is left for itself. */
interface PagedPrompt extends PromptCache {
  readonly blocks: readonly number[];
  /** Tokens after those blocks, but for the last. */
  readonly rest: readonly number[];
}

interface Drawn {
  readonly token: number;
  readonly logprob: number;
  readonly logits: Float32Array | null;
}

/** A row that nothing is drawn for. */
const NO_DRAW: ScalingRow = {
  sampling: { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  history: [],
};

export class PagedSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly #session: InferenceSession;
  readonly #options: PagedSessionOptions;
  readonly #blocks: BlockAllocator;
  /** By row. */
  readonly #sequences: Sequence[] = [];
  #runtimeMs = 0;

  private constructor(session: InferenceSession, options: PagedSessionOptions, blocks: number) {
    this.#session = session;
    this.#options = options;
    this.limits = options.limits;
    this.#blocks = new BlockAllocator(blocks);
  }

  /** @throws OutOfBlocksError when the memory does not hold one block; the runtime's error when it lacks the provider. */
  static async open(options: PagedSessionOptions): Promise<PagedSession> {
    const { folder, device, shape } = options;
    const blocks = countBlocks(options);
    const caches = Array.from({ length: shape.layers }, (_, layer) => [keyCache(layer), valueCache(layer)]);
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
    return new PagedSession(session, options, blocks);
  }

  get runtimeMs(): number {
    return this.#runtimeMs;
  }

  /** Blocks that nobody holds. */
  get freeBlocks(): number {
    return this.#blocks.free;
  }

  async prefill(prompts: readonly (readonly number[])[]): Promise<PromptCache[]> {
    const { blockSize } = this.#options;
    const wholes = prompts.map((prompt) => prompt.length - 1 - ((prompt.length - 1) % blockSize));
    const sequences = wholes.map((whole, at) => new Sequence([], 0, prompts[at]!.slice(0, whole)));
    await this.#fill(sequences);
    return prompts.map((prompt, at): PagedPrompt => {
      const rest = prompt.slice(wholes[at]!, -1);
      return { length: prompt.length - 1, blocks: sequences[at]!.blocks, rest };
    });
  }

  seat(row: number, prompt: PromptCache): void {
    const { blocks, rest } = prompt as PagedPrompt;
    const replaced = this.#sequences[row];
    this.#blocks.share(blocks);
    this.#sequences[row] = new Sequence(blocks, blocks.length * this.#options.blockSize, rest);
    if (replaced !== undefined) this.#blocks.drop(replaced.blocks);
  }

  forget(prompt: PromptCache): void {
    this.#blocks.drop((prompt as PagedPrompt).blocks);
  }

  release(row: number): void {
    const last = this.#sequences.pop()!;
    if (row === this.#sequences.length) {
      this.#blocks.drop(last.blocks);
      return;
    }
    this.#blocks.drop(this.#sequences[row]!.blocks);
    this.#sequences[row] = last;
  }

  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    await this.#fill(this.#sequences);
    const count = rows.length;
    const tokens: number[] = [];
    const logprobs: number[] = [];
    const logits: Float32Array[] = [];
    const chunk = (steps: number, cut: boolean): Chunk => ({
      steps,
      tokens: Int32Array.from(tokens),
      logprobs: Float32Array.from(logprobs),
      cut,
      logits: this.#hasLogits ? joined(logits) : null,
    });
    let live = rows.map((row, at) => new LiveRow(at, row, this.#sequences[at]!));
    for (let step = 0; step < options.steps; step += 1) {
      const drawn = await this.#step(
        live,
        options,
        options.uniform.subarray(step * count, (step + 1) * count),
      );
      if (drawn === null) return chunk(step, true);
      const byRow = new Map(live.map((row, at) => [row.at, drawn[at]!]));
      for (let at = 0; at < count; at += 1) {
        tokens.push(byRow.get(at)?.token ?? -1);
        logprobs.push(byRow.get(at)?.logprob ?? 0);
        if (this.#hasLogits) logits.push(byRow.get(at)?.logits ?? new Float32Array(this.limits.vocabSize));
      }
      for (const [at, row] of live.entries()) row.take(drawn[at]!.token);
      live = live.filter((row) => !row.ended);
      if (live.length < options.minActive) return chunk(step + 1, false);
    }
    return chunk(options.steps, false);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  /** Draws the next token of each row; `null` when some row needs more candidates than the chunk may sort. */
  async #step(
    rows: readonly LiveRow[],
    { candidates }: ChunkOptions,
    uniform: Float32Array,
  ): Promise<Drawn[] | null> {
    for (const { sequence } of rows) this.#reserve(sequence, sequence.length + 1);
    const sorted = Math.min(candidates, MOST_SORTED);
    const drawn = await this.#draw(rows, uniform, sorted);
    const open = [...rows.keys()].filter((at) => drawn[at] === null);
    if (open.length > 0 && sorted < candidates) {
      // Their keys and values are computed again, and written where they already are.
      const again = await this.#draw(
        open.map((at) => rows[at]!),
        uniform,
        candidates,
      );
      for (const [at, place] of open.entries()) drawn[place] = again[at]!;
    }
    return drawn.every((draw) => draw !== null) ? drawn : null;
  }

  /** One run over the next token of each row. */
  async #draw(rows: readonly LiveRow[], uniform: Float32Array, count: number): Promise<(Drawn | null)[]> {
    const segments = rows.map(({ next, sequence }) => ({
      tokens: [next],
      past: sequence.length,
      blocks: sequence.blocks,
    }));
    const outputs = ['candidate_tokens', 'probabilities', 'logprobs', ...(this.#hasLogits ? ['logits'] : [])];
    const results = await this.#run(segments, [...rows.keys()], rows, count, outputs);
    const { vocabSize } = this.limits;
    const tokens = results.candidate_tokens!.data as BigInt64Array;
    const probabilities = results.probabilities!.data as Float32Array;
    const logprobs = results.logprobs!.data as Float32Array;
    const logits = results.logits?.data as Float32Array | undefined;
    return rows.map(({ at, sampling }, place) => {
      const from = place * count;
      const own = probabilities.subarray(from, from + count);
      const index = drawCandidate(own, sampling, uniform[at]!, vocabSize);
      if (index === null) return null;
      return {
        token: Number(tokens[from + index]),
        logprob: logprobs[from + index]!,
        logits: logits?.subarray(place * vocabSize, (place + 1) * vocabSize) ?? null,
      };
    });
  }

  /** Computes the tokens that wait in `sequences`, some thousands a run. */
  async #fill(sequences: readonly Sequence[]): Promise<void> {
    for (;;) {
      const parts: { sequence: Sequence; tokens: number[] }[] = [];
      let room = RUN_TOKENS;
      for (const sequence of sequences) {
        const tokens = sequence.waiting.slice(0, room);
        if (tokens.length === 0) continue;
        this.#reserve(sequence, sequence.length + tokens.length);
        parts.push({ sequence, tokens });
        room -= tokens.length;
      }
      if (parts.length === 0) return;
      const segments = parts.map(({ sequence, tokens }) => ({
        tokens,
        past: sequence.length,
        blocks: sequence.blocks,
      }));
      await this.#run(segments, [0], [NO_DRAW], 1, ['logprobs']);
      for (const { sequence, tokens } of parts) sequence.computed(tokens.length);
    }
  }

  /** Takes the blocks that `length` positions need. */
  #reserve(sequence: Sequence, length: number): void {
    while (sequence.blocks.length * this.#options.blockSize < length) {
      sequence.blocks.push(this.#blocks.take());
    }
  }

  get #hasLogits(): boolean {
    return this.#session.outputNames.includes('logits');
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

/** Blocks that fit the memory, the export and the positions that all rows, and as many prompts, can come to. */
function countBlocks({ kvMemoryBytes, shape, blockSize, limits, maxRows }: PagedSessionOptions): number {
  const bytes = 2 * shape.layers * blockBytes(shape, blockSize);
  const affordable = Math.floor(kvMemoryBytes / bytes);
  if (affordable === 0) {
    throw new OutOfBlocksError(
      `one block of keys and values takes ${bytes} bytes, and there are ${kvMemoryBytes}`,
      'Open the engine with more kvMemoryBytes.',
    );
  }
  const usable = 2 * maxRows * Math.ceil(limits.maxPositions / blockSize);
  return Math.min(affordable, usable, maxBlocks(shape, blockSize));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}
