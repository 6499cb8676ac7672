/** How a model in training does on problems that it does not train on. */
import { extractAnswer } from '../answers/extract.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import type { Sampling } from '../core.js';
import { estimateMean, estimateShare, type Interval, mean } from '../score/intervals.js';
import { seededBits } from '../score/random.js';
import type { AnsweredProblem, AnsweredProblems } from './answeredProblems.js';
import type { Tensors } from './modelFolder.js';
import { shuffled } from './packing.js';
import { drawSamples, type RolloutOptions } from './rollouts.js';

/** As the paper draws (arXiv 2507.08267), and as `make evaluate` does. */
export const TRAINING_SAMPLING: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 0.9,
  minP: 0.05,
  repetitionPenalty: 1,
};

export interface ValidationOptions extends RolloutOptions {
  readonly samples: number;
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly seed: number;
}

export interface ValidationResult {
  /** Share of the samples whose answer is right: the mean over problems, with its interval over them. */
  readonly accuracy: number;
  readonly accuracyInterval: Interval | null;
  /** Mean tokens of a sample, its end token included. */
  readonly meanTokens: number;
  readonly tokensInterval: Interval | null;
  /** Share of the samples that ended by themselves. */
  readonly stopped: number;
  readonly problems: number;
  readonly samplesPerProblem: number;
  readonly seconds: number;
  /** A few of them, of the same problems each time. */
  readonly samples: readonly ShownSample[];
}

/** A sample for a reader of the log. */
export interface ShownSample {
  readonly id: string;
  readonly problem: string;
  readonly text: string;
  readonly isRight: boolean;
  readonly tokens: number;
}

/** Samples of a validation that go into the log. */
const SHOWN_SAMPLES = 4;
/** Characters of a text in the log: as much as a reader looks through. What stands behind is the answer, so the end is kept. */
const SHOWN_CHARACTERS = 4000;

/** Draws `samples` answers to each problem and reads them as `boxed evaluate` does. */
export async function validate(
  tensors: Tensors,
  { problems, edition }: AnsweredProblems,
  tokenizer: ChatTokenizer,
  options: ValidationOptions,
): Promise<ValidationResult> {
  const startedAt = performance.now();
  const { samples, maxTokens, stopTokens, seed } = options;
  const requests = problems.map(({ id, promptTokens }) => ({
    ...{ id, promptTokens, samples, maxTokens, stopTokens, seed },
    sampling: TRAINING_SAMPLING,
  }));
  const byProblem = new Map(problems.map((problem) => [problem.id, { problem, found: [] as ReadSample[] }]));
  let stopped = 0;
  for (const completion of await drawSamples(tensors, requests, options)) {
    const { problem, found } = byProblem.get(completion.id)!;
    const text = textOf(completion.tokens, tokenizer, stopTokens);
    const isRight = extractAnswer(text, edition).value === problem.answer;
    found.push({ index: completion.index, text, isRight, tokens: completion.tokens.length });
    if (completion.finish === 'stop') stopped += 1;
  }
  const all = [...byProblem.values()];
  const means = (measure: (sample: ReadSample) => number) => all.map(({ found }) => mean(found.map(measure)));
  const accuracy = estimateShare(means(({ isRight }) => Number(isRight)));
  const tokens = estimateMean(means((sample) => sample.tokens));
  return {
    accuracy: accuracy.value,
    accuracyInterval: accuracy.interval,
    meanTokens: tokens.value,
    tokensInterval: tokens.interval,
    stopped: stopped / (problems.length * samples),
    problems: problems.length,
    samplesPerProblem: samples,
    seconds: (performance.now() - startedAt) / 1000,
    samples: shuffled([...all], seededBits(seed))
      .slice(0, SHOWN_SAMPLES)
      .map(({ problem, found }) => shownSample(problem, found)),
  };
}

/** A sample that has been read. */
interface ReadSample {
  readonly index: number;
  readonly text: string;
  readonly isRight: boolean;
  readonly tokens: number;
}

/** The first sample of a problem; samples end in any order. */
function shownSample({ id, text: problem }: AnsweredProblem, found: readonly ReadSample[]): ShownSample {
  const { text, isRight, tokens } = found.find(({ index }) => index === 0)!;
  return { id, problem: shortened(problem), text: shortened(text), isRight, tokens };
}

function shortened(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  const half = SHOWN_CHARACTERS / 2;
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters …]\n${text.slice(-half)}`;
}

/** Text of a continuation without the token that ended it. */
export function textOf(
  tokens: Int32Array,
  tokenizer: Pick<ChatTokenizer, 'decode'>,
  stopTokens: readonly number[],
): string {
  const ended = stopTokens.includes(tokens.at(-1) ?? -1);
  return tokenizer.decode([...(ended ? tokens.subarray(0, -1) : tokens)]);
}
