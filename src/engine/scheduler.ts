/** Which samples sit in the batch: admit, step, settle, finish. Runs beside the session, in its worker. */
import type { Finish } from '../core.js';
import { CandidateCount } from './candidates.js';
import { JobQueue } from './jobQueue.js';
import { Ledger } from './ledger.js';
import { PIECE_TOKENS, Prefill } from './prefill.js';
import { isReady, type Job, Row, type RowOptions, uniformNumbers } from './row.js';
import { RowMemory } from './rowMemory.js';
import { StepClock } from './stepClock.js';
import type { Chunk, Completion, DecoderSession, GenerateRequest } from './types.js';

export interface SchedulerOptions extends RowOptions {
  readonly maxRows: number;
  /** Milliseconds since the Unix epoch, never running backwards. */
  readonly now: () => number;
  readonly onCompletion: (completion: Completion) => void;
  /** Steps of a chunk at most, unless the session says how many. Default: `CHUNK_STEPS`. */
  readonly chunkSteps?: number;
  /** Milliseconds that a step is known to take. Default: the first chunks show it. */
  readonly stepMs?: number;
}

/** Steps of a chunk while nothing makes it shorter: long enough that work between chunks is small, short enough for `cancel`. */
export const CHUNK_STEPS = 64;
/** The same while rows stand empty until a prompt is computed: its next piece comes after the chunk. */
const WAITING_CHUNK_STEPS = 16;
/** Part of the batch that may have ended before a chunk ends so that waiting samples take those rows. */
const REFILL_SHARE = 1 / 8;
/** The same while nothing waits and the rows are only dropped. */
const SHRINK_SHARE = 1 / 4;
/** Prompt tokens computed before the first row begins: nobody is held up then, and a batch that begins fuller is drawn faster. */
const HEAD_START_TOKENS = 16 * PIECE_TOKENS;

export class Scheduler {
  readonly #session: DecoderSession;
  readonly #options: SchedulerOptions;
  readonly #jobs = new JobQueue();
  /** Row r of the session holds `#rows[r]`; one with a `finish` is vacant until the next `#admit`. */
  readonly #rows: Row[] = [];
  readonly #prefill: Prefill;
  readonly #memory: RowMemory;
  readonly #candidates: CandidateCount;
  readonly #clock: StepClock;
  /** Prompt tokens computed in this turn, padding included. */
  #computed = 0;
  /** The same since a row last ran. */
  #headStart = 0;
  drawnTokens = 0;
  chunks = 0;
  widenedChunks = 0;
  mostRows = 0;
  restedRows = 0;
  guessedTokens = 0;
  rightGuesses = 0;
  decodeMs = 0;

