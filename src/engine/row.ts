/** A sample in the batch, and the request it belongs to. */
import type { TextStream } from '../checkpoint/textStream.js';
import type { Finish } from '../core.js';
import type { Account } from './ledger.js';
import { SampleNoise } from './noise.js';
import { PromptLookup } from './promptLookup.js';
import { RowStops } from './stops/rowStops.js';
import type { GenerateRequest, PromptCache, RowInput } from './types.js';

/** A request with the samples that still wait for a row. */
export interface Job {
  readonly request: GenerateRequest;
  readonly deadlineMs: number;
  readonly waiting: number[];
  /** `null` until it is begun. */
  prompt: PromptCache | null;
  /** Samples that have been given a row. */
  started: number;
}

/** Whether samples of a job may be given a row. */
export function isReady({ prompt }: Job): boolean {
  return prompt !== null && prompt.computed === prompt.length;
}

/** What rows of an engine have in common. */
export interface RowOptions {
  /** Begins the text of a sample, for requests with `stopText`. Default: there are none. */
  readonly openText?: () => TextStream;
  /** Tokens guessed at most of what a row will draw, and verified in one run. Default: 0. */
  readonly draftTokens?: number;
}

/** A sample in the batch. */
export class Row implements RowInput {
  readonly tokens: number[] = [];
  readonly logprobs: number[] = [];
  readonly noise: SampleNoise;
  readonly stops: RowStops;
  readonly lookup?: PromptLookup;
  finish: Finish | null = null;
  remaining = 0;

  constructor(
    readonly job: Job,
    readonly index: number,
    readonly startedAt: number,
    readonly account: Account,
    { openText, draftTokens = 0 }: RowOptions,
  ) {
    this.noise = new SampleNoise(job.request.seed, job.request.id, index);
    this.stops = new RowStops(job.request, openText);
    if (draftTokens > 0) this.lookup = new PromptLookup(job.request.promptTokens, draftTokens);
  }
  get nextToken(): number {
    return this.tokens.at(-1) ?? this.job.request.promptTokens.at(-1)!;
  }
  get position(): number {
    return this.job.request.promptTokens.length - 1 + this.tokens.length;
  }
  get history(): readonly number[] {
    return [...this.job.request.promptTokens, ...this.tokens];
  }
  get sampling() {
    return this.job.request.sampling;
  }
  get stopTokens() {
    return this.job.request.stopTokens;
  }
  /** Tokens it may still draw in all. */
  get left(): number {
    return this.job.request.maxTokens - this.tokens.length;
  }
}

/** `[steps, rows]` uniform numbers of the positions that the chunk may draw. */
export function uniformNumbers(rows: readonly Row[], steps: number): Float32Array {
  const uniform = new Float32Array(steps * rows.length);
  for (const [at, row] of rows.entries()) {
    const first = row.tokens.length;
    for (let step = 0; step < steps; step += 1) uniform[step * rows.length + at] = row.noise.at(first + step);
  }
  return uniform;
}
