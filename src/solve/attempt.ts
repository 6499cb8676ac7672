/** One problem while its samples are drawn: takes each in, stops the rest once they are not worth it, ends in time. */
import type { Finish, Sample } from '../core.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import type { Share } from './budget.js';
import type { Clock } from './clock.js';
import type { ProblemDemand } from './difficulty/gauge.js';
import { FORCED_SAMPLES, forceAnswer, forcingReserveMs, isForcible } from './forcing.js';
import { voterOf } from './prediction.js';
import type { SampleReader, SampleReaderOptions } from './reading.js';
import type { Sampler } from './sampler.js';
import type { Trial } from './trial.js';

/** Ends of samples that had all the time they needed: they say how long samples of this problem are. */
const SPOKEN_OUT: readonly Finish[] = ['stop', 'length', 'loop'];
/** The longest time that a timer holds; for a longer one it is set again. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface AttemptOptions extends SampleReaderOptions {
  readonly sampler: Sampler;
  readonly reader: SampleReader;
  readonly clock: Clock;
  readonly request: GenerateRequest;
  readonly share: Share;
  readonly trial: Trial;
  /** `null` where problems are not told apart by difficulty. */
  readonly demand: ProblemDemand | null;
  readonly forces: boolean;
  /** Called with each sample once it is final. */
  readonly onSample: (sample: Sample) => void;
}

export class Attempt {
  readonly #options: AttemptOptions;
  readonly #forcing: Promise<void>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isExpired = false;
  #hasVote: boolean;

  /** `hasVote`: whether a sample of an earlier part of the run has an answer. */
  constructor(options: AttemptOptions, hasVote: boolean) {
    this.#options = options;
    this.#hasVote = hasVote;
  }

  /** Draws all samples of the request. @throws the errors of `Engine` */
  async draw(): Promise<void> {
    const { sampler, request, share } = this.#options;
    this.#watch();
    try {
      await sampler.generate([request], {
        deadlineMs: this.#drawUntil(share.latestMs),
        onSample: (completion) => this.#take(completion),
      });
    } finally {
      clearTimeout(this.#timer);
      await Promise.all(this.#forcing);
    }
  }

  #take(completion: Completion): void {
    const { reader, request, trial, demand, share, sampler, forces } = this.#options;
    // The engine knows of one deadline, the latest; an earlier one reaches it as a cancellation.
    const isLate = this.#isExpired && completion.finish === 'cancelled' && trial.decidedBy === null;
    const read = reader.read(completion, request.promptTokens.length);
    const sample: Sample = isLate ? { ...read, finish: 'deadline' } : read;
    if (sample.finish !== 'cancelled' && sample.answer.value !== null) this.#hasVote = true;
    const wasDecided = trial.decidedBy !== null;
    trial.saw(voterOf(sample));
    if (trial.decidedBy !== null && !wasDecided) sampler.cancel(request.id);
    if (demand !== null && SPOKEN_OUT.includes(sample.finish)) {
      demand.saw(sample.tokens.length);
      share.revise(demand.demand);
      this.#watch();
    }
    if (forces && !this.#hasVote && isForcible(sample) && this.#forcing.length < FORCED_SAMPLES) {
      const forced = this.#force(sample);
      // Whoever waits for all of them hears of a failure.
      forced.catch(() => undefined);
      this.#forcing.push(forced);
    } else this.#options.onSample(sample);
  }

  async #force(sample: Sample): Promise<void> {
    const { reader, request, share, onSample } = this.#options;
    // Samples that end together are taken in one after another: one of the others may have an answer.
    await null;
    const forced = this.#hasVote
      ? null
      : await forceAnswer(
          this.#options,
          sample,
          request.promptTokens,
          reader.spoken(sample.tokens),
          share.deadlineMs,
        );
    onSample({ ...sample, forced });
  }

  /** Sees to it that the share's deadline is met where it is earlier than the one that the engine knows. */
  #watch(): void {
    const { share, clock, sampler, request } = this.#options;
    clearTimeout(this.#timer);
    if (share.deadlineMs >= share.latestMs) return;
    const waitMs = this.#drawUntil(share.deadlineMs) - clock.now();
    this.#timer = setTimeout(
      () => {
        if (waitMs > MAX_TIMER_MS) return this.#watch();
        this.#isExpired = true;
        sampler.cancel(request.id);
      },
      Math.min(Math.max(0, waitMs), MAX_TIMER_MS),
    );
  }

  #drawUntil(deadlineMs: number): number {
    const { share, forces } = this.#options;
    return forces ? deadlineMs - forcingReserveMs(deadlineMs - share.openedMs) : deadlineMs;
  }
}
