/** A row while the runs of a chunk draw for it. */
import type { ScalingRow } from './feeds.js';
import type { RowInput } from './types.js';

/** What was drawn after one token. */
export interface Drawn {
  readonly token: number;
  readonly logprob: number;
  /** From models exported with logits, else `null`. */
  readonly logits: Float32Array | null;
}

export class LiveRow {
  readonly drawn: Drawn[] = [];
  readonly #input: RowInput;
  readonly #most: number;
  #stopped = false;

  /** `at` is the row's number; it draws `most` tokens in this chunk, or fewer. */
  constructor(
    readonly at: number,
    input: RowInput,
    most: number,
  ) {
    this.#input = input;
    this.#most = Math.min(most, input.remaining);
  }

  get ended(): boolean {
    return this.#stopped || this.drawn.length >= this.#most;
  }

  /** The token to process next, and those that are guessed to follow it: no more than it may draw. */
  ahead(): number[] {
    const next = this.drawn.at(-1)?.token ?? this.#input.nextToken;
    return [next, ...(this.#input.lookup?.guess(this.#most - this.drawn.length - 1) ?? [])];
  }

  /** How a token is drawn after each of `tokens`, which go on from what the row holds. */
  draws(tokens: readonly number[]): ScalingRow[] {
    const input = this.#input;
    const held = this.drawn.map(({ token }) => token);
    // All tokens of a row are put together where a penalty asks for them, and not at every step.
    return tokens.map((_, at) => ({
      sampling: input.sampling,
      get history() {
        // The first of `tokens` is the last of those held.
        return [...input.history, ...held, ...tokens.slice(1, at + 1)];
      },
    }));
  }

  /**
   * Takes what was drawn after each of `tokens` as long as these are what the row came to; returns how many it took.
   * A `null` is taken by nobody.
   */
  take(tokens: readonly number[], drawn: readonly (Drawn | null)[]): number {
    const { lookup, stopTokens } = this.#input;
    let taken = 0;
    let goesOn = true;
    while (goesOn && drawn[taken] != null) {
      const { token } = drawn[taken]!;
      this.drawn.push(drawn[taken]!);
      lookup?.push(token);
      this.#stopped = stopTokens.includes(token);
      taken += 1;
      goesOn = taken < tokens.length && token === tokens[taken] && !this.ended;
    }
    lookup?.saw(tokens.length - 1, Math.max(0, taken - 1));
    return taken;
  }
}
