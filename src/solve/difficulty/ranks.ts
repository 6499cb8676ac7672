/** Spearman's rank correlation. */

/** Pearson's correlation of the ranks, equal values sharing their mean rank; 0 where either list has no spread. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [centred(ranksOf(a)), centred(ranksOf(b))];
  const inner = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, at) => sum + value * v[at]!, 0);
  const norm = Math.sqrt(inner(x, x) * inner(y, y));
  return norm === 0 ? 0 : inner(x, y) / norm;
}

function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let at = from; at < to; at += 1) ranks[order[at]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}
