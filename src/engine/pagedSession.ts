/** A decoder session on the paged layout: every step is one run of the graph, keys and values stay on the device. */
import type { Device } from '../export/target.js';
import { maxBlocks } from '../model/paged.js';
import { blockBytes } from '../model/pagedAttention.js';
import { BlockAllocator, OutOfBlocksError } from './blockAllocator.js';
import { type Ahead, drawByRuns } from './chunkRuns.js';
import { drawCandidate } from './draw.js';
import { spareBlocks } from './fixedRuns.js';
import { FIXED_PIECE_TOKENS } from './fixedShapes.js';
import type { CacheShape } from './kvArrays.js';
import { promptBlocks } from './kvMemory.js';
import type { Drawn } from './liveRow.js';
import type { Segment } from './packedFeeds.js';
import { PagedGraph } from './pagedGraph.js';
import { type Claim, PrefixCache } from './prefixCache.js';
import { Sequence } from './sequence.js';
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
  /** Fixes all that the numbers of a row could depend on beside the row. */
  readonly batchInvariant: boolean;
}

/**
 * A prompt's whole blocks. Its samples share them, and each computes what is left with its first token, in the same run: the
 * graph has no operator that copies a block, and a row reads its prompt from the caches anyway.
 */
interface PagedPrompt extends PromptCache {
  readonly sequence: Sequence;
  /** Tokens after those blocks, but for the last. */
  readonly rest: readonly number[];
  readonly claim: Claim<number>;
}

