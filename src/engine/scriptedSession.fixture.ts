/** A decoder session without a runtime: tokens come from a script, so that the scheduler alone is under test. */
import { promptBlocks, rowBlocks } from './kvMemory.js';
import { type Claim, PrefixCache } from './prefixCache.js';
import type {
  Chunk,
  ChunkOptions,
  DecoderSession,
  KvMemory,
  ModelLimits,
  PromptCache,
  PromptPiece,
  RowInput,
} from './types.js';

/** Says which token follows `context` (prompt and continuation) given a uniform number; `null` asks for more candidates. */
export type Script = (context: readonly number[], uniform: number, candidates: number) => number | null;

export interface ScriptedOptions {
  readonly script: Script;
  /** Log-probability of a token. Default: -1. */
  readonly logprob?: (token: number) => number;
  readonly limits?: ModelLimits;
  /** Called before each step; advances a simulated clock. */
  readonly onStep?: () => void;
  readonly onPrefill?: (pieces: readonly PromptPiece[]) => void;
  /** Default: more than any test needs. */
  readonly memory?: KvMemory;
  /** Tokens of the blocks that prompts share. Default: none are shared. */
  readonly prefixBlock?: number;
  /** See `DecoderSession`; a row that begins a chunk elsewhere fails. Default: chunks have any length. */
  readonly wholeChunk?: number;
  /** See `DecoderSession`. Default: 1. */
  readonly pieceStep?: number;
}

interface ScriptedPrompt extends PromptCache {
  computed: number;
  readonly tokens: readonly number[];
  readonly claim: Claim<true>;
}

interface Context {
  readonly tokens: number[];
  readonly prompt: ScriptedPrompt;
}

/** Keeps each row's context as a cache would and fails as soon as the scheduler's picture of the rows differs. */
export class ScriptedSession implements DecoderSession {
  readonly limits: ModelLimits;
  readonly runtimeMs = 0;
  readonly #options: ScriptedOptions;
  readonly memory: KvMemory;
  readonly wholeChunk: number | null;
  readonly pieceStep: number;
  readonly #contexts: Context[] = [];
  readonly #prefixes: PrefixCache<true>;
  /** Rows at each chunk, for tests of how full the batch is kept. */
  readonly rowsByChunk: number[] = [];
  /** Prompts that the scheduler may still seat. */
  readonly prompts = new Set<PromptCache>();
  prefills = 0;
  /** Blocks in use at once, at most. */
  mostBlocks = 0;

  constructor(options: ScriptedOptions) {
    this.#options = options;
    this.wholeChunk = options.wholeChunk ?? null;
    this.pieceStep = options.pieceStep ?? 1;
    this.limits = options.limits ?? { vocabSize: 1000, maxPositions: 10_000 };
    this.memory = options.memory ?? {
      blockSize: 16,
      rowStep: 1,
      blocks: 1e9,
      blockBytes: 1,
      sharesPrompts: false,
    };
    this.#prefixes = new PrefixCache({ blockSize: options.prefixBlock ?? 1e9, capacity: 1e9 });
  }

  /** Tokens whose keys and values row r would hold. */
  get contexts(): readonly (readonly number[])[] {
    return this.#contexts.map(({ tokens }) => tokens);
  }

  /** As if no two prompts had anything in common. */
  get promptBlocks(): number {
    const seated = this.memory.sharesPrompts ? this.#contexts.map(({ prompt }) => prompt) : [];
    const held = [...new Set([...this.prompts, ...seated])] as ScriptedPrompt[];
    return held.reduce((sum, { tokens }) => sum + promptBlocks(this.memory, tokens.length), 0);
  }

  blocksToBegin(prompt: readonly number[]): number {
    return promptBlocks(this.memory, prompt.length);
  }

