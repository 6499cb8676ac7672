/** One run from start to seal: journal, isolated solver, submission. An interrupted one goes on where it stood. */
import type { Prediction, Sample } from '../core.js';
import type { EngineStats } from '../engine/types.js';
import { makeWritableFolder } from '../files.js';
import { editionOf } from '../problems/editions.js';
import type { ProblemSet } from '../problems/problemSet.js';
import { FALLBACK_ANSWER, predict, voterOf } from '../solve/prediction.js';
import type { Assignment } from '../solve/protocol.js';
import { wentOnDivided } from '../solve/stops/arbitration.js';
import { Journal } from './journal.js';
import { requireOwnFiles } from './modelFolder.js';
import { sealRun } from './seal.js';
import { Solving, type SolvingOptions } from './solving.js';
import { SubmissionWriter } from './submission.js';

export interface EvaluateOptions extends Omit<SolvingOptions, 'hardProblems'> {
  readonly folder: string;
  readonly problems: ProblemSet;
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
  await makeWritableFolder(options.folder);
  const journal = await Journal.open(options.folder, options.run);
  try {
    return await evaluateInto(journal, options);
  } finally {
    await journal.close();
  }
}

async function evaluateInto(journal: Journal, options: EvaluateOptions): Promise<EvaluateResult> {
  const { folder, problems } = options;
  const assignments = assign(options, journal.done);
  const resumedSamples = [...journal.done.values()].reduce((sum, samples) => sum + samples.size, 0);
  const solved = assignments.filter(({ missing }) => missing.length === 0);
  const predictions = new Map(
    solved.map(({ problem, earlier }) => [
      problem.id,
      predict(problem.id, earlier, options.run.settings.vote),
    ]),
  );
  // A sealed run is complete: its files must not change by a byte.
  if (journal.run.sealed !== null) return { predictions, resumedSamples, stats: null };

  const ids = problems.problems.map(({ id }) => id);
  const submission = new SubmissionWriter(
    folder,
    ids,
    FALLBACK_ANSWER,
    editionOf(options.run.settings.edition),
  );
  // Known answers first: not even for a moment may a fallback replace one.
  for (const [id, { value }] of predictions) submission.set(id, value);
  await submission.start();
  const open = assignments.filter(({ missing }) => missing.length > 0);
  let stats: EngineStats | null = null;
  try {
    if (open.length > 0) {
      await requireOwnFiles(options.modelFolder);
      const hardProblems = solved.filter(({ earlier }) => wentOnDivided(earlier)).length;
      const solving = new Solving({ ...options, hardProblems }, open, journal, (prediction) => {
        predictions.set(prediction.problemId, prediction);
        submission.set(prediction.problemId, prediction.value);
      });
      stats = await solving.finish();
    }
  } finally {
    await submission.flush();
  }
  await journal.flush();
  await sealRun(folder, journal.run);
  return { predictions, resumedSamples, stats };
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
      earlier: [...samples.values()].map(voterOf),
    };
  });
}