export class PagedSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly memory: KvMemory;
  readonly wholeChunk = null;
  readonly pieceStep: number;
  readonly #graph: PagedGraph;
  readonly #options: PagedSessionOptions;
  readonly #blocks: BlockAllocator;
  /** Blocks by the tokens of the prompts that they hold; those that nobody holds go when there is need of them. */
  readonly #prefixes: PrefixCache<number>;
  /** By row. */
  readonly #sequences: Sequence[] = [];

  private constructor(graph: PagedGraph, options: PagedSessionOptions, blocks: number) {
    this.#graph = graph;
    this.#options = options;
    this.limits = options.limits;
    const { shape, blockSize } = options;
    this.pieceStep = options.batchInvariant ? pieceTokens(blockSize) : 1;
    this.memory = {
      blockSize,
      rowStep: 1,
      blocks,
      blockBytes: bytesOfBlock(shape, blockSize),
      sharesPrompts: true,
    };
    this.#blocks = new BlockAllocator(blocks, () => this.#prefixes.evict());
    this.#prefixes = new PrefixCache({
      blockSize,
      capacity: blocks,
      evictable: (block) => !this.#blocks.isHeld(block),
      onEvict: (block) => this.#blocks.surrender(block),
    });
  }

  /** @throws OutOfBlocksError when the memory does not hold one block; the runtime's error when it lacks the provider. */
  static async open(options: PagedSessionOptions): Promise<PagedSession> {
    const { folder, device, shape, blockSize, batchInvariant } = options;
    const tokens = pieceTokens(blockSize);
    const spare = batchInvariant ? spareBlocks(tokens, blockSize) : 0;
    const blocks = countBlocks(options, spare);
    const fixed = batchInvariant
      ? { pieceTokens: tokens, spare: Array.from({ length: spare }, (_, at) => blocks + at) }
      : null;
    const graph = await PagedGraph.open({
      ...{ folder, device, blockSize, fixed },
      layers: shape.layers,
      blocks: blocks + spare,
    });
    return new PagedSession(graph, options, blocks);
  }

  get runtimeMs(): number {
    return this.#graph.runtimeMs;
  }

  /** Blocks that nobody holds. */
  get freeBlocks(): number {
    return this.#blocks.free;
  }

  get promptBlocks(): number {
    const own = this.#sequences.reduce((sum, { blocks, shared }) => sum + blocks.length - shared, 0);
    return this.#blocks.count - this.#blocks.free - own;
  }

  blocksToBegin(prompt: readonly number[]): number {
    const held = this.#prefixes.find(prompt.slice(0, -1)).filter((block) => this.#blocks.isHeld(block));
    return promptBlocks(this.memory, prompt.length) - held.length;
  }

  begin(tokens: readonly number[]): PromptCache | null {
    const { blockSize } = this.#options;
    const claim = this.#prefixes.claim(tokens.slice(0, -1));
    if (claim === null) return null;
    const count = promptBlocks(this.memory, tokens.length);
    this.#blocks.share(claim.found);
    const fresh = Array.from({ length: count - claim.found.length }, () => this.#blocks.take());
    const [start, length] = [claim.found.length * blockSize, count * blockSize];
    const sequence = new Sequence([...claim.found, ...fresh], start, tokens.slice(start, length));
    const rest = tokens.slice(length, -1);
    const prompt: PagedPrompt = {
      length,
      get computed() {
        return sequence.length;
      },
      sequence,
      rest,
      claim,
    };
    return prompt;
  }

  async prefill(pieces: readonly PromptPiece[]): Promise<void> {
    const { blockSize } = this.#options;
    const parts = pieces.map(({ prompt, tokens }) => ({ prompt: prompt as PagedPrompt, tokens }));
    await this.#graph.compute(
      parts.map(({ prompt: { sequence }, tokens }) => segmentOf(sequence, sequence.waiting.slice(0, tokens))),
    );
    for (const { prompt, tokens } of parts) {
      const { sequence, claim } = prompt;
      const whole = Math.floor(sequence.length / blockSize);
      sequence.computed(tokens);
      const filled = sequence.blocks.slice(whole, Math.floor(sequence.length / blockSize));
      for (const block of filled.slice(0, claim.fill(filled))) this.#blocks.keep(block);
    }
  }

  seat(row: number, prompt: PromptCache): void {
    const { sequence, length, rest } = prompt as PagedPrompt;
    const replaced = this.#sequences[row];
    this.#blocks.share(sequence.blocks);
    this.#sequences[row] = new Sequence(sequence.blocks, length, rest);
    if (replaced !== undefined) this.#blocks.drop(replaced.blocks);
  }

  forget(prompt: PromptCache): void {
    const { sequence, claim } = prompt as PagedPrompt;
    claim.drop();
    this.#blocks.drop(sequence.blocks);
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
    await this.#shorten(this.#sequences.filter((_, at) => rows[at]!.remaining > 0));
    const { candidates, uniform } = options;
    return drawByRuns(rows, options, async (ahead) => {
      const sequences = ahead.map(({ row }) => this.#sequences[row.at]!);
      const uniforms = ahead.map(({ row, tokens }) =>
        tokens.map((_, at) => uniform[(row.drawn.length + at) * rows.length + row.at]!),
      );
      const drawn = await this.#draw(ahead, uniforms, candidates);
      // Only now, so that a prompt's rest is computed once; a token that is drawn for again is computed again, to the same place.
      for (const sequence of sequences) sequence.computed(sequence.waiting.length);
      return {
        drawn,
        keep: (counts) => {
          for (const [at, sequence] of sequences.entries()) sequence.computed(counts[at]!);
        },
      };
    });
  }

  async close(): Promise<void> {
    await this.#graph.close();
  }

  /** Sorts few candidates first, and all that it may for the rows that draw beyond those. */
  async #draw(
    ahead: readonly Ahead[],
    uniforms: readonly (readonly number[])[],
    candidates: number,
  ): Promise<(Drawn | null)[][]> {
    const sorted = Math.min(candidates, MOST_SORTED);
    const drawn = await this.#drawAmong(ahead, uniforms, sorted);
    const open = [...ahead.keys()].filter((at) => drawn[at]!.includes(null));
    if (open.length > 0 && sorted < candidates) {
      const again = await this.#drawAmong(
        open.map((at) => ahead[at]!),
        open.map((at) => uniforms[at]!),
        candidates,
      );
      for (const [at, place] of open.entries()) drawn[place] = again[at]!;
    }
    return drawn;
  }

  /** One run over the next tokens of each row. */
  async #drawAmong(
    ahead: readonly Ahead[],
    uniforms: readonly (readonly number[])[],
    count: number,
  ): Promise<(Drawn | null)[][]> {
    const segments = ahead.map(({ row, tokens }) => {
      const sequence = this.#sequences[row.at]!;
      this.#reserve(sequence, sequence.length + sequence.waiting.length + tokens.length);
      return segmentOf(sequence, [...sequence.waiting, ...tokens]);
    });
    const draws = ahead.map(({ row, tokens }) => row.draws(tokens));
    const found = await this.#graph.candidates(segments, draws, count);
    return draws.map((ofRow, at) =>
      ofRow.map(({ sampling }, place) => {
        const { tokens, probabilities, logprobs, logits } = found[at]![place]!;
        const index = drawCandidate(probabilities, sampling, uniforms[at]![place]!, this.limits.vocabSize);
        return index === null ? null : { token: Number(tokens[index]), logprob: logprobs[index]!, logits };
      }),
    );
  }

  /** Computes what waits in rows until the rest of it fits one run beside their next tokens; all of it where shapes are fixed. */
  async #shorten(sequences: readonly Sequence[]): Promise<void> {
    const { batchInvariant } = this.#options;
    const waiting = () => sequences.reduce((sum, sequence) => sum + sequence.waiting.length, 0);
    while (waiting() > (batchInvariant ? 0 : RUN_TOKENS)) {
      let room = batchInvariant ? Number.POSITIVE_INFINITY : RUN_TOKENS;
      const parts: { sequence: Sequence; tokens: readonly number[] }[] = [];
      for (const sequence of sequences) {
        const tokens = sequence.waiting.slice(0, room);
        if (tokens.length === 0) continue;
        this.#reserve(sequence, sequence.length + tokens.length);
        parts.push({ sequence, tokens });
        room -= tokens.length;
      }
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

/** Bytes of a block in all caches together. */
function bytesOfBlock(shape: CacheShape, blockSize: number): number {
  return 2 * shape.layers * blockBytes(shape, blockSize);
}

/** Tokens of a piece of a prompt where shapes are fixed: such that a block, which another prompt may go on from, ends with one. */
function pieceTokens(blockSize: number): number {
  return Math.min(FIXED_PIECE_TOKENS, blockSize);
}

/** Blocks that fit the memory, the export and the positions that all rows, and as many prompts, can come to, beside `spare` ones. */
function countBlocks(options: PagedSessionOptions, spare: number): number {
  const { kvMemoryBytes, shape, blockSize, limits, maxRows } = options;
  const bytes = bytesOfBlock(shape, blockSize);
  const affordable = Math.floor(kvMemoryBytes / bytes) - spare;
  if (affordable <= 0) {
    throw new OutOfBlocksError(
      `${spare + 1} blocks of keys and values take ${(spare + 1) * bytes} bytes, and there are ${kvMemoryBytes}`,
      'Give more with --kv-memory.',
    );
  }
  const usable = 2 * maxRows * Math.ceil(limits.maxPositions / blockSize);
  return Math.min(affordable, usable, maxBlocks(shape, blockSize) - spare);
}
