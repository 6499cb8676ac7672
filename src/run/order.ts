/** The order in which the solver is shown the problems: a seeded shuffle that every later program can repeat. */

const MASK = (1n << 64n) - 1n;
const RANGE = 1n << 64n;

/**
 * A permutation of `ids`, the same for the same ids and seed: Fisher-Yates on SplitMix64.
 * @param seed an integer
 */
export function shuffledOrder(ids: readonly string[], seed: number): readonly string[] {
  const next = splitMix64(BigInt(seed));
  const order = [...ids];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = below(last + 1, next);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/**
 * SplitMix64 (G. L. Steele, D. Lea, C. H. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
 * @returns a function that gives the next 64 bits as an unsigned integer
 */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed & MASK;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let bits = state;
    bits = ((bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    bits = ((bits ^ (bits >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return bits ^ (bits >> 31n);
  };
}

/** A uniform integer in [0, bound). Draws above the largest multiple of `bound` are drawn again: no value is favoured. */
function below(bound: number, next: () => bigint): number {
  const divisor = BigInt(bound);
  const limit = RANGE - (RANGE % divisor);
  let bits = next();
  while (bits >= limit) bits = next();
  return Number(bits % divisor);
}
