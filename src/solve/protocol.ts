/** Messages between a run and its solver process. */
import type { Prediction, Problem, RunSettings, Sample } from '../core.js';
import type { EngineStats } from '../engine/types.js';
import type { Predictor } from './difficulty/predictor.js';
import type { Voter } from './prediction.js';

/** What the solver is told before the first problem. */
export interface SolverSetup {
  /** Folder of the exported model; with the program, all that the solver may read. */
  readonly modelFolder: string;
  readonly prompt: string;
  readonly settings: RunSettings;
  readonly rows: number;
  readonly threads: number | null;
  /** Memory for keys and values; `null`: as the engine takes by itself. */
  readonly kvMemoryBytes: number | null;
  /** See `EngineOptions`. */
  readonly draftTokens: number;
  /** Problems that it will be shown, at most. */
  readonly problems: number;
  /** When drawing must end, as `tellMoment` tells it; `null` without a limit. */
  readonly deadline: number | null;
  /** `null` without one: then every problem is expected to need as much as any other. */
  readonly predictor: Predictor | null;
  /** Problems that an earlier part of the run went on with although their first samples agreed on nothing. */
  readonly hardProblems: number;
}

/** One problem, with what an interrupted run already drew for it. */
export interface Assignment {
  readonly problem: Problem;
  /** Indices of the samples to draw. */
  readonly missing: readonly number[];
  /** Earlier samples, in the order in which they ended. */
  readonly earlier: readonly Voter[];
}

export type ToSolver =
  | { readonly type: 'setup'; readonly setup: SolverSetup }
  | { readonly type: 'problem'; readonly assignment: Assignment }
  | { readonly type: 'end' };

export type FromSolver =
  /** `nowMs`: milliseconds since the Unix epoch by the solver's clock; no sample starts earlier. */
  | { readonly type: 'ready'; readonly nowMs: number }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'prediction'; readonly prediction: Prediction }
  | { readonly type: 'stats'; readonly stats: EngineStats }
  | { readonly type: 'failed'; readonly failure: Failure };

/** An error as it crosses a process border. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly hint: string | null;
}
