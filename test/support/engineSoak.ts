/** Random use of one engine, for as long as it is asked for: what comes back is checked, and memory is watched. */
import type { Finish, Sampling } from '../../src/core.js';
import { Engine } from '../../src/engine/engine.js';
import { BadRequestError } from '../../src/engine/request.js';
import type { Completion, GenerateRequest } from '../../src/engine/types.js';
import type { ExportedModel } from '../../src/export/manifest.js';
import { type RandomBits, seededBits, uniformBelow } from '../../src/score/random.js';

export interface SoakOptions {
  readonly durationMs: number;
  readonly seed: number;
  readonly rows: number;
  /** `generate` calls that are open at the same time. */
  readonly callers: number;
  /** Called after each of the intervals that the time is cut into. */
  readonly onInterval?: (report: SoakReport) => void;
}

export interface SoakReport {
  readonly seconds: number;
  readonly calls: number;
  readonly samples: number;
  readonly tokens: number;
  readonly refused: number;
  readonly finishes: Readonly<Partial<Record<Finish, number>>>;
  /** What was wrong; empty if nothing was. */
  readonly faults: readonly string[];
  /** Resident memory of the process in bytes, once an interval, after a collection where that can be asked for. */
  readonly residentBytes: readonly number[];
}

/** Times that memory is looked at. */
const INTERVALS = 60;
/** Faults after which there is no point in going on. */
const ENOUGH_FAULTS = 20;
/** Part of the run that warms up: buffers grow to what the longest rows need. */
const WARM_UP_SHARE = 1 / 3;

/** Uses an engine of `model` at random. */
export async function soakEngine(model: ExportedModel, options: SoakOptions): Promise<SoakReport> {
  // Few enough that the prompts kept for others, which are all different here, come to their limit while it warms up.
  const kvMemoryBytes = 2 ** 27;
  const engine = await Engine.open(model, { rows: options.rows, readsText: true, kvMemoryBytes });
  try {
    return await new Soak(engine, options).run();
  } finally {
    await engine.close();
  }
}