  constructor(session: DecoderSession, options: SchedulerOptions) {
    this.#session = session;
    this.#options = options;
    this.#clock = new StepClock(options.stepMs);
    this.#candidates = new CandidateCount(session.limits.vocabSize, session.wholeChunk === null);
    const ledger = new Ledger(session.memory.blocks, () => session.promptBlocks);
    this.#prefill = new Prefill({
      session,
      ledger,
      clock: this.#clock,
      now: options.now,
      onLate: (job) => this.#endWaiting([job], 'deadline'),
      isWaiting: (job) => this.#jobs.has(job),
    });
    this.#memory = new RowMemory({ session, ledger, prefill: this.#prefill, upcoming: () => this.#upcoming });
  }

  /** True when there is nothing to do. */
  get idle(): boolean {
    return this.#jobs.size === 0 && this.#running === 0;
  }
  get promptTokens(): number {
    return this.#prefill.promptTokens;
  }
  get sharedPromptTokens(): number {
    return this.#prefill.sharedPromptTokens;
  }
  get prefillMs(): number {
    return this.#prefill.ms;
  }

  /**
   * Queues a request that the session's memory can hold; of those that wait, the one with the fewest samples begun comes
   * next. `deadlineMs` is in the time of `options.now`.
   */
  submit(request: GenerateRequest, deadlineMs: number): void {
    const { samples } = request;
    const waiting =
      typeof samples === 'number' ? Array.from({ length: samples }, (_, at) => at) : [...samples];
    if (waiting.length > 0) this.#jobs.add({ request, deadlineMs, waiting, prompt: null, started: 0 });
  }

  /** Ends all samples of a request as `cancelled`. */
  cancel(id: string): void {
    this.#endWaiting(this.#jobs.withId(id), 'cancelled');
    for (const row of this.#rows) if (row.job.request.id === id) this.#finish(row, 'cancelled');
  }

  /** One round: compute a piece of the prompts, fill the batch, draw a chunk, take its tokens in. */
  async turn(): Promise<void> {
    this.#expire();
    await this.#compute();
    if (this.#running > 0 || !this.#gathers()) {
      this.#admit();
      if (this.#rows.length > 0) await this.#draw();
    }
    this.#expire();
  }

  async #draw(): Promise<void> {
    const start = this.#options.now();
    this.#settle(await this.#step());
    this.decodeMs += this.#options.now() - start;
  }

  /** Rows that have not ended. */
  get #running(): number {
    return this.#rows.filter(isRunning).length;
  }

  /** Jobs that the next samples are chosen from: no more than one batch can hold. */
  get #window(): Job[] {
    return this.#jobs.first(this.#options.maxRows);
  }

  /** Jobs whose prompts may be begun: more than those, so that prompts are computed several at a time. */
  get #upcoming(): Job[] {
    return this.#jobs.first(2 * this.#options.maxRows);
  }

  /** Ends what is past its deadline, or would be before a chunk that must be whole has ended. */
  #expire(): void {
    const now = this.#options.now() + this.#clock.msFor(this.#session.wholeChunk ?? 0);
    this.#endWaiting(this.#jobs.due(now), 'deadline');
    for (const row of this.#rows) if (now >= row.job.deadlineMs) this.#finish(row, 'deadline');
  }

  /** Computes a piece of the prompts that free rows wait for, unless a running row's deadline would pass meanwhile. */
  async #compute(): Promise<void> {
    this.#computed = 0;
    if (!this.#lacksPrompts()) return;
    const deadlineMs = this.#rows.reduce(
      (earliest, { finish, job }) => (finish === null ? Math.min(earliest, job.deadlineMs) : earliest),
      Number.POSITIVE_INFINITY,
    );
    const limit = this.#clock.promptTokensBefore(deadlineMs - this.#options.now());
    this.#computed = await this.#prefill.piece(this.#upcoming, limit);
    this.#headStart += this.#computed;
  }

  /** Whether rows are free that jobs wait for whose prompts are not ready. */
  #lacksPrompts(): boolean {
    const window = this.#window;
    const free = this.#options.maxRows - this.#running;
    const next = window.filter((job) => job.started === 0 && isReady(job)).length;
    return free > next && window.some((job) => !isReady(job));
  }

  /** Whether, while no row runs, more prompts are computed first. */
  #gathers(): boolean {
    if (this.#computed === 0 || !this.#lacksPrompts()) return false;
    return this.#headStart < HEAD_START_TOKENS || !this.#window.some(isReady);
  }

  /** Fills vacant and free rows with waiting samples; gives back the rows that stay vacant. */
  #admit(): void {
    const vacant = [...this.#rows.keys()].filter((at) => this.#rows[at]!.finish !== null);
    for (const at of vacant) this.#memory.close(this.#rows[at]!);
    let free = vacant.length + this.#options.maxRows - this.#rows.length;
    const begun = new Map<Job, number>();
    for (; free > 0; free -= 1) {
      const job = this.#nextJob(begun);
      const account = job && this.#memory.open(job, this.#rows.filter(isRunning));
      // What does not fit waits, and all that come after it: else a long one might wait for ever.
      if (job === null || account === null) break;
      const at = vacant.shift() ?? this.#rows.length;
      this.#session.seat(at, job.prompt!);
      this.#rows[at] = new Row(job, job.waiting.shift()!, this.#options.now(), account, this.#options);
      job.started += 1;
      begun.set(job, (begun.get(job) ?? 0) + 1);
      if (job.waiting.length === 0) this.#remove(job);
    }
    for (const at of vacant.reverse()) {
      this.#session.release(at);
      const last = this.#rows.pop()!;
      if (at < this.#rows.length) this.#rows[at] = last;
    }
    this.mostRows = Math.max(this.mostRows, this.#rows.length);
  }

  /**
   * The ready request with the fewest samples begun: when a deadline cuts requests short, each then has some samples,
   * rather than some all and others none. `null` when none may begin another in this turn.
   */
  #nextJob(begun: ReadonlyMap<Job, number>): Job | null {
    const { maxRows } = this.#options;
    const ready = this.#window.filter(isReady);
    // One from further back may hold the memory that those before it wait for.
    const choice = ready.length > 0 ? ready : this.#upcoming.filter(isReady);
    return choice.reduce<Job | null>((fewest, job) => {
      if ((begun.get(job) ?? 0) >= (job.request.startsPerTurn ?? maxRows)) return fewest;
      return fewest === null || job.started < fewest.started ? job : fewest;
    }, null);
  }

  async #step(): Promise<Chunk> {
    const rows = this.#rows;
    const now = this.#options.now();
    const deadlineMs = Math.min(...rows.map((row) => row.job.deadlineMs));
    const { wholeChunk } = this.#session;
    this.#memory.lend(rows, wholeChunk ?? this.#stepsBefore(deadlineMs - now));
    const steps = Math.max(...rows.map((row) => row.remaining));
    const active = rows.filter((row) => row.remaining > 0).length;
    const share = this.#jobs.size > 0 ? REFILL_SHARE : SHRINK_SHARE;
    const minActive = active + 1 - Math.max(1, Math.floor(active * share));
    const chunk = await this.#session.decode(rows, {
      steps,
      minActive: wholeChunk === null ? minActive : 1,
      candidates: this.#candidates.forRows(rows),
      uniform: uniformNumbers(rows, steps),
    });
    this.#headStart = 0;
    this.chunks += 1;
    this.restedRows += rows.length - active;
    if (chunk.cut) this.widenedChunks += 1;
    this.#candidates.saw(chunk.cut);
    const computed = chunk.steps + Number(chunk.cut);
    // A whole chunk that was cut does not tell how many steps it took.
    if (wholeChunk === null || !chunk.cut) this.#clock.sawSteps(computed, this.#options.now() - now);
    return chunk;
  }

  /** Steps of the next chunk, where it may have any length. */
  #stepsBefore(leftMs: number): number {
    const whole = this.#options.chunkSteps ?? CHUNK_STEPS;
    const most = this.#computed > 0 && this.#lacksPrompts() ? Math.min(whole, WAITING_CHUNK_STEPS) : whole;
    return Math.min(most, this.#clock.stepsBefore(leftMs));
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
    this.#jobs.delete(job);
    this.#prefill.forget(job);
  }

  #finish(row: Row, finish: Finish): void {
    if (row.finish !== null) return;
    row.finish = finish;
    this.#memory.retire(row, finish !== 'deadline' && finish !== 'cancelled');
    this.guessedTokens += row.lookup?.guessed ?? 0;
    this.rightGuesses += row.lookup?.right ?? 0;
    this.#complete(row.job, row.index, finish, row.tokens, row.logprobs, row.startedAt);
  }

  /** Ends the waiting samples of `jobs`, without a token. */
  #endWaiting(jobs: readonly Job[], finish: Finish): void {
    for (const job of jobs) {
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

function isRunning({ finish }: Row): boolean {
  return finish === null;
}
