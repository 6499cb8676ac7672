/** A decoder session without a runtime: tokens come from a script, so that the scheduler alone is under test. */
import type { Chunk, ChunkOptions, DecoderSession, ModelLimits, PromptCache, RowInput } from './types.js';

/** Says which token follows `context` (prompt and continuation) given a uniform number; `null` asks for more candidates. */
export type Script = (context: readonly number[], uniform: number, candidates: number) => number | null;

export interface ScriptedOptions {
  readonly script: Script;
  /** Log-probability of a token. Default: -1. */
  readonly logprob?: (token: number) => number;
  readonly limits?: ModelLimits;
  /** Called before each step; advances a simulated clock. */
  readonly onStep?: () => void;
  readonly onPrefill?: (prompts: number) => void;
}

interface ScriptedPrompt extends PromptCache {
  readonly tokens: readonly number[];
}

/** Keeps each row's context as a cache would and fails as soon as the scheduler's picture of the rows differs. */
export class ScriptedSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly runtimeMs = 0;
  readonly #options: ScriptedOptions;
  /** Tokens whose keys and values row r would hold. */
  readonly contexts: number[][] = [];
  /** Rows at each chunk, for tests of how full the batch is kept. */
  readonly rowsByChunk: number[] = [];
  /** Prompts that the scheduler may still seat. */
  readonly prompts = new Set<PromptCache>();
  prefills = 0;

  constructor(options: ScriptedOptions) {
    this.#options = options;
    this.limits = options.limits ?? { vocabSize: 1000, maxPositions: 10_000 };
  }

  async prefill(prompts: readonly (readonly number[])[]): Promise<ScriptedPrompt[]> {
    this.prefills += 1;
    this.#options.onPrefill?.(prompts.length);
    const computed = prompts.map((prompt) => ({ length: prompt.length - 1, tokens: prompt.slice(0, -1) }));
    for (const prompt of computed) this.prompts.add(prompt);
    return computed;
  }

  seat(row: number, prompt: PromptCache): void {
    if (!this.prompts.has(prompt)) throw new Error('the prompt was forgotten before it is seated');
    if (row > this.contexts.length) throw new Error(`row ${row} of ${this.contexts.length} leaves a gap`);
    this.contexts[row] = [...(prompt as ScriptedPrompt).tokens];
  }

  forget(prompt: PromptCache): void {
    if (!this.prompts.delete(prompt)) throw new Error('a prompt is forgotten that is not there');
  }

  release(row: number): void {
    const last = this.contexts.pop()!;
    if (row < this.contexts.length) this.contexts[row] = last;
  }

  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    if (rows.length !== this.contexts.length) throw new Error('rows of scheduler and session differ');
    this.rowsByChunk.push(rows.length);
    const count = rows.length;
    const tokens: number[] = [];
    const logprobs: number[] = [];
    const done = new Array<boolean>(count).fill(false);
    const next = rows.map((row) => row.nextToken);
    for (const [at, row] of rows.entries()) {
      if (row.position !== this.contexts[at]!.length) throw new Error(`position of row ${at} is wrong`);
    }
    for (let step = 0; step < options.steps; step += 1) {
      this.#options.onStep?.();
      const drawn = rows.map((_, at) => {
        if (done[at]) return -1;
        const context = [...this.contexts[at]!, next[at]!];
        return this.#options.script(context, options.uniform[step * count + at]!, options.candidates);
      });
      if (drawn.includes(null)) return this.#chunk(step, tokens, logprobs, true);
      for (const [at, token] of (drawn as number[]).entries()) {
        tokens.push(token);
        logprobs.push(this.#options.logprob?.(token) ?? -1);
        if (done[at]) continue;
        this.contexts[at]!.push(next[at]!);
        next[at] = token;
        done[at] = rows[at]!.stopTokens.includes(token) || step + 1 >= rows[at]!.remaining;
      }
      if (done.filter((ended) => !ended).length < options.minActive) {
        return this.#chunk(step + 1, tokens, logprobs, false);
      }
    }
    return this.#chunk(options.steps, tokens, logprobs, false);
  }

  async close(): Promise<void> {}

  #chunk(steps: number, tokens: readonly number[], logprobs: readonly number[], cut: boolean): Chunk {
    return {
      steps,
      tokens: Int32Array.from(tokens),
      logprobs: Float32Array.from(logprobs),
      cut,
      logits: null,
    };
  }
}
