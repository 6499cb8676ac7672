/** One run from start to seal: journal, isolated solver, submission. An interrupted one goes on where it stood. */
import type { Prediction, Run, Sample } from '../core.js';
import type { EngineStats } from '../engine/types.js';
import { makeWritableFolder } from '../files.js';
import type { ProblemSet } from '../problems/problemSet.js';
import { reserveMs } from '../solve/budget.js';
import { systemClock } from '../solve/clock.js';
import { FALLBACK_ANSWER, predict } from '../solve/prediction.js';
import type { Assignment, FromSolver } from '../solve/protocol.js';
import { Desk } from './desk.js';
import {
  IsolatedSolver,
  reportedFailure,
  SOLVER_ENTRY,
  SolverFailedError,
  SolverProtocolError,
} from './isolation.js';
import { Journal } from './journal.js';
import { sealRun } from './seal.js';
import { spentMs } from './spent.js';
import { SubmissionWriter } from './submission.js';

/** Past the deadline by this much, a solver that has not answered is ended. */
const OVERRUN_MS = 5_000;

export interface EvaluateOptions {
  readonly folder: string;
  readonly run: Run;
  readonly problems: ProblemSet;
  readonly modelFolder: string;
  readonly prompt: string;
  readonly rows: number;
  readonly threads: number | null;
  /** When the command began, milliseconds since the Unix epoch: a budget counts from there. */
  readonly startedAt: number;
  readonly onProgress: (progress: Progress) => void;
  /** JavaScript module of the solver process. Default: the program's own. */
  readonly solverEntry?: string;
}

/** What a progress display shows. */
export interface Progress {
  readonly solved: number;
  readonly problems: number;
  readonly samples: number;
  readonly stats: EngineStats | null;
}

export interface EvaluateResult {
  readonly predictions: ReadonlyMap<string, Prediction>;
  /** Samples that an earlier part of this run had left in the journal. */
  readonly resumedSamples: number;
  readonly stats: EngineStats | null;
}

/**
 * Carries a run out, or on.
 * @throws RunMismatchError when the folder holds another run, SolverFailedError when the solver breaks, FileAccessError.
 */
export async function evaluateRun(options: EvaluateOptions): Promise<EvaluateResult> {
  const { folder, run, problems } = options;
  await makeWritableFolder(folder);
  const journal = await Journal.open(folder, run);
  try {
    const ids = problems.problems.map(({ id }) => id);
    const submission = new SubmissionWriter(folder, ids, FALLBACK_ANSWER);
    const predictions = new Map<string, Prediction>();
    const assignments = assign(options, journal.done);
    const resumedSamples = [...journal.done.values()].reduce((sum, samples) => sum + samples.size, 0);
    // A sealed run is complete: its files must not change by a byte.
    const sealed = journal.run.sealed !== null;
    for (const { problem, missing, earlier } of assignments) {
      if (missing.length > 0) continue;
      const prediction = predict(problem.id, new Map(earlier));
      predictions.set(problem.id, prediction);
      if (!sealed) submission.set(problem.id, prediction.value);
    }
    // Known answers first: not even for a moment may a fallback replace one.
    if (!sealed) await submission.start();
    const open = assignments.filter(({ missing }) => missing.length > 0);
    let stats: EngineStats | null = null;
    if (open.length > 0) {
      stats = await solveAll(options, open, journal, (prediction) => {
        predictions.set(prediction.problemId, prediction);
        submission.set(prediction.problemId, prediction.value);
      });
    }
    if (!sealed) {
      await submission.flush();
      await journal.flush();
      await sealRun(folder, journal.run);
    }
    return { predictions, resumedSamples, stats };
  } finally {
    await journal.close();
  }
}

