/** Drives a solver process through the problems of a run: what it hands in is journalled, what it breaks ends it. */
import type { Prediction, Run, Sample } from '../core.js';
import type { EngineStats } from '../engine/types.js';
import { BoxedError } from '../errors.js';
import { reserveMs } from '../solve/budget.js';
import { systemClock, tellMoment } from '../solve/clock.js';
import type { Predictor } from '../solve/difficulty/predictor.js';
import type { Assignment, FromSolver } from '../solve/protocol.js';
import { Desk } from './desk.js';
import {
  IsolatedSolver,
  reportedFailure,
  SOLVER_ENTRY,
  SolverFailedError,
  SolverProtocolError,
} from './isolation.js';
import type { Journal } from './journal.js';
import { lastEndMs, spentMs } from './spent.js';

/** Past the deadline by this much, a solver that has not answered is ended. */
const OVERRUN_MS = 5_000;
/** The longest time that a timer holds; a longer budget needs no watchdog within 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const PROTOCOL_HINT = 'The solver broke the rules of the run; its process was ended and the journal kept.';
const RESUME_HINT = 'What was drawn is in the journal: run the same command again to go on.';

export interface SolvingOptions {
  readonly run: Run;
  readonly modelFolder: string;
  readonly prompt: string;
  readonly rows: number;
  readonly threads: number | null;
  /** Memory for keys and values; `null`: as the engine takes by itself. */
  readonly kvMemoryBytes: number | null;
  /** See `EngineOptions`. */
  readonly draftTokens: number;
  readonly predictor: Predictor | null;
  /** See `SolverSetup`. */
  readonly hardProblems: number;
  /** When the command began, milliseconds since the Unix epoch: a budget counts from there. */
  readonly startedAt: number;
  readonly onProgress: (progress: Progress) => void;
  /** JavaScript module of the solver process. Default: the program's own. */
  readonly solverEntry?: string;
}

/** What a progress display shows. */
export interface Progress {
  readonly solved: number;
  readonly samples: number;
  readonly stats: EngineStats | null;
}

export class Solving {
  readonly #options: SolvingOptions;
  readonly #journal: Journal;
  readonly #assignments: readonly Assignment[];
  readonly #desk: Desk;
  readonly #solver: IsolatedSolver;
  readonly #failed: Promise<never>;
  /** Samples of open problems on their way to the disk. */
  readonly #writing = new Map<string, Promise<void>[]>();
  /** Answers that wait for their samples to be there. */
  readonly #answering: Promise<void>[] = [];
  #fail: (error: unknown) => void = () => undefined;
  /** Added to the solver's time of day: see `#begin`. */
  #offsetMs = 0;
  #solved: number;
  #samples: number;
  #stats: EngineStats | null = null;

