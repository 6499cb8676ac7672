/** Which samples sit in the batch: admit, step, settle, finish. Runs beside the session, in its worker. */
import type { TextStream } from '../checkpoint/textStream.js';
import type { Finish } from '../core.js';
import { CandidateCount } from './candidates.js';
import { type Job, Row, uniformNumbers } from './row.js';
import { StepClock } from './stepClock.js';
import type { Chunk, Completion, DecoderSession, GenerateRequest } from './types.js';

export interface SchedulerOptions {
  readonly maxRows: number;
  /** Milliseconds since the Unix epoch, never running backwards. */
  readonly now: () => number;
  readonly onCompletion: (completion: Completion) => void;
  /** Steps of a chunk at most. Default: `CHUNK_STEPS`. */
  readonly chunkSteps?: number;
  /** Begins the text of a sample, for requests with `stopText`. Default: there are none. */
  readonly openText?: () => TextStream;
}

/** Steps of a chunk while nothing makes it shorter: long enough that work between chunks is small, short enough for `cancel`. */
export const CHUNK_STEPS = 64;
/** Part of the batch that may have ended before a chunk ends so that waiting samples take those rows. */
const REFILL_SHARE = 1 / 8;
/** The same while nothing waits and the rows are only dropped. */
const SHRINK_SHARE = 1 / 4;
/** Prompt tokens, padding included, computed in one run: enough to fill the cores, few enough not to hold up running rows. */
const PREFILL_TOKENS = 1024;

export class Scheduler {
  readonly #session: DecoderSession;
  readonly #options: SchedulerOptions;
  readonly #jobs: Job[] = [];
  /** Row r of the session holds `#rows[r]`; one with a `finish` is vacant until the next `#admit`. */
  readonly #rows: Row[] = [];
  readonly #candidates: CandidateCount;
  readonly #clock = new StepClock();
  promptTokens = 0;
  drawnTokens = 0;
  chunks = 0;
  widenedChunks = 0;

  constructor(session: DecoderSession, options: SchedulerOptions) {
    this.#session = session;
    this.#options = options;
    this.#candidates = new CandidateCount(session.limits.vocabSize);
  }

  /** True when there is nothing to do. */
  get idle(): boolean {
    return this.#jobs.length === 0 && this.#rows.every((row) => row.finish !== null);
  }

  /** Queues a request; of those that wait, the one with the fewest samples begun comes next. `deadlineMs` is in the time of `options.now`. */
  submit(request: GenerateRequest, deadlineMs: number): void {
    const { samples } = request;
    const waiting =
      typeof samples === 'number' ? Array.from({ length: samples }, (_, at) => at) : [...samples];
    if (waiting.length > 0) this.#jobs.push({ request, deadlineMs, waiting, prompt: null, started: 0 });
  }

  /** Ends all samples of a request as `cancelled`. */
  cancel(id: string): void {
    this.#endWaiting((job) => job.request.id === id, 'cancelled');
    for (const row of this.#rows) if (row.job.request.id === id) this.#finish(row, 'cancelled');
  }

  /** One round: fill the batch, draw a chunk, take its tokens in. */
  async turn(): Promise<void> {
    this.#expire();
    await this.#admit();
    if (this.#rows.length > 0) this.#settle(await this.#step());
    this.#expire();
  }

  /** Ends what is past its deadline. */
  #expire(): void {
    const now = this.#options.now();
    this.#endWaiting((job) => now >= job.deadlineMs, 'deadline');
    for (const row of this.#rows) if (now >= row.job.deadlineMs) this.#finish(row, 'deadline');
  }

  /** Fills vacant and free rows with waiting samples; gives back the rows that stay vacant. */
  async #admit(): Promise<void> {
    const vacant = [...this.#rows.keys()].filter((at) => this.#rows[at]!.finish !== null);
    let free = vacant.length + this.#options.maxRows - this.#rows.length;
    const begun = new Map<Job, number>();
    while (free > 0) {
      const job = this.#nextJob(begun);
      if (job === null) break;
      if (job.prompt === null) {
        // Requests may be cancelled meanwhile, this one among them: choose again.
        await this.#prefill();
        continue;
      }
      const at = vacant.shift() ?? this.#rows.length;
      this.#session.seat(at, job.prompt);
      this.#rows[at] = new Row(job, job.waiting.shift()!, this.#options.now(), this.#options.openText);
      job.started += 1;
      begun.set(job, (begun.get(job) ?? 0) + 1);
      if (job.waiting.length === 0) this.#remove(job);
      free -= 1;
    }
    for (const at of vacant.reverse()) {
      this.#session.release(at);
      const last = this.#rows.pop()!;
      if (at < this.#rows.length) this.#rows[at] = last;
    }
  }

  /**
   * The request with the fewest samples begun, of those that one batch can hold: when a deadline cuts requests short, each
   * then has some samples, rather than some all and others none. `null` when none may begin another in this turn.
   */
  #nextJob(begun: ReadonlyMap<Job, number>): Job | null {
    const { maxRows } = this.#options;
    return this.#jobs.slice(0, maxRows).reduce<Job | null>((fewest, job) => {
      if ((begun.get(job) ?? 0) >= (job.request.startsPerTurn ?? maxRows)) return fewest;
      return fewest === null || job.started < fewest.started ? job : fewest;
    }, null);
  }