/** Problems in the order of the run, each with the samples that are still missing. */
function assign(
  { run, problems }: EvaluateOptions,
  done: ReadonlyMap<string, ReadonlyMap<number, Sample>>,
): Assignment[] {
  const byId = new Map(problems.problems.map((problem) => [problem.id, problem]));
  const indices = Array.from({ length: run.settings.samples }, (_, index) => index);
  return run.order.map((id) => {
    const samples = done.get(id) ?? new Map<number, Sample>();
    return {
      problem: byId.get(id)!,
      missing: indices.filter((index) => !samples.has(index)),
      earlier: [...samples].map(([index, sample]) => [index, sample.answer.value] as const),
    };
  });
}

async function solveAll(
  options: EvaluateOptions,
  assignments: readonly Assignment[],
  journal: Journal,
  onPrediction: (prediction: Prediction) => void,
): Promise<EngineStats | null> {
  const { run, problems, modelFolder, onProgress } = options;
  const { settings } = run;
  const total = problems.problems.length;
  let stats: EngineStats | null = null;
  let samples = assignments.reduce((sum, { missing }) => sum - missing.length, total * settings.samples);
  let solved = total - assignments.length;
  const progress = () => onProgress({ solved, problems: total, samples, stats });

  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const desk = new Desk({
    assignments,
    inFlight: settings.inFlight,
    show: (assignment) => solver.send({ type: 'problem', assignment }),
    onSample: (sample) => {
      samples += 1;
      journal.append(sample).catch(fail);
      progress();
    },
    onPrediction: (prediction) => {
      solved += 1;
      onPrediction(prediction);
      progress();
    },
  });
  const receive = (message: FromSolver) => {
    switch (message.type) {
      case 'ready':
        desk.fill();
        break;
      case 'sample':
      case 'prediction':
        desk.receive(message);
        if (desk.done) solver.send({ type: 'end' });
        break;
      case 'stats':
        stats = message.stats;
        progress();
        break;
      case 'failed':
        throw reportedFailure(message.failure);
      default:
        message satisfies never;
        throw new SolverProtocolError(
          'it sent a message that no solver sends',
          'The solver broke the rules of the run; its process was ended and the journal kept.',
        );
    }
  };
  const solver = new IsolatedSolver({
    entry: options.solverEntry ?? SOLVER_ENTRY,
    readable: [modelFolder],
    onMessage: (message) => {
      try {
        receive(message);
      } catch (error) {
        fail(error);
      }
    },
  });
  const deadlineMs = deadlineOf(options, journal);
  const watchdog = watch(deadlineMs, fail);
  try {
    solver.send({
      type: 'setup',
      setup: {
        modelFolder,
        prompt: options.prompt,
        settings,
        rows: options.rows,
        threads: options.threads,
        problems: assignments.length,
        deadlineMs,
      },
    });
    progress();
    await Promise.race([solver.ended, failed]);
    if (!desk.done) throw unfinished('ended before every problem was answered');
    return stats;
  } finally {
    clearTimeout(watchdog);
    solver.kill();
  }
}

/** When drawing must end: the budget counts from the command's start and includes what an interrupted part used. */
function deadlineOf({ run, startedAt }: EvaluateOptions, journal: Journal): number | null {
  const budgetMs = run.settings.timeBudgetMs;
  if (budgetMs === null) return null;
  const earlier = [...journal.done.values()].flatMap((samples) => [...samples.values()]);
  return startedAt + budgetMs - reserveMs(budgetMs) - spentMs(earlier);
}

function watch(deadlineMs: number | null, fail: (error: unknown) => void): NodeJS.Timeout | undefined {
  if (deadlineMs === null) return undefined;
  const leftMs = Math.max(0, deadlineMs - systemClock.now()) + OVERRUN_MS;
  // setTimeout holds at most 2^31 - 1 ms; a longer budget needs no watchdog within 24 days.
  if (leftMs >= 2 ** 31) return undefined;
  return setTimeout(() => fail(unfinished('did not answer by its deadline')), leftMs);
}

function unfinished(what: string): SolverFailedError {
  return new SolverFailedError(
    `the solver process ${what}`,
    'What was drawn is in the journal: run the same command again to go on.',
  );
}