  /** `assignments` are the problems with samples to draw; the others of the run are solved already. */
  constructor(
    options: SolvingOptions,
    assignments: readonly Assignment[],
    journal: Journal,
    onPrediction: (prediction: Prediction) => void,
  ) {
    const { run } = options;
    this.#options = options;
    this.#journal = journal;
    this.#assignments = assignments;
    this.#solved = run.order.length - assignments.length;
    const missing = assignments.reduce((sum, assignment) => sum + assignment.missing.length, 0);
    this.#samples = run.order.length * run.settings.samples - missing;
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Whoever waits hears of it; a failure before anybody waits must not end this process.
    this.#failed.catch(() => undefined);
    this.#desk = new Desk({
      assignments,
      inFlight: run.settings.inFlight,
      vote: run.settings.vote,
      show: (assignment) => this.#solver.send({ type: 'problem', assignment }),
      onSample: (sample) => this.#keep(sample),
      onPrediction: (prediction) => this.#answer(prediction, onPrediction),
    });
    this.#solver = new IsolatedSolver({
      entry: options.solverEntry ?? SOLVER_ENTRY,
      readable: [options.modelFolder],
      onMessage: (message) => {
        try {
          this.#receive(message);
        } catch (error) {
          // A message of another shape than the protocol's breaks whoever reads it.
          this.#fail(error instanceof BoxedError ? error : senseless(error));
        }
      },
    });
  }

  /**
   * Solves all assignments; the engine's totals at the end.
   * @throws SolverFailedError, SolverProtocolError, and what the journal throws.
   */
  async finish(): Promise<EngineStats | null> {
    const { run, modelFolder, prompt, predictor, hardProblems } = this.#options;
    const { rows, threads, kvMemoryBytes, draftTokens } = this.#options;
    const deadlineMs = this.#deadlineMs();
    const watchdog = this.#watch(deadlineMs);
    try {
      const problems = this.#assignments.length;
      const deadline = deadlineMs === null ? null : tellMoment(deadlineMs);
      const known = { predictor, hardProblems, problems, deadline };
      const limits = { rows, threads, kvMemoryBytes, draftTokens };
      const setup = { modelFolder, prompt, settings: run.settings, ...limits, ...known };
      this.#solver.send({ type: 'setup', setup });
      this.#report();
      await Promise.race([this.#solver.ended, this.#failed]);
      if (!this.#desk.done) throw new SolverFailedError('the solver process ended too early', RESUME_HINT);
      await Promise.race([Promise.all(this.#answering), this.#failed]);
      return this.#stats;
    } finally {
      clearTimeout(watchdog);
      this.#solver.kill();
    }
  }

  #receive(message: FromSolver): void {
    switch (message.type) {
      case 'ready':
        this.#begin(message.nowMs);
        return;
      case 'sample':
      case 'prediction':
        this.#desk.receive(message);
        if (this.#desk.done) this.#solver.send({ type: 'end' });
        return;
      case 'stats':
        this.#stats = message.stats;
        this.#report();
        return;
      case 'failed':
        throw reportedFailure(message.failure);
      default:
        message satisfies never;
        throw senseless(null);
    }
  }

  /**
   * Shows the first problems. Should the machine's clock have been set back since an earlier part of the run, times of
   * this one are moved behind it: where they overlapped, the time spent would count once.
   */
  #begin(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw senseless(null);
    this.#offsetMs = Math.max(0, lastEndMs(this.#earlier()) - nowMs);
    this.#desk.fill();
  }

  /** A sample counts once it is on the disk. */
  #keep(sample: Sample): void {
    const moved = { ...sample, startedAt: sample.startedAt + this.#offsetMs };
    const written = this.#journal.append(moved).then(() => {
      this.#samples += 1;
      this.#report();
    });
    written.catch(this.#fail);
    const others = this.#writing.get(sample.problemId);
    if (others) others.push(written);
    else this.#writing.set(sample.problemId, [written]);
  }

  /** An answer counts once its samples are on the disk: a resumed run must find what it was made from. */
  #answer(prediction: Prediction, onPrediction: (prediction: Prediction) => void): void {
    const { problemId } = prediction;
    const written = this.#writing.get(problemId) ?? [];
    this.#writing.delete(problemId);
    const answered = Promise.all(written).then(() => {
      this.#solved += 1;
      onPrediction(prediction);
      this.#report();
    });
    answered.catch(this.#fail);
    this.#answering.push(answered);
  }

  /** Samples that were there before this part of the run. */
  #earlier(): Sample[] {
    return [...this.#journal.done.values()].flatMap((samples) => [...samples.values()]);
  }

  #report(): void {
    this.#options.onProgress({ solved: this.#solved, samples: this.#samples, stats: this.#stats });
  }

  /** When drawing must end: the budget counts from the command's start, and includes what an interrupted part used. */
  #deadlineMs(): number | null {
    const { run, startedAt } = this.#options;
    const budgetMs = run.settings.timeBudgetMs;
    if (budgetMs === null) return null;
    const reserved = reserveMs(budgetMs, run.order.length, run.settings);
    return startedAt + budgetMs - reserved - spentMs(this.#earlier());
  }

  #watch(deadlineMs: number | null): NodeJS.Timeout | undefined {
    if (deadlineMs === null) return undefined;
    const leftMs = Math.max(0, deadlineMs - systemClock.now()) + OVERRUN_MS;
    if (leftMs > MAX_TIMER_MS) return undefined;
    const late = new SolverFailedError('the solver process did not answer by its deadline', RESUME_HINT);
    return setTimeout(() => this.#fail(late), leftMs);
  }
}

function senseless(error: unknown): SolverProtocolError {
  const why = error instanceof Error ? ` (${error.message})` : '';
  return new SolverProtocolError(`it sent a message that no solver sends${why}`, PROTOCOL_HINT);
}
