/** Problems as simulations know them. */
import type { AnswerValue, Sample } from '../core.js';
import type { Random } from './random.js';

/** A sample as it would end if nothing stopped it. */
export interface DrawnSample extends Pick<Sample, 'logprob' | 'tailLogprob'> {
  readonly value: AnswerValue | null;
  readonly tokens: number;
  /** Token from which on its answer stands; `null` without one. */
  readonly answerEnd: number | null;
  readonly finish: 'stop' | 'length';
}

export interface SimulatedProblem {
  readonly id: string;
  readonly right: AnswerValue;
  /** Forecast of the mean log tokens of its samples; `null` without a predictor. */
  readonly forecastLog: number | null;
  /** The first `count` samples. More of them begin with the same ones. */
  draw(count: number, random: Random): readonly DrawnSample[];
}

/** Where a simulated run takes its problems from. */
export interface ProblemSource {
  /** `count` problems; the same for the same state of `random`. */
  problems(count: number, random: Random): readonly SimulatedProblem[];
}
