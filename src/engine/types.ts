/** What the engine is asked and what it answers. It knows token ids, a deadline and a seed; nothing of problems. */
import type { Finish, Sampling } from '../core.js';
import type { StopText } from './stops/textStop.js';

/** `samples` continuations of one prompt. */
export interface GenerateRequest {
  /** Names the request in results, in `cancel`, and in the random numbers of its samples. */
  readonly id: string;
  readonly promptTokens: readonly number[];
  /** Indices of the samples to draw; a number n stands for 0 to n-1. A resumed run asks for those that are missing. */
  readonly samples: number | readonly number[];
  readonly sampling: Sampling;
  /** Drawing one of these ends a sample with `stop`; it is the sample's last token. */
  readonly stopTokens: readonly number[];
  /** Texts that end a sample with `stop`; the engine must have been opened with `readsText`. Default: none. */
  readonly stopText?: StopText;
  /** Ends a sample that repeats itself with `loop`; see `isLooping`. Default: false. */
  readonly stopLoops?: boolean;
  readonly maxTokens: number;
  readonly seed: number;
  /**
   * Samples that may begin between two chunks, so that a request which comes a moment before others does not take all the
   * rows from them. Default: as many as there are rows.
   */
  readonly startsPerTurn?: number;
}

/** One finished sample. */
export interface Completion {
  readonly id: string;
  readonly index: number;
  readonly tokens: Int32Array;
  /** Natural logarithm of each token's probability, at temperature 1 over the whole vocabulary. */
  readonly logprobs: Float32Array;
  readonly finish: Finish;
  /** Milliseconds since the Unix epoch; when the sample entered the batch. */
  readonly startedAt: number;
  readonly seconds: number;
}

/** Totals since the engine was opened. */
export interface EngineStats {
  readonly promptTokens: number;
  /** Part of `promptTokens` that other prompts had in common with them, and that was therefore not computed again. */
  readonly sharedPromptTokens: number;
  readonly drawnTokens: number;
  readonly chunks: number;
  /** Chunks cut short because the sorted candidates did not hold all that the settings keep; their last step was redone. */
  readonly widenedChunks: number;
  /** Rows that drew together, at most. */
  readonly mostRows: number;
  /** Times that a row sat out a chunk, since the memory for its keys and values was lent to others. */
  readonly restedRows: number;
  /** With `draftTokens`: tokens guessed for samples that have ended, and those of them that were drawn. */
  readonly guessedTokens: number;
  readonly rightGuesses: number;
  /** Wall time with at least one request open. */
  readonly busyMs: number;
  /** Part of `busyMs` in which prompts were computed. */
  readonly prefillMs: number;
  /** Part of `busyMs` in which tokens were drawn and taken in, without the admission of new rows. */
  readonly decodeMs: number;
  /** Part of `busyMs` spent inside the runtime. */
  readonly runtimeMs: number;
}

/** What an opened model tells about itself. */
export interface ModelLimits {
  readonly vocabSize: number;
  /** Prompt and continuation together. */
  readonly maxPositions: number;
}

/** How much the caches of keys and values hold. */
export interface KvMemory {
  /** Positions of a block. What a row or a prompt holds is counted in whole ones. */
  readonly blockSize: number;
  /** Blocks that a row takes at a time. */
  readonly rowStep: number;
  /** Blocks for all rows and prompts. */
  readonly blocks: number;
  /** Bytes of a block, keys and values of all layers. */
  readonly blockBytes: number;
  /** True where rows share the whole blocks of their prompt; else each is counted with a copy beside the prompt's own. */
  readonly sharesPrompts: boolean;
}

/** Keys and values of a prompt, computed piece by piece and kept until they are forgotten. */
export interface PromptCache {
  /** Tokens to compute before the prompt may be seated: of all but the last, those that its rows do not compute themselves. */
  readonly length: number;
  /** Of these, the ones that are computed. */
  readonly computed: number;
}

/** The next tokens of a prompt that has been begun. */
export interface PromptPiece {
  readonly prompt: PromptCache;
  /** How many, at least 1. */
  readonly tokens: number;
}

/** Guesses the tokens of a row; told of each one that was drawn. */
export interface Lookup {
  /** Up to `room` tokens that may come next. */
  guess(room: number): readonly number[];
  push(token: number): void;
  /** Of `guessed` tokens the first `right` came true. */
  saw(guessed: number, right: number): void;
}

/** The state of one row of the batch as the session needs it for a chunk. */
export interface RowInput {
  /** The token to process next, and its position. */
  readonly nextToken: number;
  readonly position: number;
  /** All tokens of the row, prompt and `nextToken` included. */
  readonly history: readonly number[];
  readonly sampling: Sampling;
  readonly stopTokens: readonly number[];
  /** Tokens the row may draw in this chunk. With 0 it rests: nothing of it is drawn, and nothing is lost. */
  readonly remaining: number;
  /** Guesses what it will draw, so that a run may draw several tokens. Default: one run for each. */
  readonly lookup?: Lookup;
}

/** A chunk: up to `steps` tokens for each row. */
export interface Chunk {
  readonly steps: number;
  /** `[steps, rows]`; -1 once the row had ended. */
  readonly tokens: Int32Array;
  /** `[steps, rows]`. */
  readonly logprobs: Float32Array;
  /** True when the last step of the loop was dropped and must be redone with more candidates; `steps` may then be 0. */
  readonly cut: boolean;
  /** `[steps, rows, vocabSize]` from models exported with logits, else `null`. */
  readonly logits: Float32Array | null;
}

export interface ChunkOptions {
  /** Steps at most. */
  readonly steps: number;
  /** The chunk ends once fewer rows are still drawing. */
  readonly minActive: number;
  /** Candidates to sort. */
  readonly candidates: number;
  /** Uniform random numbers `[steps, rows]` in [0, 1). */
  readonly uniform: Float32Array;
}

/**
 * A model with a batch of rows, each with its own keys and values. Rows are numbered 0 to n-1 without gaps.
 * The scheduler decides who sits in a row; the session computes.
 */
export interface DecoderSession {
  readonly limits: ModelLimits;
  /** Milliseconds spent inside the runtime so far. */
  readonly runtimeMs: number;
  readonly memory: KvMemory;
  /**
   * Steps of a chunk where the numbers of a row depend on which of its tokens its chunks begin at: each runs until no row draws, and
   * one that is cut draws nothing. `null` where chunks may have any length.
   */
  readonly wholeChunk: number | null;
  /** A piece of a prompt ends with the prompt, or at a multiple of so many of its tokens. */
  readonly pieceStep: number;
  /** Blocks that prompts hold, each counted once, and apart from those that rows alone hold. */
  readonly promptBlocks: number;
  /** Blocks by which `begin` would raise `promptBlocks`. */
  blocksToBegin(prompt: readonly number[]): number;
  /**
   * Takes the blocks of a prompt, and what was computed of another one that begins alike. `null` while another prompt is
   * computing tokens that they have in common.
   */
  begin(prompt: readonly number[]): PromptCache | null;
  /** Computes the next tokens of prompts, all in one run. */
  prefill(pieces: readonly PromptPiece[]): Promise<void>;
  /** Puts a computed prompt into `row`: an occupied one is overwritten, the number of rows adds one. */
  seat(row: number, prompt: PromptCache): void;
  /** No more samples of this prompt will be seated. It need not be computed. */
  forget(prompt: PromptCache): void;
  /** Frees `row`; the last row takes its place. */
  release(row: number): void;
  /** Draws tokens for all rows that do not rest, and appends their keys and values. */
  decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk>;
  close(): Promise<void>;
}
