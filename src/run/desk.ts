/** Hands problems to a solver, at most `inFlight` unanswered at a time, and takes nothing that was not asked for. */
import type { Prediction, Sample } from '../core.js';
import type { Assignment, FromSolver } from '../solve/protocol.js';
import { SolverProtocolError } from './isolation.js';

export interface DeskOptions {
  readonly assignments: readonly Assignment[];
  /** Problems shown and not yet answered, at most. */
  readonly inFlight: number;
  readonly show: (assignment: Assignment) => void;
  readonly onSample: (sample: Sample) => void;
  readonly onPrediction: (prediction: Prediction) => void;
}

const HINT = 'The solver broke the rules of the run; its process was ended and the journal kept.';

/** The border between a run and its solver: every message of the solver passes here. */
export class Desk {
  readonly #options: DeskOptions;
  /** Problems shown and unanswered, with the indices of the samples that are still due. */
  readonly #open = new Map<string, Set<number>>();
  #next = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** True when every problem is answered. */
  get done(): boolean {
    return this.#next === this.#options.assignments.length && this.#open.size === 0;
  }

  /** Shows as many problems as may be open. */
  fill(): void {
    const { assignments, inFlight, show } = this.#options;
    while (this.#open.size < inFlight && this.#next < assignments.length) {
      const assignment = assignments[this.#next++]!;
      this.#open.set(assignment.problem.id, new Set(assignment.missing));
      show(assignment);
    }
  }

  /**
   * Takes a sample or prediction in.
   * @throws SolverProtocolError for a problem that is not open, a sample that is not due, or an answer before its samples.
   */
  receive(message: Extract<FromSolver, { type: 'sample' | 'prediction' }>): void {
    if (message.type === 'sample') {
      const { sample } = message;
      if (!this.#due(sample.problemId).delete(sample.index)) {
        throw new SolverProtocolError(`sample ${sample.index} was not due`, HINT, {
          field: sample.problemId,
        });
      }
      this.#options.onSample(sample);
      return;
    }
    const { prediction } = message;
    if (this.#due(prediction.problemId).size > 0) {
      throw new SolverProtocolError('answered before its samples were handed in', HINT, {
        field: prediction.problemId,
      });
    }
    this.#open.delete(prediction.problemId);
    this.#options.onPrediction(prediction);
    this.fill();
  }

  #due(problemId: string): Set<number> {
    const due = this.#open.get(problemId);
    if (due) return due;
    throw new SolverProtocolError('this problem is not open', HINT, { field: problemId });
  }
}
