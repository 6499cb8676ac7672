/** Two or more runs on the same problems: paired differences, their intervals and adjusted p-values. */
import { bootstrapInterval } from './bootstrap.js';
import { IncomparableRunsError } from './errors.js';
import { type Estimate, estimateMean, mean } from './intervals.js';
import { holmAdjust, mcnemarTest, signFlipTest, type TestResult } from './paired.js';
import { type PairPower, pairPower } from './power.js';
import type { ProblemScore, Score } from './score.js';
import { type TwoRunScore, twoRunScore } from './twoRuns.js';

/** A difference is called beyond noise when its p, adjusted for the number of pairs, is below this. */
export const NOISE_LEVEL = 0.05;

/** A test whose p is also given adjusted for the number of pairs compared. */
export interface AdjustedTest extends TestResult {
  readonly pHolm: number;
}

/** Run `b` minus run `a`, over the problems that both have samples of. */
export interface PairedDifference {
  /** Positions in `Comparison.scores`. */
  readonly a: number;
  readonly b: number;
  readonly problems: number;
  /** Difference of avg@n, tested by sign flips. */
  readonly accuracy: Estimate & AdjustedTest;
  /** Difference of mean output tokens, tested by sign flips. */
  readonly tokens: Estimate & AdjustedTest;
  /** Mean output tokens of `b` over those of `a`, less 1; bootstrap interval. `null` when `a` drew none for some problem. */
  readonly tokensChange: Estimate | null;
  /** Problems that only one submission answered rightly, tested by McNemar. */
  readonly submission: AdjustedTest & { readonly onlyA: number; readonly onlyB: number };
  /** Which differences of accuracy as many problems can show; `null` where the differences do not vary. */
  readonly power: PairPower | null;
  /** AIMO3's score, when the two are one checkpoint under two seeds. */
  readonly twoRuns: TwoRunScore | null;
}

export interface Comparison {
  readonly scores: readonly Score[];
  /** Every pair, `a` before `b`. */
  readonly pairs: readonly PairedDifference[];
}

/** Compares every pair of `scores`. @throws IncomparableRunsError unless all are on the same problems and answers. */
export function compareScores(scores: readonly Score[]): Comparison {
  requireSameProblems(scores);
  requireSameAnswers(scores);
  requireSameCounting(scores);
  const pairs = scores.flatMap((_, a) =>
    scores.slice(a + 1).map((_, offset) => difference(scores, a, a + 1 + offset)),
  );
  return { scores, pairs: adjustPairs(pairs) };
}

/** @throws IncomparableRunsError unless all runs were made on the same problems. */
export function requireSameProblems(runs: readonly Pick<Score, 'name' | 'problemSet' | 'digests'>[]): void {
  const [first, ...others] = runs;
  const other = others.find(({ digests }) => digests.problems !== first!.digests.problems);
  if (other)
    throw new IncomparableRunsError(
      `${first!.name} (${first!.problemSet}) and ${other.name} (${other.problemSet}) were made on different problems`,
      'Compare runs on one problem set; `digests.problems` in run.json tells the sets apart.',
    );
}

function requireSameAnswers(scores: readonly Score[]): void {
  const [first, ...others] = scores;
  const other = others.find(({ source }) => source.answersDigest !== first!.source.answersDigest);
  if (other)
    throw new IncomparableRunsError(
      `${first!.name} and ${other.name} were scored by different answers`,
      'Score both again with the same --answers.',
    );
}

/** Answers of budget forcing count in all runs or in none; where no sample has one it makes no difference. */
function requireSameCounting(scores: readonly Score[]): void {
  const withForced = scores.filter(({ forced }) => forced.samples > 0);
  const counted = withForced.find(({ forced }) => forced.counted);
  const other = withForced.find(({ forced }) => !forced.counted);
  if (counted && other)
    throw new IncomparableRunsError(
      `forced answers count in the score of ${counted.name} and not in that of ${other.name}`,
      'Score both again, with or without --count-forced.',
    );
}

