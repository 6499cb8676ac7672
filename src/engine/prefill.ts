/** Computes prompts a piece at a time, so that the rows that run are never held up for long. */
import { mostPositions, rowBlocks } from './kvMemory.js';
import type { Ledger } from './ledger.js';
import { isReady, type Job } from './row.js';
import type { StepClock } from './stepClock.js';
import type { DecoderSession } from './types.js';

/** Prompt tokens of a piece, padding included: enough to fill the cores, few enough not to hold up running rows. */
export const PIECE_TOKENS = 1024;

export interface PrefillOptions {
  readonly session: DecoderSession;
  readonly ledger: Ledger;
  readonly clock: StepClock;
  readonly now: () => number;
  /** Called with a job whose prompt cannot be computed before its deadline. */
  readonly onLate: (job: Job) => void;
  /** Whether a job still waits: it may be cancelled while its prompt is computed. */
  readonly isWaiting: (job: Job) => boolean;
}

interface JobPiece {
  readonly job: Job;
  readonly tokens: number;
}

export class Prefill {
  readonly #options: PrefillOptions;
  /** Jobs of the piece in progress. */
  readonly #computing = new Set<Job>();
  #pieces = 0;
  promptTokens = 0;
  sharedPromptTokens = 0;
  /** Time that pieces took. */
  ms = 0;

  constructor(options: PrefillOptions) {
    this.#options = options;
  }

  /** Computes one piece of the prompts of `jobs`, of `limit` tokens at most. Returns the tokens computed, padding included. */
  async piece(jobs: readonly Job[], limit: number): Promise<number> {
    const { session, clock, now, isWaiting } = this.#options;
    const pieces = this.#choose(jobs, Math.min(limit, PIECE_TOKENS));
    const first = pieces[0];
    if (first === undefined) return 0;
    const start = now();
    for (const { job } of pieces) this.#computing.add(job);
    await session.prefill(pieces.map(({ job, tokens }) => ({ prompt: job.prompt!, tokens })));
    this.#computing.clear();
    this.#pieces += 1;
    for (const { job } of pieces) {
      if (!isWaiting(job)) session.forget(job.prompt!);
      else if (isReady(job)) this.promptTokens += job.request.promptTokens.length;
    }
    const elapsedMs = now() - start;
    this.ms += elapsedMs;
    const padded = Math.max(...pieces.map(({ tokens }) => this.#widthOf(tokens))) * pieces.length;
    clock.sawPrefill(padded, elapsedMs);
    return padded;
  }

  /** Lets go of the prompt of a job that waits no longer. */
  forget(job: Job): void {
    // What a run is writing to must not be given away: `piece` does it afterwards.
    if (job.prompt !== null && !this.#computing.has(job)) this.#options.session.forget(job.prompt);
  }

  /** Blocks that the next row of any begun job may need, at most. */
  reserve(jobs: readonly Job[]): number {
    return Math.max(0, ...jobs.filter(({ prompt }) => prompt !== null).map((job) => this.mostBlocks(job)));
  }

  /** Blocks of a row of `job` at its greatest length. */
  mostBlocks({ request }: Job): number {
    const { memory } = this.#options.session;
    return rowBlocks(memory, request.promptTokens.length, mostPositions(request));
  }

  #choose(jobs: readonly Job[], limit: number): JobPiece[] {
    const { now, clock, onLate } = this.#options;
    const pieces: JobPiece[] = [];
    let width = 0;
    let full = false;
    for (const job of this.#inOrder(jobs)) {
      if (now() + clock.prefillMs(missing(job)) >= job.deadlineMs) {
        onLate(job);
        continue;
      }
      if (pieces.length > 0 && Math.max(width, this.#widthOf(missing(job))) * (pieces.length + 1) > limit)
        break;
      // Where one finds no room, those after it may not pass it; what is begun goes on.
      if (job.prompt === null && (full || !this.#hasRoom(job, jobs))) {
        full = true;
        continue;
      }
      if (!this.#begin(job) || isReady(job)) continue;
      const tokens = this.#whole(Math.min(limit, missing(job)), job);
      if (tokens === 0) break;
      width = Math.max(width, this.#widthOf(tokens));
      pieces.push({ job, tokens });
    }
    return pieces;
  }

  /** What `tokens` of a prompt are computed as. */
  #widthOf(tokens: number): number {
    const { pieceStep } = this.#options.session;
    return Math.ceil(tokens / pieceStep) * pieceStep;
  }

  /** As many of `tokens` as make a piece. */
  #whole(tokens: number, job: Job): number {
    return tokens === missing(job) ? tokens : tokens - (tokens % this.#options.session.pieceStep);
  }

  /** Every other piece goes to the shortest prompts: they do not wait for a long one, and it does not wait for ever. */
  #inOrder(jobs: readonly Job[]): Job[] {
    const open = jobs.filter((job) => !isReady(job));
    return this.#pieces % 2 === 0 ? open : open.sort((a, b) => missing(a) - missing(b));
  }

  #hasRoom(job: Job, jobs: readonly Job[]): boolean {
    const { session, ledger } = this.#options;
    const reserve = Math.max(this.reserve(jobs), this.mostBlocks(job));
    return ledger.allowsPrompt(session.blocksToBegin(job.request.promptTokens), reserve);
  }

  /** False while another prompt is about to compute what this one begins with. */
  #begin(job: Job): boolean {
    if (job.prompt !== null) return true;
    const { promptTokens } = job.request;
    job.prompt = this.#options.session.begin(promptTokens);
    if (job.prompt === null) return false;
    this.sharedPromptTokens += job.prompt.computed;
    if (isReady(job)) this.promptTokens += promptTokens.length;
    return true;
  }
}

/** Tokens of a prompt that are still to be computed. */
function missing({ request, prompt }: Job): number {
  return prompt === null ? request.promptTokens.length - 1 : prompt.length - prompt.computed;
}
