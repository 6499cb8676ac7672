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
  readonly drawnTokens: number;
  readonly chunks: number;
  /** Chunks cut short because the sorted candidates did not hold all that the settings keep; their last step was redone. */
  readonly widenedChunks: number;
  /** Wall time with at least one request open. */
  readonly busyMs: number;
  /** Part of `busyMs` spent inside the runtime. */
  readonly runtimeMs: number;
}

/** What an opened model tells about itself. */
export interface ModelLimits {
  readonly vocabSize: number;
  /** Prompt and continuation together. */
  readonly maxPositions: number;
}

/** Keys and values of a prompt's tokens but the last, kept until they are forgotten. */
export interface PromptCache {
  readonly length: number;
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
  /** Tokens the row may still draw, at least 1. */
  readonly remaining: number;
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
  /** Computes keys and values of each prompt's tokens but the last, all in one batch. */
  prefill(prompts: readonly (readonly number[])[]): Promise<PromptCache[]>;
  /** Puts a prompt into `row`: an occupied one is overwritten, the number of rows adds one. */
  seat(row: number, prompt: PromptCache): void;
  /** No more samples of this prompt will be seated. */
  forget(prompt: PromptCache): void;
  /** Frees `row`; the last row takes its place. */
  release(row: number): void;
  /** Draws tokens for all rows and appends their keys and values. */
  decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk>;
  close(): Promise<void>;
}