type Unadjusted = Omit<PairedDifference, 'accuracy' | 'tokens' | 'submission'> & {
  readonly accuracy: Estimate & TestResult;
  readonly tokens: Estimate & TestResult;
  readonly submission: TestResult & { readonly onlyA: number; readonly onlyB: number };
};

function difference(scores: readonly Score[], a: number, b: number): Unadjusted {
  const first = scores[a]!;
  const second = scores[b]!;
  const pairs = pairProblems(first, second);
  const share = ({ right, samples }: ProblemScore): number => right / samples;
  const accuracy = pairs.map(([x, y]) => share(y) - share(x));
  const tokens = pairs.map(([x, y]) => y.meanTokens - x.meanTokens);
  const inFirst = new Set(first.submission.rightIds);
  const inSecond = new Set(second.submission.rightIds);
  const onlyA = first.submission.rightIds.filter((id) => !inSecond.has(id)).length;
  const onlyB = second.submission.rightIds.filter((id) => !inFirst.has(id)).length;
  return {
    a,
    b,
    problems: pairs.length,
    accuracy: { ...estimateMean(accuracy), ...signFlipTest(accuracy) },
    tokens: { ...estimateMean(tokens), ...signFlipTest(tokens) },
    tokensChange: estimateChange(pairs.map(([x, y]) => [x.meanTokens, y.meanTokens])),
    submission: { onlyA, onlyB, ...mcnemarTest(onlyA, onlyB) },
    power: pairPower(accuracy, samplingVariance(pairs)),
    twoRuns: twoRunScore(first, second),
  };
}

/** The mean variance that drawing samples adds to a problem's difference; `null` where a problem has one sample. */
function samplingVariance(pairs: readonly (readonly [ProblemScore, ProblemScore])[]): number | null {
  const scores = pairs.flat();
  if (scores.some(({ samples }) => samples < 2)) return null;
  const within = ({ right: c, samples: n }: ProblemScore): number => (c * (n - c)) / (n * n * (n - 1));
  return mean(pairs.map(([x, y]) => within(x) + within(y)));
}

function pairProblems(first: Score, second: Score): [ProblemScore, ProblemScore][] {
  const bySecond = new Map(second.byProblem.map((problem) => [problem.id, problem]));
  const pairs = first.byProblem.flatMap((problem): [ProblemScore, ProblemScore][] => {
    const partner = bySecond.get(problem.id);
    return partner ? [[problem, partner]] : [];
  });
  if (pairs.length === 0)
    throw new IncomparableRunsError(
      `${first.name} and ${second.name} have no sampled problem in common`,
      'Resume the runs until both have samples of the same problems.',
    );
  return pairs;
}

/** Ratio of mean tokens less 1; without tokens in every problem a resample may have nothing to divide by. */
function estimateChange(pairs: readonly (readonly [before: number, after: number])[]): Estimate | null {
  if (pairs.some(([before]) => before === 0)) return null;
  const change = (drawn: Iterable<number>): number => {
    let before = 0;
    let after = 0;
    for (const position of drawn) {
      before += pairs[position]![0];
      after += pairs[position]![1];
    }
    return after / before - 1;
  };
  const value = change(pairs.keys());
  return { value, interval: pairs.length > 1 ? bootstrapInterval(pairs.length, change) : null };
}

/** Holm within each measure: accuracy, tokens and submissions are three families. */
function adjustPairs(pairs: readonly Unadjusted[]): PairedDifference[] {
  const accuracy = holmAdjust(pairs.map((pair) => pair.accuracy.p));
  const tokens = holmAdjust(pairs.map((pair) => pair.tokens.p));
  const submission = holmAdjust(pairs.map((pair) => pair.submission.p));
  return pairs.map((pair, index) => ({
    ...pair,
    accuracy: { ...pair.accuracy, pHolm: accuracy[index]! },
    tokens: { ...pair.tokens, pHolm: tokens[index]! },
    submission: { ...pair.submission, pHolm: submission[index]! },
  }));
}
