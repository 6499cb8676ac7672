/** Solves one problem after another: prompt, samples, answers, vote. Several may be open; they share the engine's batch. */
import { extractAnswer, firstSpanOfFinalAnswer } from '../answers/extract.js';
import { ballotOf } from '../answers/vote.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { type Answer, type Prediction, type RunSettings, type Sample, TAIL_TOKENS } from '../core.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import type { Edition } from '../problems/editions.js';
import type { TimeBudget } from './budget.js';
import { predict } from './prediction.js';
import { promptFor } from './prompt.js';
import type { Assignment } from './protocol.js';

/** The part of the engine that a solver needs. */
export interface Sampler {
  generate(
    requests: readonly GenerateRequest[],
    options: { readonly deadlineMs?: number; readonly onSample?: (completion: Completion) => void },
  ): Promise<void>;
}

/** The part of the tokenizer that a solver needs. */
export type PromptCodec = Pick<ChatTokenizer, 'encodeChat' | 'decode' | 'tokensCovering'>;

export interface SolverOptions {
  readonly sampler: Sampler;
  readonly tokenizer: PromptCodec;
  readonly edition: Edition;
  readonly settings: RunSettings;
  readonly prompt: string;
  readonly stopTokens: readonly number[];
  readonly budget: TimeBudget;
  readonly onSample: (sample: Sample) => void;
}

export class Solver {
  readonly #options: SolverOptions;
  readonly #stops: ReadonlySet<number>;

  constructor(options: SolverOptions) {
    this.#options = options;
    this.#stops = new Set(options.stopTokens);
  }

  /** Draws the missing samples of a problem and votes over all of them. @throws the errors of `TimeBudget` and `Engine`. */
  async solve({ problem, missing, earlier }: Assignment): Promise<Prediction> {
    const { sampler, tokenizer, settings, prompt, stopTokens, budget, onSample } = this.#options;
    const promptTokens = tokenizer.encodeChat([{ role: 'user', content: promptFor(problem, prompt) }]);
    const ballots = [...earlier];
    const request: GenerateRequest = {
      id: problem.id,
      promptTokens,
      samples: missing,
      sampling: settings.sampling,
      stopTokens,
      maxTokens: settings.maxTokens,
      seed: settings.seed,
    };
    await sampler.generate([request], {
      deadlineMs: budget.open(),
      onSample: (completion) => {
        const sample = this.#read(completion, promptTokens.length);
        ballots.push(ballotOf(sample));
        onSample(sample);
      },
    });
    return predict(problem.id, ballots, settings.vote);
  }

  /** Reads text and answer out of a finished sample. */
  #read(completion: Completion, promptTokens: number): Sample {
    const { tokenizer, edition, settings } = this.#options;
    const tokens = Array.from(completion.tokens);
    const spoken = this.#stops.has(tokens.at(-1) ?? -1) ? tokens.slice(0, -1) : tokens;
    const text = tokenizer.decode(spoken);
    const answer = extractAnswer(text, edition);
    return {
      problemId: completion.id,
      index: completion.index,
      seed: settings.seed,
      promptTokens,
      tokens,
      text,
      finish: completion.finish,
      answer,
      answerEnd: this.#answerEnd(spoken, text, answer),
      logprob: sumOf(completion.logprobs),
      tailLogprob: sumOf(completion.logprobs.slice(-TAIL_TOKENS)),
      startedAt: completion.startedAt,
      seconds: completion.seconds,
    };
  }

  #answerEnd(tokens: readonly number[], text: string, answer: Answer): number | null {
    if (answer.value === null) return null;
    const characters = firstSpanOfFinalAnswer(text, this.#options.edition);
    return characters === null ? null : this.#options.tokenizer.tokensCovering(tokens, characters);
  }
}

function sumOf(logprobs: Float32Array): number {
  return logprobs.reduce((sum, logprob) => sum + logprob, 0);
}
