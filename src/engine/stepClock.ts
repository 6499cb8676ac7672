/** What a step and a prompt token cost, learnt from what was seen, to meet deadlines. */

/** Weight of the newest observation. */
const NEWEST = 0.5;
/** Part of the time left that a chunk may be planned to take: later chunks share the rest, so an estimate that is a third too low still meets the deadline. */
const PLANNED_SHARE = 0.75;
/** The same for prompts that are computed while rows run which the deadline is of: most of their last moments are theirs. */
const PREFILL_SHARE = 0.25;
/** A run over fewer tokens of prompts takes about as long as one over so many, and would make the others seem dear. */
const LEAST_TOKENS = 64;

export class StepClock {
  #stepMs: number | null;
  #promptTokenMs: number | null = null;

  /** `stepMs`: what a step is known to cost. Default: nothing is known. */
  constructor(stepMs: number | null = null) {
    this.#stepMs = stepMs;
  }

  /** Steps that fit before a deadline `leftMs` away, at least 1; a first chunk with a deadline is one step, to learn its cost. */
  stepsBefore(leftMs: number): number {
    if (leftMs === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
    if (this.#stepMs === null) return 1;
    return Math.max(1, Math.floor((PLANNED_SHARE * leftMs) / this.#stepMs));
  }

  /** Milliseconds that must be left before a deadline for `steps` to be begun; 0 while nothing is known. */
  msFor(steps: number): number {
    return (steps * (this.#stepMs ?? 0)) / PLANNED_SHARE;
  }

  /** Tokens of prompts that may be computed while rows run whose deadline is `leftMs` away; any number while nothing is known. */
  promptTokensBefore(leftMs: number): number {
    if (leftMs === Number.POSITIVE_INFINITY || this.#promptTokenMs === null) return Number.MAX_SAFE_INTEGER;
    return Math.max(0, Math.floor((PREFILL_SHARE * leftMs) / this.#promptTokenMs));
  }

  /** Expected milliseconds for `tokens` of a prompt; 0 while nothing is known. */
  prefillMs(tokens: number): number {
    return (this.#promptTokenMs ?? 0) * tokens;
  }

  sawSteps(steps: number, ms: number): void {
    if (steps > 0) this.#stepMs = blend(this.#stepMs, ms / steps);
  }

  sawPrefill(tokens: number, ms: number): void {
    if (tokens > 0) this.#promptTokenMs = blend(this.#promptTokenMs, ms / Math.max(tokens, LEAST_TOKENS));
  }
}

function blend(old: number | null, seen: number): number {
  return old === null ? seen : old + NEWEST * (seen - old);
}
