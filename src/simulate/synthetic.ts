/** Problems made up: chances of the right answer, wrong answers that attract, and lengths of right and wrong samples. */
import { TAIL_TOKENS } from '../core.js';
import { uniformBelow } from '../score/random.js';
import type { LengthLaw } from '../solve/difficulty/predictor.js';
import type { DrawnSample, ProblemSource, SimulatedProblem } from './problem.js';
import type { Random } from './random.js';

/** A log-normal distribution of tokens. */
export interface LogNormal {
  readonly median: number;
  /** Standard deviation of the natural logarithm. */
  readonly sigma: number;
}

export interface SyntheticLaw {
  /** A problem's chance that a sample is right is drawn from Beta(a, b). */
  readonly accuracy: { readonly a: number; readonly b: number };
  /** The n-th wrong answer of a problem comes with weight n^-zipf: 0 spreads them evenly, 2 sends most to one. */
  readonly zipf: number;
  readonly rightTokens: LogNormal;
  readonly wrongTokens: LogNormal;
  /** Standard deviation of the logarithm of a factor that all samples of a problem share. */
  readonly problemSigma: number;
  /** By how much that logarithm is higher for a problem that is never solved than for one that always is. */
  readonly hardness: number;
  /** Standard deviation of a forecast of that factor about the truth. */
  readonly forecastSigma: number;
  /** Mean entropy of a wrong sample's tokens, as a multiple of a right one's. */
  readonly wrongEntropy: number;
  /** Samples are cut here, without an answer. */
  readonly maxTokens: number;
}

/** Wrong answers that a problem has. */
const WRONG_ANSWERS = 40;
/** Answers are 0 to below this, as in AIMO3; a problem's lie this far apart. */
const ANSWERS = 100_000;
const BETWEEN_ANSWERS = 7919;
/** Tokens after the answer: the end of a sentence and of the sample. */
const AFTER_ANSWER = 10;
/** Nats a token of right samples, log-normal; the spread is that within problems of a journal of `pebble-sft`. */
const ENTROPY = { median: 0.3, sigma: 0.29 } as const;

export function synthetic(law: SyntheticLaw): ProblemSource {
  const wrong = cumulativeZipf(law.zipf);
  return {
    problems: (count, random) =>
      Array.from({ length: count }, (_, at) => syntheticProblem(String(at), law, wrong, random)),
  };
}

/** What a predictor would know of such problems. */
export function lengthLawOf({ accuracy, rightTokens, wrongTokens, forecastSigma }: SyntheticLaw): LengthLaw {
  const share = accuracy.a / (accuracy.a + accuracy.b);
  const gap = Math.log(wrongTokens.median / rightTokens.median);
  const within = share * rightTokens.sigma ** 2 + (1 - share) * wrongTokens.sigma ** 2;
  return {
    typicalLog: share * Math.log(rightTokens.median) + (1 - share) * Math.log(wrongTokens.median),
    // A forecast knows the problem's factor but not its accuracy, which moves the mean between the two medians.
    forecastSd: Math.hypot(forecastSigma, gap * Math.sqrt(share * (1 - share)), 1e-3),
    sampleSd: Math.max(1e-3, Math.sqrt(within)),
  };
}

function syntheticProblem(
  id: string,
  law: SyntheticLaw,
  wrong: Float64Array,
  random: Random,
): SimulatedProblem {
  const chance = random.beta(law.accuracy.a, law.accuracy.b);
  const { a, b } = law.accuracy;
  const factorLog = law.hardness * (a / (a + b) - chance) + law.problemSigma * random.normal();
  const forecastLog = lengthLawOf(law).typicalLog + factorLog + law.forecastSigma * random.normal();
  const firstAnswer = uniformBelow(random.bits, ANSWERS);
  /** The right answer for 0, else the n-th wrong one. */
  const answer = (nth: number) => BigInt((firstAnswer + nth * BETWEEN_ANSWERS) % ANSWERS);
  const right = answer(0);
  const drawOne = (draws: Random): DrawnSample => {
    const isRight = draws.uniform() < chance;
    const { median, sigma } = isRight ? law.rightTokens : law.wrongTokens;
    const tokens = Math.ceil(median * Math.exp(factorLog + sigma * draws.normal()));
    const entropy =
      ENTROPY.median * Math.exp(ENTROPY.sigma * draws.normal()) * (isRight ? 1 : law.wrongEntropy);
    const place = draws.uniform() * wrong.at(-1)!;
    if (tokens > law.maxTokens)
      return {
        value: null,
        tokens: law.maxTokens,
        answerEnd: null,
        finish: 'length',
        ...sureness(entropy, law.maxTokens),
      };
    const value = isRight ? right : answer(1 + wrong.findIndex((sum) => place < sum));
    const answerEnd = Math.max(1, tokens - AFTER_ANSWER);
    return { value, tokens, answerEnd, finish: 'stop', ...sureness(entropy, tokens) };
  };
  const draw = (count: number, draws: Random) => Array.from({ length: count }, () => drawOne(draws));
  return { id, right, forecastLog, draw };
}

/** Log-probabilities of a sample whose tokens have this entropy each, in nats. */
function sureness(entropy: number, tokens: number): Pick<DrawnSample, 'logprob' | 'tailLogprob'> {
  return { logprob: -entropy * tokens, tailLogprob: -entropy * Math.min(TAIL_TOKENS, tokens) };
}

function cumulativeZipf(exponent: number): Float64Array {
  let sum = 0;
  return Float64Array.from({ length: WRONG_ANSWERS }, (_, at) => {
    sum += (at + 1) ** -exponent;
    return sum;
  });
}