/** Growth of memory after the warm-up: the median of the last quarter against that of the quarter after the warm-up, less 1. */
export function memoryGrowth(residentBytes: readonly number[]): number {
  const settled = residentBytes.slice(Math.ceil(WARM_UP_SHARE * residentBytes.length));
  const part = Math.ceil(settled.length / 4);
  return median(settled.slice(-part)) / median(settled.slice(0, part)) - 1;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

class Soak {
  readonly #engine: Engine;
  readonly #options: SoakOptions;
  readonly #bits: RandomBits;
  readonly #startedAt = performance.now();
  readonly #finishes: Partial<Record<Finish, number>> = {};
  readonly #faults: string[] = [];
  readonly #residentBytes: number[] = [];
  #calls = 0;
  #samples = 0;
  #tokens = 0;
  #refused = 0;

  constructor(engine: Engine, options: SoakOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#bits = seededBits(options.seed);
  }

  async run(): Promise<SoakReport> {
    const watch = setInterval(() => this.#look(), this.#options.durationMs / INTERVALS);
    try {
      await Promise.all(Array.from({ length: this.#options.callers }, () => this.#caller()));
    } finally {
      clearInterval(watch);
    }
    return this.#report();
  }

  get #isOver(): boolean {
    const elapsed = performance.now() - this.#startedAt;
    return elapsed >= this.#options.durationMs || this.#faults.length >= ENOUGH_FAULTS;
  }

  #look(): void {
    globalThis.gc?.();
    this.#residentBytes.push(process.memoryUsage.rss());
    this.#options.onInterval?.(this.#report());
  }

  #report(): SoakReport {
    return {
      seconds: (performance.now() - this.#startedAt) / 1000,
      ...{ calls: this.#calls, samples: this.#samples, tokens: this.#tokens, refused: this.#refused },
      ...{ finishes: this.#finishes, faults: this.#faults, residentBytes: this.#residentBytes },
    };
  }

  async #caller(): Promise<void> {
    while (!this.#isOver) await (this.#oneIn(12) ? this.#wrongCall() : this.#call());
  }

  /** A call with one to three requests; some are cancelled, some have a deadline, some callbacks throw. */
  async #call(): Promise<void> {
    const call = this.#calls;
    this.#calls += 1;
    const requests = Array.from({ length: 1 + this.#below(3) }, (_, at) => this.#request(`${call}/${at}`));
    const missing = new Set(
      requests.flatMap(({ id, samples }) =>
        (typeof samples === 'number' ? [...Array(samples).keys()] : samples).map((index) => `${id} ${index}`),
      ),
    );
    const byId = new Map(requests.map((request) => [request.id, request]));
    const hasDeadline = this.#oneIn(4);
    const mayBeCancelled = this.#oneIn(4);
    const throwsAfter = this.#oneIn(15) ? this.#below(4) : null;
    const timers = mayBeCancelled
      ? requests.map(({ id }) => setTimeout(() => this.#engine.cancel(id), this.#below(800)))
      : [];
    let seen = 0;
    const onSample = (completion: Completion) => {
      const { id, index, finish } = completion;
      this.#check(missing.delete(`${id} ${index}`), `${id} ${index} was not asked for, or came twice`);
      this.#checkSample(completion, byId.get(id)!, hasDeadline, mayBeCancelled || throwsAfter !== null);
      this.#finishes[finish] = (this.#finishes[finish] ?? 0) + 1;
      this.#samples += 1;
      this.#tokens += completion.tokens.length;
      seen += 1;
      if (throwsAfter !== null && seen > throwsAfter) throw new Error('thrown by the caller');
    };
    // Some deadlines are past already.
    const deadlineMs = performance.timeOrigin + performance.now() + this.#below(900) - 50;
    try {
      await this.#engine.generate(requests, { onSample, ...(hasDeadline && { deadlineMs }) });
      this.#check(missing.size === 0, `call ${call} resolved without ${[...missing].join(', ')}`);
    } catch (error) {
      const isOwn = throwsAfter !== null && String(error).includes('thrown by the caller');
      this.#check(isOwn, `call ${call} failed: ${String(error)}`);
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  #checkSample(
    completion: Completion,
    request: GenerateRequest,
    hasDeadline: boolean,
    mayEnd: boolean,
  ): void {
    const { tokens, logprobs, finish } = completion;
    const { vocabSize } = this.#engine.limits;
    const last = tokens.at(-1) ?? -1;
    const right =
      tokens.length === logprobs.length &&
      tokens.length <= request.maxTokens &&
      tokens.every((token) => token >= 0 && token < vocabSize) &&
      logprobs.every((logprob) => logprob <= 1e-4 && Number.isFinite(logprob)) &&
      (finish !== 'stop' || request.stopText !== undefined || request.stopTokens.includes(last)) &&
      (finish !== 'deadline' || hasDeadline) &&
      (finish !== 'cancelled' || mayEnd) &&
      (finish !== 'loop' || request.stopLoops === true) &&
      finish !== 'error';
    this.#check(
      right,
      `${completion.id} ${completion.index} ended as ${finish} after ${tokens.length} tokens`,
    );
  }

  /** Something that is refused, and must leave no trace. */
  async #wrongCall(): Promise<void> {
    const good = this.#request('wrong');
    const { vocabSize, maxPositions } = this.#engine.limits;
    const changes: Partial<GenerateRequest>[] = [
      { promptTokens: [] },
      { promptTokens: [vocabSize] },
      { promptTokens: [1.5] },
      { promptTokens: Array(maxPositions + 1).fill(1) },
      { stopText: { strings: [''] } },
    ];
    this.#refused += 1;
    try {
      await this.#engine.generate([{ ...good, ...changes[this.#below(changes.length)] }]);
      this.#check(false, 'a wrong request was served');
    } catch (error) {
      this.#check(error instanceof BadRequestError, `a wrong request failed: ${String(error)}`);
    }
  }

  #request(id: string): GenerateRequest {
    const { vocabSize, maxPositions } = this.#engine.limits;
    const lengths = [1, 2, 1 + this.#below(40), 1 + this.#below(300), maxPositions - this.#below(4)];
    const length = this.#oneIn(20) ? this.#pick(lengths) : this.#pick(lengths.slice(0, 4));
    // Few first tokens, so that prompts have beginnings in common.
    const first = this.#below(3);
    const promptTokens = Array.from({ length }, (_, at) =>
      at < 30 ? 20 + ((first * 7 + at) % 50) : this.#below(vocabSize),
    );
    const some = Array.from({ length: 1 + this.#below(6) }, (_, at) => 3 * at + this.#below(3));
    return {
      id,
      promptTokens,
      samples: this.#oneIn(3) ? some : this.#below(7),
      sampling: this.#sampling(),
      stopTokens: this.#oneIn(3) ? [] : [0, this.#below(vocabSize)],
      ...(this.#oneIn(3) && { stopText: { strings: [this.#pick(['1', '\n', '</think>', '+2'])] } }),
      stopLoops: this.#oneIn(2),
      maxTokens: this.#pick([1, 2, 1 + this.#below(100), 1 + this.#below(700)]),
      seed: this.#below(1000),
      ...(this.#oneIn(4) && { startsPerTurn: 1 + this.#below(3) }),
    };
  }

  #sampling(): Sampling {
    const usual = { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 };
    if (this.#oneIn(3)) return usual;
    return {
      greedy: this.#oneIn(5),
      temperature: this.#pick([0.01, 0.7, 1, 3, 100]),
      topK: this.#pick([0, 0, 1, 5, 63, 64, 65, 100_000]),
      topP: this.#pick([1, 1, 0.000001, 0.5, 0.95, 0.999999]),
      minP: this.#pick([0, 0, 0.001, 0.1, 1]),
      repetitionPenalty: this.#pick([1, 1, 1, 0.5, 1.2, 3]),
    };
  }

  #check(isRight: boolean, fault: string): void {
    if (!isRight) this.#faults.push(fault);
  }
  #below(bound: number): number {
    return uniformBelow(this.#bits, bound);
  }
  #oneIn(count: number): boolean {
    return this.#below(count) === 0;
  }
  #pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.#below(choices.length)]!;
  }
}
