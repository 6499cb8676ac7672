/** Solves one problem after another: prompt, samples, answers, vote. Several may be open; they share the engine's batch. */
import type { Prediction, Problem, RunSettings, Sample } from '../core.js';
import type { Edition } from '../problems/editions.js';
import { stopTextOf } from './answerStop.js';
import { Attempt } from './attempt.js';
import type { TimeBudget } from './budget.js';
import type { Clock } from './clock.js';
import { DemandGauge } from './difficulty/gauge.js';
import { forecast, type Predictor } from './difficulty/predictor.js';
import { predict, type Voter, voterOf } from './prediction.js';
import { promptFor } from './prompt.js';
import type { Assignment } from './protocol.js';
import { type PromptCodec, SampleReader, type SampleReaderOptions } from './reading.js';
import type { Sampler } from './sampler.js';
import { hardQuota } from './stops/arbitration.js';
import { stopRulesOf } from './stops/named.js';
import type { HardQuota, StopRule } from './stops/stopRule.js';
import { Trial } from './trial.js';

export interface SolverOptions {
  readonly sampler: Sampler;
  readonly tokenizer: PromptCodec;
  readonly edition: Edition;
  readonly settings: RunSettings;
  readonly prompt: string;
  readonly stopTokens: readonly number[];
  readonly budget: TimeBudget;
  readonly clock: Clock;
  /** Samples that are drawn at the same time. */
  readonly rows: number;
  readonly predictor: Predictor | null;
  /** See `SolverSetup`. */
  readonly hardProblems: number;
  readonly onSample: (sample: Sample) => void;
}

export class Solver {
  readonly #options: SolverOptions;
  readonly #reading: SampleReaderOptions;
  readonly #reader: SampleReader;
  readonly #rules: readonly StopRule[];
  readonly #quota: HardQuota;
  readonly #gauge: DemandGauge | null;

  constructor(options: SolverOptions) {
    const { tokenizer, edition, settings, stopTokens, predictor } = options;
    this.#options = options;
    this.#reading = { tokenizer, edition, stopTokens, seed: settings.seed };
    this.#reader = new SampleReader(this.#reading);
    this.#rules = stopRulesOf(settings.stop);
    this.#quota = hardQuota(options.hardProblems);
    this.#gauge = predictor && new DemandGauge(predictor);
  }

  /**
   * Draws the missing samples of a problem, as long as they are worth it, and votes over all of them.
   * @throws the errors of `TimeBudget` and `Engine`.
   */
  async solve({ problem, missing, earlier }: Assignment): Promise<Prediction> {
    const voters = [...earlier];
    const keep = (sample: Sample) => {
      voters.push(voterOf(sample));
      this.#options.onSample(sample);
    };
    const indices = [...earlier.map(({ index }) => index), ...missing];
    const trial = new Trial({ rules: this.#rules, quota: this.#quota, indices });
    for (const sample of earlier) trial.saw(sample);
    const promptTokens = this.#promptTokens(problem);
    if (trial.decidedBy === null) {
      await this.#draw(problem, promptTokens, missing, trial, hasVote(earlier), keep);
    } else {
      // An interrupted run had come to its decision, and not to writing it down.
      for (const index of missing) keep(this.#undrawn(problem.id, index, promptTokens.length));
    }
    return predict(problem.id, voters, this.#options.settings.vote);
  }

  async #draw(
    problem: Problem,
    promptTokens: readonly number[],
    missing: readonly number[],
    trial: Trial,
    voted: boolean,
    onSample: (sample: Sample) => void,
  ): Promise<void> {
    const { sampler, edition, settings, stopTokens, budget, clock, rows, predictor } = this.#options;
    const forecastLog = predictor ? forecast(predictor, problem.text) : 0;
    const concurrent = Math.min(missing.length, Math.ceil(rows / settings.inFlight));
    const demand = this.#gauge?.open(forecastLog, concurrent) ?? null;
    const share = budget.open(demand?.demand);
    const stopText = stopTextOf(settings, edition);
    const request = {
      id: problem.id,
      promptTokens,
      samples: missing,
      sampling: settings.sampling,
      stopTokens,
      ...(stopText && { stopText }),
      stopLoops: settings.stopLoops,
      maxTokens: settings.maxTokens,
      seed: settings.seed,
      // At a deadline that several problems share, the next ones come one by one: the first must not take all the rows.
      startsPerTurn: Math.ceil(rows / settings.inFlight),
    };
    const attempt = new Attempt(
      {
        ...this.#reading,
        ...{ sampler, reader: this.#reader, clock, request, share, trial, demand, onSample },
        forces: settings.budgetForcing,
      },
      voted,
    );
    try {
      await attempt.draw();
    } finally {
      share.close();
      if (demand) this.#gauge?.close(demand, forecastLog);
    }
  }

  #promptTokens(problem: Problem): readonly number[] {
    const { tokenizer, prompt } = this.#options;
    return tokenizer.encodeChat([{ role: 'user', content: promptFor(problem, prompt) }]);
  }

  #undrawn(id: string, index: number, promptTokens: number): Sample {
    const nothing = { tokens: new Int32Array(), logprobs: new Float32Array(), seconds: 0 };
    const startedAt = this.#options.clock.now();
    return this.#reader.read({ id, index, finish: 'cancelled', startedAt, ...nothing }, promptTokens);
  }
}

function hasVote(voters: readonly Voter[]): boolean {
  return voters.some(({ finish, value }) => finish !== 'cancelled' && value !== null);
}
