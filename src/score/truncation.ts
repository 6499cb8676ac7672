/** Accuracy against a token budget, read from one run by cutting its samples. */
import { type Estimate, estimateShare, mean } from './intervals.js';
import type { JudgedProblem } from './outcomes.js';

/** The run as it would have been with `budget` tokens a sample. */
export interface BudgetPoint {
  /** Tokens allowed to a sample. */
  readonly budget: number;
  /** Share of samples that are right within the budget, averaged over problems. */
  readonly accuracy: Estimate;
  /** Mean tokens spent: min(length, budget), averaged over problems. */
  readonly meanTokens: number;
}

/** Steps of a table, as shares of the largest power of two within the run's limit: powers of two and 1.5 times them. */
const TABLE_SHARES = [1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 1] as const;
/** Points of a plotted curve to a doubling of the budget: closer than a line is wide. */
const POINTS_PER_DOUBLING = 8;
/** A curve starts at this share of the limit: earlier, next to no sample has answered. */
const CURVE_START = 1 / 64;

/**
 * One point for each budget, which ascend: right at budget T is a right sample whose answer stood after at most T tokens
 * (`answerEnd` <= T, the "answer seen" variant; the sample itself may run on). Exact for independent samples, because the
 * first T tokens of a sample do not depend on the limit; not for runs that force an answer at their limit.
 */
export function truncationCurve(
  problems: readonly JudgedProblem[],
  budgets: readonly number[],
): BudgetPoint[] {
  const cuts = problems.map((problem) => cutProblem(problem, budgets));
  return budgets.map((budget, at) => ({
    budget,
    accuracy: estimateShare(cuts.map(({ accuracy }) => accuracy[at]!)),
    meanTokens: mean(cuts.map(({ tokens }) => tokens[at]!)),
  }));
}

/** Share right and mean tokens spent of one problem at each budget, in one pass over its sorted samples. */
function cutProblem({ outcomes }: JudgedProblem, budgets: readonly number[]) {
  // A right sample has an answer, and records with an answer have its end.
  const ends = Uint32Array.from(
    outcomes.flatMap(({ right, answerEnd }) => (right ? [answerEnd!] : [])),
  ).sort();
  const lengths = Uint32Array.from(outcomes, ({ tokens }) => tokens).sort();
  let answered = 0;
  let finished = 0;
  let finishedTokens = 0;
  const accuracy: number[] = [];
  const tokens: number[] = [];
  for (const budget of budgets) {
    while (ends[answered]! <= budget) answered++;
    for (; lengths[finished]! <= budget; finished++) finishedTokens += lengths[finished]!;
    accuracy.push(answered / outcomes.length);
    tokens.push((finishedTokens + (outcomes.length - finished) * budget) / outcomes.length);
  }
  return { accuracy, tokens };
}

/** The budgets of a table for a run limited to `maxTokens`: 64, 96, 128, 192, 256, 512 and the step below them, at 512. */
export function tableBudgets(maxTokens: number): number[] {
  const top = 2 ** Math.floor(Math.log2(maxTokens));
  return ascending([...TABLE_SHARES.map((share) => share * top), maxTokens]);
}

/** The budgets of a plotted curve: those of the table, `extra` ones up to the limit, and even steps on a log scale. */
export function curveBudgets(maxTokens: number, extra: readonly number[] = []): number[] {
  const steps = Math.ceil(-Math.log2(CURVE_START) * POINTS_PER_DOUBLING);
  const even = Array.from({ length: steps + 1 }, (_, step) =>
    Math.round(maxTokens * 2 ** (-step / POINTS_PER_DOUBLING)),
  );
  return ascending([...even, ...tableBudgets(maxTokens), ...extra.filter((budget) => budget <= maxTokens)]);
}

function ascending(budgets: readonly number[]): number[] {
  const whole = budgets.filter((budget) => Number.isInteger(budget) && budget >= 1);
  return [...new Set(whole)].sort((a, b) => a - b);
}
