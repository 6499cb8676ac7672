/** One simulated run: the policies, stop rules and vote of a real one, on a simulated clock and machine. */
import { type Finish, TAIL_TOKENS } from '../core.js';
import { reserveMs, type Share, TimeBudget } from '../solve/budget.js';
import { DemandGauge, type ProblemDemand } from '../solve/difficulty/gauge.js';
import type { LengthLaw } from '../solve/difficulty/predictor.js';
import { policyOf } from '../solve/policies/named.js';
import { predict, type Voter } from '../solve/prediction.js';
import { hardQuota } from '../solve/stops/arbitration.js';
import { stopRulesOf } from '../solve/stops/named.js';
import type { HardQuota, StopRule } from '../solve/stops/stopRule.js';
import { Trial } from '../solve/trial.js';
import { type Job, Machine, type Outcome } from './machine.js';
import type { DrawnSample, SimulatedProblem } from './problem.js';

/** What is compared. */
export interface Strategy {
  readonly policy: string;
  readonly stop: string;
  readonly samples: number;
  readonly vote: string;
}

export interface ContestOptions extends Strategy {
  readonly problems: readonly SimulatedProblem[];
  /** The samples of each problem, at least as many as the strategy asks for. */
  readonly drawn: readonly (readonly DrawnSample[])[];
  /** The whole command; `null` without a limit. */
  readonly timeBudgetMs: number | null;
  /** Before the first problem is opened. */
  readonly loadMs: number;
  readonly inFlight: number;
  /** See `Machine`. */
  readonly rates: Float64Array;
  /** What is known of lengths beside the forecasts; `null` without forecasts. */
  readonly law: LengthLaw | null;
}

export interface ContestResult {
  readonly right: number;
  readonly problems: number;
  /** Milliseconds that drawing went on past its end. */
  readonly overrunMs: number;
  /** Milliseconds between the last sample and the end; `null` without a limit. */
  readonly unusedMs: number | null;
  readonly usedMs: number;
  /** Samples that ended by themselves. */
  readonly samples: number;
  readonly tokens: number;
}

/** Runs to the end. @throws BudgetTooSmallError, UsageError for unknown names */
export function simulateContest(options: ContestOptions): ContestResult {
  return new Contest(options).run();
}

class Contest {
  readonly #options: ContestOptions;
  readonly #machine: Machine;
  readonly #budget: TimeBudget;
  readonly #rules: readonly StopRule[];
  readonly #quota: HardQuota = hardQuota(0);
  readonly #gauge: DemandGauge | null;
  readonly #deadlineMs: number | null;
  #next = 0;
  #right = 0;
  #samples = 0;

  constructor(options: ContestOptions) {
    const { timeBudgetMs, loadMs, problems, inFlight, policy, stop, rates, law } = options;
    this.#options = options;
    this.#machine = new Machine(rates, loadMs);
    this.#deadlineMs =
      timeBudgetMs === null ? null : timeBudgetMs - reserveMs(timeBudgetMs, problems.length, options);
    this.#budget = new TimeBudget({
      clock: this.#machine,
      deadlineMs: this.#deadlineMs,
      problems: problems.length,
      inFlight,
      policy: policyOf(policy),
    });
    this.#rules = stopRulesOf(stop);
    this.#gauge = law && new DemandGauge(law);
  }

  run(): ContestResult {
    const { inFlight, problems, loadMs } = this.#options;
    for (let open = 0; open < inFlight; open += 1) this.#openNext();
    while (this.#machine.advance()) {
      // Each event calls back into a problem.
    }
    const endMs = this.#machine.now();
    const deadlineMs = this.#deadlineMs;
    return {
      right: this.#right,
      problems: problems.length,
      overrunMs: deadlineMs === null ? 0 : Math.max(0, endMs - deadlineMs),
      unusedMs: deadlineMs === null ? null : Math.max(0, deadlineMs - endMs),
      usedMs: endMs - loadMs,
      samples: this.#samples,
      tokens: this.#machine.drawnTokens,
    };
  }

  #openNext(): void {
    const at = this.#next;
    const problem = this.#options.problems[at];
    if (problem === undefined) return;
    this.#next += 1;
    const samples = this.#options.drawn[at]!.slice(0, this.#options.samples);
    const rows = this.#options.rates.length - 1;
    const concurrent = Math.min(samples.length, Math.ceil(rows / this.#options.inFlight));
    const demand =
      problem.forecastLog === null ? null : (this.#gauge?.open(problem.forecastLog, concurrent) ?? null);
    const share = this.#budget.open(demand?.demand);
    const indices = [...samples.keys()];
    const trial = new Trial({ rules: this.#rules, quota: this.#quota, indices });
    const voters: Voter[] = [];
    const job: Job = {
      lengths: samples.map(({ tokens }) => tokens),
      deadlineMs: share.deadlineMs,
      onEnd: (outcome) => {
        const voter = voterOf(samples[outcome.index]!, outcome);
        voters.push(voter);
        if (outcome.how === 'complete') {
          this.#samples += 1;
          this.#learn(demand, share, job, outcome.tokens);
        }
        trial.saw(voter);
        // Cancelling ends the other samples at once, each with a call of this function; the last one finishes the problem.
        if (outcome.how === 'complete' && trial.decidedBy !== null) this.#machine.cancel(job);
        else if (voters.length === samples.length) this.#finish(problem, voters, share, demand);
      },
    };
    this.#machine.submit(job);
  }

  #learn(demand: ProblemDemand | null, share: Share, job: Job, tokens: number): void {
    if (demand === null) return;
    demand.saw(tokens);
    share.revise(demand.demand);
    job.deadlineMs = share.deadlineMs;
  }

  #finish(
    problem: SimulatedProblem,
    voters: readonly Voter[],
    share: Share,
    demand: ProblemDemand | null,
  ): void {
    share.close();
    if (demand !== null) this.#gauge?.close(demand, problem.forecastLog!);
    const { value, fallback } = predict(problem.id, voters, this.#options.vote);
    if (!fallback && value === problem.right) this.#right += 1;
    this.#openNext();
  }
}

/** The vote of a sample; one that was cut is read as it stands, and was as sure of itself as the whole one. */
function voterOf(sample: DrawnSample, { index, tokens, how }: Outcome): Voter {
  const finish: Finish = how === 'complete' ? sample.finish : how;
  const stands = sample.answerEnd !== null && sample.answerEnd <= tokens;
  const logprob = (sample.logprob * tokens) / sample.tokens;
  const ofTail = Math.min(TAIL_TOKENS, tokens) / Math.min(TAIL_TOKENS, sample.tokens);
  const tailLogprob = sample.tailLogprob * ofTail;
  return { index, finish, value: stands ? sample.value : null, tokens, logprob, tailLogprob, forced: null };
}
