/** From forecasts and the first samples in flight to a problem's demand: its tokens as a multiple of the average. */
import { normalQuantile } from './normal.js';
import type { LengthLaw } from './predictor.js';

export class DemandGauge {
  readonly law: LengthLaw;
  /** Expected tokens of the problems opened so far; the training problems count as one. */
  readonly #expected: number[];
  #shiftSum = 0;
  #shifts = 0;

  constructor(law: LengthLaw) {
    this.law = law;
    this.#expected = [Math.exp(law.typicalLog)];
  }

  /**
   * Begins to follow a problem.
   * @param forecastLog predicted mean of its samples' log tokens
   * @param concurrent samples that are drawn at the same time
   */
  open(forecastLog: number, concurrent: number): ProblemDemand {
    const at = this.#expected.length;
    const opened = new ProblemDemand(this.law, forecastLog + this.#shift, concurrent, (expected) => {
      this.#expected[at] = expected;
      return expected / mean(this.#expected);
    });
    return opened;
  }

  /** Tells how far a problem that is done lay from its forecast: another model writes longer or shorter on the whole. */
  close(problem: ProblemDemand, forecastLog: number): void {
    if (problem.seen === 0) return;
    this.#shiftSum += problem.expectedLog - forecastLog;
    this.#shifts += 1;
  }

  /** Shrunk towards none, as if one problem had shown none. */
  get #shift(): number {
    return this.#shiftSum / (this.#shifts + 1);
  }
}

export class ProblemDemand {
  readonly #law: LengthLaw;
  readonly #forecastLog: number;
  readonly #concurrent: number;
  readonly #relative: (expected: number) => number;
  #levels = 0;
  /** Samples that ended by themselves. */
  seen = 0;

  constructor(
    law: LengthLaw,
    forecastLog: number,
    concurrent: number,
    relative: (expected: number) => number,
  ) {
    this.#law = law;
    this.#forecastLog = forecastLog;
    this.#concurrent = Math.max(1, concurrent);
    this.#relative = relative;
    relative(Math.exp(forecastLog));
  }

  /**
   * Takes in a sample that ended by itself. Of samples drawn side by side the short ones end first: the j-th of n to end
   * stands above or below the mean by the j-th normal order statistic (G. Blom, 1958), which is taken off.
   */
  saw(tokens: number): void {
    this.seen += 1;
    const rank = Math.min(this.seen, this.#concurrent);
    const z = normalQuantile((rank - 0.375) / (this.#concurrent + 0.25));
    this.#levels += Math.log(Math.max(1, tokens)) - this.#law.sampleSd * z;
  }

  /** Mean of the posterior of the problem's level, forecast and samples weighed by their precision. */
  get expectedLog(): number {
    const { forecastSd, sampleSd } = this.#law;
    const trust = 1 / forecastSd ** 2;
    const each = 1 / sampleSd ** 2;
    return (this.#forecastLog * trust + this.#levels * each) / (trust + this.seen * each);
  }

  get demand(): number {
    return this.#relative(Math.exp(this.expectedLog));
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
