/** A decoder session on the paged layout: every step is one run of the graph, keys and values stay on the device. */
import type { Device } from '../export/target.js';
import { maxBlocks } from '../model/paged.js';
import { blockBytes } from '../model/pagedAttention.js';
import { BlockAllocator, OutOfBlocksError } from './blockAllocator.js';
import { drawCandidate } from './draw.js';
import type { CacheShape } from './kvArrays.js';
import type { Segment } from './packedFeeds.js';
import { PagedGraph } from './pagedGraph.js';
import { LiveRow, Sequence } from './sequence.js';
import type { Chunk, ChunkOptions, DecoderSession, ModelLimits, PromptCache, RowInput } from './types.js';

/** Prompt tokens of one run at most, which bounds the activations: a gigabyte or less at the widths of 32 B models. */
const RUN_TOKENS = 2048;
/**
 * Candidates sorted and copied at first, even where a row limits nothing and could draw any token. Beyond them lies so little
 * that doing the step again for the few rows that draw there costs less than sorting the vocabulary at each step.
 */
const MOST_SORTED = 256;

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

export class PagedSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly #graph: PagedGraph;
  readonly #options: PagedSessionOptions;
  readonly #blocks: BlockAllocator;
  /** By row. */
  readonly #sequences: Sequence[] = [];

  private constructor(graph: PagedGraph, options: PagedSessionOptions, blocks: number) {
    this.#graph = graph;
    this.#options = options;
    this.limits = options.limits;
    this.#blocks = new BlockAllocator(blocks);
  }

  /** @throws OutOfBlocksError when the memory does not hold one block; the runtime's error when it lacks the provider. */
  static async open(options: PagedSessionOptions): Promise<PagedSession> {
    const { folder, device, shape, blockSize } = options;
    const blocks = countBlocks(options);
    const graph = await PagedGraph.open({ folder, device, layers: shape.layers, blockSize, blocks });
    return new PagedSession(graph, options, blocks);
  }

  get runtimeMs(): number {
    return this.#graph.runtimeMs;
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
      logits: this.#graph.hasLogits ? joined(logits) : null,
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
        if (this.#graph.hasLogits)
          logits.push(byRow.get(at)?.logits ?? new Float32Array(this.limits.vocabSize));
      }
      for (const [at, row] of live.entries()) row.take(drawn[at]!.token);
      live = live.filter((row) => !row.ended);
      if (live.length < options.minActive) return chunk(step + 1, false);
    }
    return chunk(options.steps, false);
  }

  async close(): Promise<void> {
    await this.#graph.close();
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
    const segments = rows.map(({ next, sequence }) => segmentOf(sequence, [next]));
    const found = await this.#graph.candidates(segments, rows, count);
    return rows.map(({ at, sampling }, place) => {
      const { tokens, probabilities, logprobs, logits } = found[place]!;
      const index = drawCandidate(probabilities, sampling, uniform[at]!, this.limits.vocabSize);
      return index === null ? null : { token: Number(tokens[index]), logprob: logprobs[index]!, logits };
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
      await this.#graph.compute(parts.map(({ sequence, tokens }) => segmentOf(sequence, tokens)));
      for (const { sequence, tokens } of parts) sequence.computed(tokens.length);
    }
  }

  /** Takes the blocks that `length` positions need. */
  #reserve(sequence: Sequence, length: number): void {
    while (sequence.blocks.length * this.#options.blockSize < length) {
      sequence.blocks.push(this.#blocks.take());
    }
  }
}

function segmentOf({ length, blocks }: Sequence, tokens: readonly number[]): Segment {
  return { tokens, past: length, blocks };
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
