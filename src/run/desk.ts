/** Hands problems to a solver, at most `inFlight` unanswered at a time, and takes nothing that was not asked for. */
import type { Prediction, Sample } from '../core.js';
import { predict, type Voter, voterOf } from '../solve/prediction.js';
import type { Assignment, FromSolver } from '../solve/protocol.js';
import { SolverProtocolError } from './isolation.js';

export interface DeskOptions {
  readonly assignments: readonly Assignment[];
  /** Problems shown and not yet answered, at most. */
  readonly inFlight: number;
  /** Name of the rule by which the samples of a problem vote. */
  readonly vote: string;
  readonly show: (assignment: Assignment) => void;
  readonly onSample: (sample: Sample) => void;
  readonly onPrediction: (prediction: Prediction) => void;
}

const HINT = 'The solver broke the rules of the run; its process was ended and the journal kept.';

/** A problem that is shown and unanswered. */
interface OpenProblem {
  /** Indices of the samples that are still due. */
  readonly due: Set<number>;
  readonly voters: Voter[];
}

/** The border between a run and its solver: every message of the solver passes here. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #open = new Map<string, OpenProblem>();
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
      const { problem, missing, earlier } = assignment;
      this.#open.set(problem.id, { due: new Set(missing), voters: [...earlier] });
      show(assignment);
    }
  }

  /**
   * Takes a sample or prediction in.
   * @throws SolverProtocolError for a problem that is not open, a sample that is not due, an answer before its samples or
   * against their vote.
   */
  receive(message: Extract<FromSolver, { type: 'sample' | 'prediction' }>): void {
    if (message.type === 'sample') this.#takeSample(message.sample);
    else this.#takePrediction(message.prediction);
  }

  #takeSample(sample: Sample): void {
    const { due, voters } = this.#openProblem(sample.problemId);
    if (!due.delete(sample.index)) throw broken(`sample ${sample.index} was not due`, sample.problemId);
    this.#options.onSample(sample);
    voters.push(voterOf(sample));
  }

  #takePrediction(prediction: Prediction): void {
    const { problemId, value } = prediction;
    const { due, voters } = this.#openProblem(problemId);
    if (due.size > 0) throw broken('answered before its samples were handed in', problemId);
    // An answer follows from the journal, or nobody could check it.
    const vote = predict(problemId, voters, this.#options.vote);
    if (value !== vote.value)
      throw broken(`answered ${String(value)} where its samples vote for ${vote.value}`, problemId);
    this.#open.delete(problemId);
    this.#options.onPrediction(vote);
    this.fill();
  }

  #openProblem(problemId: string): OpenProblem {
    const open = this.#open.get(problemId);
    if (open) return open;
    throw broken('this problem is not open', problemId);
  }
}

function broken(what: string, problemId: string): SolverProtocolError {
  return new SolverProtocolError(what, HINT, { field: problemId });
}
