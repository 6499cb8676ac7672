/** Factors of the numbers under roots. */
import { RefusedAnswerError } from '../refusal.js';
import { spend } from '../work.js';

/** Trial division up to here factors every number below its square, which is more than people leave under a root. */
const LARGEST_TRIAL = 1 << 15;
/** Longer numbers are divided by these alone: a division of BigInts is a hundred times as dear. */
const LARGEST_LONG_TRIAL = 200;

/** A longer number under a root is no answer. */
const TOO_LONG = 1n << 1024n;

let table: readonly number[] | undefined;

function primes(): readonly number[] {
  if (table === undefined) {
    const isComposite = new Uint8Array(LARGEST_TRIAL + 1);
    const found: number[] = [];
    for (let candidate = 2; candidate <= LARGEST_TRIAL; candidate++) {
      if (isComposite[candidate]) continue;
      found.push(candidate);
      for (let multiple = candidate * candidate; multiple <= LARGEST_TRIAL; multiple += candidate)
        isComposite[multiple] = 1;
    }
    table = found;
  }
  return table;
}

/**
 * `n` >= 1 as powers of its factors, ascending. What trial division leaves is taken apart if it is a square and
 * stands as one factor otherwise; it is a prime if `n` is below 2^30.
 * @throws RefusedAnswerError for a number of more than 1,024 bits
 */
export function factorsOf(n: bigint): ReadonlyMap<bigint, number> {
  if (n >= TOO_LONG) throw new RefusedAnswerError('it has too long a number under a root or in a logarithm');
  const factors = new Map<bigint, number>();
  let rest = n;
  for (const prime of primes()) {
    if (prime > LARGEST_LONG_TRIAL || rest <= BigInt(Number.MAX_SAFE_INTEGER)) break;
    spend(1);
    const divisor = BigInt(prime);
    for (; rest % divisor === 0n; rest /= divisor) {
      spend(0.5);
      factors.set(divisor, (factors.get(divisor) ?? 0) + 1);
    }
  }
  if (rest <= BigInt(Number.MAX_SAFE_INTEGER)) rest = BigInt(takeSmallFactors(Number(rest), factors));
  if (rest === 1n) return factors;
  const root = squareRootOf(rest);
  if (root === null) factors.set(rest, 1);
  else factors.set(root, 2);
  return factors;
}

function takeSmallFactors(n: number, factors: Map<bigint, number>): number {
  let rest = n;
  let divisions = 0;
  for (const prime of primes()) {
    if (prime * prime > rest) break;
    divisions++;
    for (; rest % prime === 0; rest /= prime)
      factors.set(BigInt(prime), (factors.get(BigInt(prime)) ?? 0) + 1);
  }
  spend(1 + divisions / 50);
  if (rest > 1 && rest < LARGEST_TRIAL ** 2) {
    factors.set(BigInt(rest), (factors.get(BigInt(rest)) ?? 0) + 1);
    return 1;
  }
  return rest;
}

function squareRootOf(n: bigint): bigint | null {
  let guess = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    spend(2);
    const next = (guess + n / guess) / 2n;
    if (next >= guess) return guess * guess === n ? guess : null;
    guess = next;
  }
}