  /** Computes the prompts of the next jobs together, unless the first one's deadline would pass meanwhile. */
  async #prefill(): Promise<void> {
    const group: Job[] = [];
    let width = 0;
    for (const job of this.#jobs) {
      if (job.prompt !== null) continue;
      width = Math.max(width, job.request.promptTokens.length);
      if (group.length > 0 && width * (group.length + 1) > PREFILL_TOKENS) break;
      group.push(job);
    }
    const first = group[0]!;
    const start = this.#options.now();
    if (start + this.#clock.prefillMs(first.request.promptTokens.length) >= first.deadlineMs) {
      this.#endWaiting((job) => job === first, 'deadline');
      return;
    }
    const prompts = await this.#session.prefill(group.map((job) => job.request.promptTokens));
    for (const [at, job] of group.entries()) {
      if (this.#jobs.includes(job)) job.prompt = prompts[at]!;
      else this.#session.forget(prompts[at]!);
      this.promptTokens += job.request.promptTokens.length;
    }
    this.#clock.sawPrefill(width * group.length, this.#options.now() - start);
  }

  async #step(): Promise<Chunk> {
    const rows = this.#rows;
    const now = this.#options.now();
    const deadlineMs = Math.min(...rows.map((row) => row.job.deadlineMs));
    const longest = Math.max(...rows.map((row) => row.remaining));
    const steps = Math.min(
      this.#options.chunkSteps ?? CHUNK_STEPS,
      longest,
      this.#clock.stepsBefore(deadlineMs - now),
    );
    const share = this.#jobs.length > 0 ? REFILL_SHARE : SHRINK_SHARE;
    const chunk = await this.#session.decode(rows, {
      steps,
      minActive: rows.length + 1 - Math.max(1, Math.floor(rows.length * share)),
      candidates: this.#candidates.forRows(rows),
      uniform: uniformNumbers(rows, steps),
    });
    this.chunks += 1;
    if (chunk.cut) this.widenedChunks += 1;
    this.#candidates.saw(chunk.cut);
    this.#clock.sawSteps(chunk.steps + Number(chunk.cut), this.#options.now() - now);
    return chunk;
  }

  /** Appends a chunk's tokens to its rows and tests what ends them. */
  #settle(chunk: Chunk): void {
    const count = this.#rows.length;
    for (const [at, row] of this.#rows.entries()) {
      for (let from = at; from < chunk.steps * count && row.finish === null; from += count) {
        const token = chunk.tokens[from]!;
        const logprob = chunk.logprobs[from]!;
        if (token < 0) break;
        if (Number.isNaN(logprob)) {
          this.#finish(row, 'error');
          break;
        }
        row.tokens.push(token);
        row.logprobs.push(logprob);
        this.drawnTokens += 1;
        const finish = row.stops.finishOf(row.tokens);
        if (finish !== null) this.#finish(row, finish);
      }
    }
  }

  /** Takes a request whose samples are all begun, or given up, out of those that wait. */
  #remove(job: Job): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    if (job.prompt !== null) this.#session.forget(job.prompt);
  }

  #finish(row: Row, finish: Finish): void {
    if (row.finish !== null) return;
    row.finish = finish;
    this.#complete(row.job, row.index, finish, row.tokens, row.logprobs, row.startedAt);
  }

  /** Ends the waiting samples of jobs that match, without a token. */
  #endWaiting(matches: (job: Job) => boolean, finish: Finish): void {
    for (let at = this.#jobs.length - 1; at >= 0; at -= 1) {
      const job = this.#jobs[at]!;
      if (!matches(job)) continue;
      this.#remove(job);
      for (const index of job.waiting) this.#complete(job, index, finish, [], [], this.#options.now());
    }
  }

  #complete(
    job: Job,
    index: number,
    finish: Finish,
    tokens: readonly number[],
    logprobs: readonly number[],
    startedAt: number,
  ): void {
    this.#options.onCompletion({
      id: job.request.id,
      index,
      tokens: Int32Array.from(tokens),
      logprobs: Float32Array.from(logprobs),
      finish,
      startedAt,
      seconds: (this.#options.now() - startedAt) / 1000,
    });
  }
}
