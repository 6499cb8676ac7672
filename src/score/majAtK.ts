/** maj@k: the chance that the plurality of k samples is right, exact over all subsets of the samples there are. */
import { logChoose } from './distributions.js';
import { StatisticsInputError } from './errors.js';
import { checkSubset } from './passAtK.js';

/** The vote of one problem, counted by canonical answer. */
export interface VoteCounts {
  readonly right: number;
  /** Votes of each wrong answer. */
  readonly wrong: readonly number[];
  /** Samples without an answer; they take a place in the subset and do not vote. */
  readonly silent: number;
}

/**
 * Expected plurality score over all C(n, k) subsets; a tie gives each of its answers an equal chance, an empty vote is wrong.
 *
 * With m votes for the right answer, s for wrong ones (none above m, exactly t of them at m) and the rest silent,
 *   maj@k = 1 / C(n, k) * sum over m, s, t of C(right, m) W_m[s][t] C(silent, k - m - s) / (1 + t).
 * Every binomial coefficient C(v, i) is weighted by p^i (1 - p)^(v - i) with p = k / n. The weights cancel, since all
 * products share i-total k and v-total n, and the terms become probabilities: nothing overflows at any n.
 * @throws SubsetSizeError unless 1 <= k <= n.
 */
export function majAtK(votes: VoteCounts, k: number): number {
  const n = countSamples(votes);
  checkSubset(n, k);
  if (k === n) return pluralityScore(votes);
  const weigh = binomialWeights(k / n, k);
  const own = weigh(votes.right);
  const silent = weigh(votes.silent);
  let score = 0;
  for (let top = 1; top <= Math.min(votes.right, k); top++) {
    const rest = k - top;
    const width = tieWidth(rest, top);
    const ways = wrongVotes(votes.wrong.map(weigh), top, rest);
    let others = 0;
    for (let cast = Math.max(0, rest - votes.silent); cast <= rest; cast++) {
      let shared = 0;
      for (let ties = 0; ties < width; ties++) shared += ways[cast * width + ties]! / (1 + ties);
      others += shared * silent[rest - cast]!;
    }
    score += own[top]! * others;
  }
  return Math.min(1, score / weigh(n)[k]!);
}

/** The plurality score of all samples: 1 alone at the top, 1 / (1 + t) beside t others, else 0. */
export function pluralityScore({ right, wrong }: VoteCounts): number {
  if (right === 0 || wrong.some((votes) => votes > right)) return 0;
  return 1 / (1 + wrong.filter((votes) => votes === right).length);
}

function countSamples({ right, wrong, silent }: VoteCounts): number {
  const counts = [right, silent, ...wrong];
  if (!counts.every((count) => Number.isInteger(count) && count >= 0))
    throw new StatisticsInputError(
      `votes must be whole numbers, not ${counts.join(', ')}`,
      'Count the samples of one problem.',
    );
  return counts.reduce((sum, count) => sum + count, 0);
}

function tieWidth(rest: number, top: number): number {
  return Math.floor(rest / top) + 1;
}

/** W as `[cast * width + ties]`: weight of `cast` votes over the wrong answers, none above `top`, `ties` of them at `top`. */
function wrongVotes(wrong: readonly Float64Array[], top: number, rest: number): Float64Array {
  const width = tieWidth(rest, top);
  const ways = new Float64Array((rest + 1) * width);
  ways[0] = 1;
  let most = 0;
  for (const weights of wrong) {
    const votes = weights.length - 1;
    most = Math.min(rest, most + Math.min(votes, top));
    // Descending, so that what is read has not been written for this answer yet.
    for (let cast = most; cast >= 0; cast--) {
      const below = Math.min(votes, top - 1, cast);
      for (let ties = width - 1; ties >= 0; ties--) {
        let weight = 0;
        for (let given = 0; given <= below; given++)
          weight += weights[given]! * ways[(cast - given) * width + ties]!;
        if (ties > 0 && votes >= top && cast >= top)
          weight += weights[top]! * ways[(cast - top) * width + ties - 1]!;
        ways[cast * width + ties] = weight;
      }
    }
  }
  return ways;
}

/** For v: the binomial probabilities of 0..min(v, k) out of v at chance `p`, 0 < p < 1; rows are kept, as votes repeat. */
function binomialWeights(p: number, k: number): (v: number) => Float64Array {
  const rows = new Map<number, Float64Array>();
  return (v) => {
    let row = rows.get(v);
    if (!row) {
      row = Float64Array.from({ length: Math.min(v, k) + 1 }, (_, i) =>
        Math.exp(logChoose(v, i) + i * Math.log(p) + (v - i) * Math.log1p(-p)),
      );
      rows.set(v, row);
    }
    return row;
  };
}
