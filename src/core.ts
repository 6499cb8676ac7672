/** The nouns that every room speaks of. No behaviour. */

/** A problem as the model sees it. Ids are text always: `192e23` and `0e644e` are ids, not numbers. */
export interface Problem {
  readonly id: string;
  readonly text: string;
}

/** Why a sample ended. */
export const FINISHES = ['stop', 'length', 'deadline', 'cancelled', 'loop', 'error'] as const;
export type Finish = (typeof FINISHES)[number];

/**
 * What an answer is worth: an integer, or the canonical text of anything else (`sqrt(2)/2`, `(1, 2)`, `yes`), which no
 * integer has. Two answers are equal if and only if their values are, so values are what votes are counted by.
 */
export type AnswerValue = bigint | string;

/** An answer read out of a text: the value that is voted on, and how it was found. */
export interface Answer {
  /** `null` when the text holds no acceptable answer. */
  readonly value: AnswerValue | null;
  /** Name of the rule that fired, `none` when none did. */
  readonly rule: string;
  /** Character offsets [start, end) of the answer in the text; `null` without an answer. */
  readonly span: readonly [number, number] | null;
  /** What a careful reader should know about this reading, or why a candidate was refused. */
  readonly warning: string | null;
}

/**
 * An answer that was wrung from a sample without one: its text, the end of its thoughts and the opening of a box, continued
 * greedily for a few tokens. It counts only where no sample of the problem has an answer.
 */
export interface ForcedAnswer {
  /** Ids of the tokens drawn after the opening of the box. */
  readonly tokens: readonly number[];
  /** The box and what follows it. */
  readonly text: string;
  readonly answer: Answer;
}

/** Tokens at the end of a sample whose probabilities are summed apart: the answer is near, and so is any doubt about it. */
export const TAIL_TOKENS = 256;

/** One finished attempt at a problem. */
export interface Sample {
  readonly problemId: string;
  /** 0-based number of this sample among those of its problem. */
  readonly index: number;
  readonly seed: number;
  /** Number of prompt tokens. */
  readonly promptTokens: number;
  /** Ids of the tokens drawn, a stop token included. */
  readonly tokens: readonly number[];
  readonly text: string;
  readonly finish: Finish;
  readonly answer: Answer;
  /**
   * Smallest number of tokens from which on the text, read at any later point, gives the final answer;
   * `null` without an answer. What a token budget is held against.
   */
  readonly answerEnd: number | null;
  /** `null` unless budget forcing continued this sample. */
  readonly forced: ForcedAnswer | null;
  /** Sum of the natural logarithms of the probabilities of `tokens`, at temperature 1 over the whole vocabulary. */
  readonly logprob: number;
  /** The same over the last `TAIL_TOKENS` of them; equal to `logprob` where there are no more. */
  readonly tailLogprob: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly seconds: number;
}

/** The answer given to a problem. */
export interface Prediction {
  readonly problemId: string;
  readonly value: AnswerValue;
  /** Votes by canonical answer, most first. */
  readonly votes: readonly (readonly [answer: string, weight: number])[];
  /** True when no sample gave an answer and `value` is the fallback. */
  readonly fallback: boolean;
}

/** How tokens are drawn. Every field is explicit; defaults are filled in where settings are read. */
export interface Sampling {
  readonly greedy: boolean;
  readonly temperature: number;
  /** Keep the `topK` likeliest tokens; 0 keeps all. */
  readonly topK: number;
  /** Keep the smallest set of likeliest tokens with at least this mass; 1 keeps all. */
  readonly topP: number;
  /** Keep tokens with at least this fraction of the likeliest one's probability; 0 keeps all. */
  readonly minP: number;
  /** Divide (multiply, below 0) the logits of tokens already in the row by this; 1 leaves them. */
  readonly repetitionPenalty: number;
}

/** Whether a sample ends at its answer: at the first complete box, or once it has one and its thoughts have ended. */
export const ANSWER_STOPS = ['never', 'first', 'thought'] as const;

/** Everything that decides what a run computes. Two runs with equal settings and digests draw the same tokens. */
export interface RunSettings {
  readonly samples: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly sampling: Sampling;
  readonly edition: string;
  /** Name of the rule by which samples vote. */
  readonly vote: string;
  /** Problems shown to the solver and not yet answered, at most. */
  readonly inFlight: number;
  /** `null`: no limit. */
  readonly timeBudgetMs: number | null;
  /** Name of the policy that shares the time budget. */
  readonly budgetPolicy: string;
  /** Names of the rules that stop a problem early, as after `--stop`. */
  readonly stop: string;
  /** Texts at which samples end. */
  readonly stopTexts: readonly string[];
  readonly stopAtAnswer: (typeof ANSWER_STOPS)[number];
  /** Whether samples that repeat themselves are ended. */
  readonly stopLoops: boolean;
  /** Whether answers are forced out of samples where a problem ends without any. */
  readonly budgetForcing: boolean;
  /** SHA-256 of the predictor of difficulty; `null` without one. */
  readonly difficulty: string | null;
  readonly dtype: string;
  readonly device: string;
  /** Whether samples are the same to the bit whatever is in the batch beside them. */
  readonly batchInvariant: boolean;
}

/** SHA-256 in hexadecimal of what a run was made from. */
export interface RunDigests {
  readonly model: string;
  readonly problems: string;
  readonly prompt: string;
}

/** The content of `run.json`: settings and digests, from which everything can be redone. */
export interface Run {
  readonly format: number;
  /** What the lines of its journal are marked with, so that those of another run are not taken for its own. */
  readonly id?: string | undefined;
  readonly program: string;
  readonly modelName: string;
  readonly problemSet: string;
  /** Ids in the order in which the solver is shown the problems, drawn from `settings.seed`. */
  readonly order: readonly string[];
  readonly settings: RunSettings;
  readonly digests: RunDigests;
  /** SHA-256 of the answers' file, as the problem set names it: no other key scores the run. Absent where it names none. */
  readonly answersDigest?: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  /** Digests of the submission files, written once the run is complete; a changed submission is not scored. */
  readonly sealed: Readonly<Record<string, string>> | null;
}