  begin(tokens: readonly number[]): PromptCache | null {
    const claim = this.#prefixes.claim(tokens.slice(0, -1));
    if (claim === null) return null;
    const computed = claim.found.length * (this.#options.prefixBlock ?? 0);
    const prompt: ScriptedPrompt = { length: tokens.length - 1, computed, tokens, claim };
    this.prompts.add(prompt);
    return prompt;
  }

  async prefill(pieces: readonly PromptPiece[]): Promise<void> {
    this.prefills += 1;
    this.#options.onPrefill?.(pieces);
    const size = this.#options.prefixBlock ?? 1e9;
    for (const { prompt, tokens } of pieces as { prompt: ScriptedPrompt; tokens: number }[]) {
      if (!this.prompts.has(prompt)) throw new Error('a prompt is computed that was forgotten');
      if (tokens < 1 || prompt.computed + tokens > prompt.length)
        throw new Error(`a piece of ${tokens} tokens`);
      const end = prompt.computed + tokens;
      if (end < prompt.length && end % this.pieceStep !== 0) throw new Error(`a piece ends at ${end}`);
      const before = Math.floor(prompt.computed / size);
      prompt.computed += tokens;
      prompt.claim.fill(new Array<true>(Math.floor(prompt.computed / size) - before).fill(true));
    }
  }

  seat(row: number, cache: PromptCache): void {
    const prompt = cache as ScriptedPrompt;
    if (!this.prompts.has(prompt)) throw new Error('the prompt was forgotten before it is seated');
    if (prompt.computed < prompt.length) throw new Error('the prompt is not computed');
    if (row > this.#contexts.length) throw new Error(`row ${row} of ${this.#contexts.length} leaves a gap`);
    this.#contexts[row] = { tokens: prompt.tokens.slice(0, -1), prompt };
  }

  forget(prompt: PromptCache): void {
    if (!this.prompts.delete(prompt)) throw new Error('a prompt is forgotten that is not there');
    (prompt as ScriptedPrompt).claim.drop();
  }

  release(row: number): void {
    const last = this.#contexts.pop()!;
    if (row < this.#contexts.length) this.#contexts[row] = last;
  }

  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    this.#countBlocks();
    if (rows.length !== this.contexts.length) throw new Error('rows of scheduler and session differ');
    this.rowsByChunk.push(rows.length);
    const count = rows.length;
    const tokens: number[] = [];
    const logprobs: number[] = [];
    const done = rows.map(({ remaining }) => remaining === 0);
    if (!done.includes(false)) throw new Error('all rows rest');
    const next = rows.map((row) => row.nextToken);
    for (const [at, row] of rows.entries()) {
      if (row.position !== this.contexts[at]!.length) throw new Error(`position of row ${at} is wrong`);
    }
    if (this.wholeChunk !== null) this.#requireWhole(rows, options);
    const before = this.contexts.map(({ length }) => length);
    for (let step = 0; step < options.steps; step += 1) {
      this.#options.onStep?.();
      const drawn = rows.map((_, at) => {
        if (done[at]) return -1;
        const context = [...this.contexts[at]!, next[at]!];
        return this.#options.script(context, options.uniform[step * count + at]!, options.candidates);
      });
      if (drawn.includes(null) && this.wholeChunk !== null) {
        for (const [at, length] of before.entries()) this.#contexts[at]!.tokens.length = length;
        return this.#chunk(0, [], [], true);
      }
      if (drawn.includes(null)) return this.#chunk(step, tokens, logprobs, true);
      for (const [at, token] of (drawn as number[]).entries()) {
        tokens.push(token);
        logprobs.push(this.#options.logprob?.(token) ?? -1);
        if (done[at]) continue;
        this.#contexts[at]!.tokens.push(next[at]!);
        next[at] = token;
        done[at] = rows[at]!.stopTokens.includes(token) || step + 1 >= rows[at]!.remaining;
      }
      this.#countBlocks();
      if (done.filter((ended) => !ended).length < options.minActive) {
        return this.#chunk(step + 1, tokens, logprobs, false);
      }
    }
    return this.#chunk(options.steps, tokens, logprobs, false);
  }

  async close(): Promise<void> {}

  /** @throws when a row would not draw a whole chunk or all that is left to it */
  #requireWhole(rows: readonly RowInput[], { steps, minActive }: ChunkOptions): void {
    if (minActive !== 1) throw new Error(`a whole chunk ends below ${minActive} rows`);
    for (const [at, { remaining }] of rows.entries()) {
      const drawn = this.contexts[at]!.length - (this.#contexts[at]!.prompt.tokens.length - 1);
      if (remaining > 0 && drawn % this.wholeChunk! !== 0)
        throw new Error(`row ${at} begins after ${drawn} tokens`);
      if (remaining > steps) throw new Error(`row ${at} has ${remaining} tokens in ${steps} steps`);
    }
  }

  /** @throws when more blocks are in use than there are */
  #countBlocks(): void {
    let used = this.promptBlocks;
    for (const { tokens, prompt } of this.#contexts) {
      used += rowBlocks(this.memory, prompt.tokens.length, tokens.length);
    }
    this.mostBlocks = Math.max(this.mostBlocks, used);
    if (used > this.memory.blocks) throw new Error(`${used} blocks of ${this.memory.blocks} are in use`);
  }

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
