/** Exact rational arithmetic on BigInt, bounded so that no expression a model writes can take long. */
import { RefusedAnswerError } from './refusal.js';
import { spend, workOf } from './work.js';

/** `numerator / denominator` with a positive denominator, not reduced to lowest terms. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Bits of a numerator or denominator: 9,864 digits, which holds 2024^2025; a product of that size takes microseconds. */
export const MAX_BITS = 1 << 15;
/** 1,000! has 2,568 digits and costs a third of a millisecond, so an expression full of factorials stays cheap. */
export const MAX_FACTORIAL = 1_000n;
/** Roots are taken by Newton's method, whose cost grows with the index; 64 covers what people write. */
export const MAX_ROOT_INDEX = 64n;

/** Euclid's algorithm takes a division for every two bits or so, and these are short. */
const GCD_BITS_A_UNIT = 10;

/** `numerator / denominator`. @throws RefusedAnswerError for a zero denominator or beyond MAX_BITS. */
export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new RefusedAnswerError('it divides by zero');
  // Without a gcd, which is slow on long BigInts: sizes stay bounded anyway, and exact divisions are spotted here.
  if (denominator !== 1n && numerator % denominator === 0n)
    return { numerator: bounded(numerator / denominator), denominator: 1n };
  return denominator < 0n
    ? { numerator: bounded(-numerator), denominator: bounded(-denominator) }
    : { numerator: bounded(numerator), denominator: bounded(denominator) };
}

/** The value of a decimal numeral such as `42`, `4.20` or `.5`, exactly. */
export function rationalOfDecimal(numeral: string): Rational {
  const [whole = '', fraction = ''] = numeral.split('.');
  return rational(BigInt(whole + fraction || '0'), 10n ** BigInt(fraction.length));
}

/** The integer that `a` is, or `null`. */
export function integerOf(a: Rational): bigint | null {
  return a.numerator % a.denominator === 0n ? a.numerator / a.denominator : null;
}

export function equal(a: Rational, b: Rational): boolean {
  return a.numerator * b.denominator === b.numerator * a.denominator;
}

export function add(a: Rational, b: Rational): Rational {
  return a.denominator === b.denominator
    ? rational(a.numerator + b.numerator, a.denominator)
    : rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function negate(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator };
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

export function divide(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** `base ^ exponent`; a fractional exponent must give an exact root. `0^0` is refused. */
export function power(base: Rational, exponent: Rational): Rational {
  if (exponent.numerator < 0n) return divide(rational(1n), power(base, negate(exponent)));
  const whole = integerOf(exponent);
  if (whole !== null) return wholePower(base, whole);
  const common = greatestCommonDivisor(exponent.numerator, exponent.denominator);
  return wholePower(root(base, exponent.denominator / common), exponent.numerator / common);
}

/** The exact `index`-th root. @throws RefusedAnswerError when it is irrational or not real. */
export function root(a: Rational, index: bigint): Rational {
  if (index < 1n || index > MAX_ROOT_INDEX)
    throw new RefusedAnswerError(`root indices go from 1 to ${MAX_ROOT_INDEX}`);
  if (a.numerator < 0n && index % 2n === 0n)
    throw new RefusedAnswerError('it has an even root of a negative');
  if (a.numerator < 0n) return negate(root(negate(a), index));
  // 8/18 has a rational square root although 8 and 18 have none: here lowest terms matter.
  const common = greatestCommonDivisor(a.numerator, a.denominator) || 1n;
  return rational(exactRoot(a.numerator / common, index), exactRoot(a.denominator / common, index));
}

/** n! for a whole number n up to MAX_FACTORIAL. */
export function factorial(a: Rational): Rational {
  const n = integerOf(a);
  if (n === null || n < 0n)
    throw new RefusedAnswerError('it has a factorial of something else than a whole number');
  if (n > MAX_FACTORIAL) throw new RefusedAnswerError(`factorials go up to ${MAX_FACTORIAL}!`);
  spend(Number(n) / 3);
  let product = 1n;
  for (let factor = 2n; factor <= n; factor++) product *= factor;
  return rational(product);
}

/** Binomial coefficient of whole numbers n >= 0 and k; 0 outside 0..n. */
export function binomial(a: Rational, b: Rational): Rational {
  const n = integerOf(a);
  let k = integerOf(b);
  if (n === null || k === null || n < 0n)
    throw new RefusedAnswerError('it has a binomial coefficient of something else than whole numbers');
  if (k < 0n || k > n) return rational(0n);
  if (k > n - k) k = n - k;
  if (k > MAX_FACTORIAL)
    throw new RefusedAnswerError(`binomial coefficients go up to ${MAX_FACTORIAL} factors`);
  let result = 1n;
  for (let i = 1n; i <= k; i++) result = bounded((result * (n - k + i)) / i);
  return rational(result);
}

/** Largest integer not above `a`. */
export function floor(a: Rational): bigint {
  const quotient = a.numerator / a.denominator;
  return a.numerator % a.denominator < 0n ? quotient - 1n : quotient;
}

/** `a - b * floor(a / b)`: the remainder with the sign of `b`. */
export function modulo(a: Rational, b: Rational): Rational {
  return add(a, negate(multiply(b, rational(floor(divide(a, b))))));
}

/** Euclid's algorithm on magnitudes; refuses numbers so long that its many divisions would take time. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a < 0n ? -a : a, b < 0n ? -b : b];
  // The first step may shrink a long number at once; only two long ones are slow.
  if (larger < smaller) [larger, smaller] = [smaller, larger];
  if (bitLength(smaller) > MAX_BITS / 8)
    throw new RefusedAnswerError('its numbers are too long for a common divisor');
  spend(bitLength(smaller) / GCD_BITS_A_UNIT);
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function wholePower(base: Rational, exponent: bigint): Rational {
  if (exponent === 0n) {
    if (base.numerator === 0n) throw new RefusedAnswerError('it has 0^0');
    return rational(1n);
  }
  const magnitude = base.numerator < 0n ? -base.numerator : base.numerator;
  if (magnitude <= 1n && base.denominator === 1n) return exponent % 2n === 0n ? rational(magnitude) : base;
  const bits = BigInt(Math.max(bitLength(magnitude), bitLength(base.denominator)) - 1);
  if (bits * exponent > BigInt(MAX_BITS)) throw tooLong();
  return rational(base.numerator ** exponent, base.denominator ** exponent);
}

function exactRoot(n: bigint, index: bigint): bigint {
  if (n < 2n || index === 1n) return n;
  // Newton's iteration from above falls strictly until it reaches the floor of the root.
  let guess = 1n << (BigInt(bitLength(n)) / index + 1n);
  for (;;) {
    spend(workOf(bitLength(n)) * 3);
    const next = ((index - 1n) * guess + n / guess ** (index - 1n)) / index;
    if (next >= guess) break;
    guess = next;
  }
  if (guess ** index !== n) throw new RefusedAnswerError('it has an irrational root');
  return guess;
}

function bounded(n: bigint): bigint {
  const bits = bitLength(n);
  if (bits > MAX_BITS) throw tooLong();
  spend(workOf(bits));
  return n;
}

function tooLong(): RefusedAnswerError {
  return new RefusedAnswerError(`it has a number of more than ${MAX_BITS} bits`);
}

/** Bits of the magnitude, 0 for 0. Goes through hexadecimal, which is written in linear time. */
function bitLength(n: bigint): number {
  const hexadecimal = (n < 0n ? -n : n).toString(16);
  return 4 * hexadecimal.length - (Math.clz32(Number.parseInt(hexadecimal[0]!, 16)) - 28);
}
