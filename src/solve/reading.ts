/** From a finished continuation to a sample: text, answer, and the token at which the answer stood. */
import { extractAnswer, firstSpanOfFinalAnswer } from '../answers/extract.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { type Answer, type Sample, TAIL_TOKENS } from '../core.js';
import type { Completion } from '../engine/types.js';
import type { Edition } from '../problems/editions.js';

/** The part of the tokenizer that solving needs. */
export type PromptCodec = Pick<
  ChatTokenizer,
  'encodeChat' | 'encodeContinuation' | 'decode' | 'tokensCovering'
>;

export interface SampleReaderOptions {
  readonly tokenizer: PromptCodec;
  readonly edition: Edition;
  readonly seed: number;
  readonly stopTokens: readonly number[];
}

export class SampleReader {
  readonly #options: SampleReaderOptions;
  readonly #stops: ReadonlySet<number>;

  constructor(options: SampleReaderOptions) {
    this.#options = options;
    this.#stops = new Set(options.stopTokens);
  }

  /** Reads text and answer out of a finished sample. */
  read(completion: Completion, promptTokens: number): Sample {
    const { tokenizer, edition, seed } = this.#options;
    const tokens = Array.from(completion.tokens);
    const spoken = this.spoken(tokens);
    const text = tokenizer.decode(spoken);
    const answer = extractAnswer(text, edition);
    return {
      problemId: completion.id,
      index: completion.index,
      seed,
      promptTokens,
      tokens,
      text,
      finish: completion.finish,
      answer,
      answerEnd: this.#answerEnd(spoken, text, answer),
      forced: null,
      logprob: sumOf(completion.logprobs),
      tailLogprob: sumOf(completion.logprobs.slice(-TAIL_TOKENS)),
      startedAt: completion.startedAt,
      seconds: completion.seconds,
    };
  }

  /** The tokens without the one that ended them: those that are text. */
  spoken(tokens: readonly number[]): readonly number[] {
    return this.#stops.has(tokens.at(-1) ?? -1) ? tokens.slice(0, -1) : tokens;
  }

  #answerEnd(tokens: readonly number[], text: string, answer: Answer): number | null {
    if (answer.value === null) return null;
    const { tokenizer, edition } = this.#options;
    const characters = firstSpanOfFinalAnswer(text, edition);
    return characters === null ? null : tokenizer.tokensCovering(tokens, characters);
  }
}

function sumOf(logprobs: Float32Array): number {
  return logprobs.reduce((sum, logprob) => sum + logprob, 0);
}
