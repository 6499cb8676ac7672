/** Values: quotients of sums, always in normal form, so that equal values have equal texts. */
import { divide as divideRationals, type Rational, rational } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { commonFactor, commonPowers, contentOf, exactQuotient, groupedByRoots } from './polynomials.js';
import { printedQuotient } from './printed.js';
import {
  type Atom,
  add,
  commonDivisor,
  constant,
  negate as negateSum,
  numberIn,
  ONE,
  onlyTerm,
  type Power,
  powerOf,
  type Sum,
  scale,
  sumOf,
  type Term,
  times,
  ZERO,
} from './terms.js';

/** `above / below`; `below` is 1, or in symbols alone, primitive, and without a factor in common with `above`. */
export interface Value {
  readonly above: Sum;
  readonly below: Sum;
}

/** A round takes a root out of a denominator, or halves or thirds its order; answers need one or two. */
const MAX_ROUNDS = 12;

export function normalized(above: Sum, below: Sum = ONE): Value {
  if (below.size === 0) throw new RefusedAnswerError('it divides by zero');
  if (above.size === 0) return { above: ZERO, below: ONE };
  const cleared = withoutRootsBelow(above, below);
  const shared = commonPowers([cleared.above, cleared.below]);
  const [top, bottom] =
    shared === ONE
      ? [cleared.above, cleared.below]
      : [over(cleared.above, shared), over(cleared.below, shared)];
  if (numberIn(bottom) !== null) return scaled(top, bottom);
  if (groupedByRoots(bottom).some(({ roots }) => roots.length > 0)) {
    const ratio = ratioOf(top, bottom);
    return ratio === null ? scaled(top, bottom) : { above: constant(ratio), below: ONE };
  }
  let factor = bottom;
  for (const part of groupedByRoots(top)) factor = commonFactor(factor, part.factor);
  return numberIn(factor) === null ? scaled(over(top, factor), over(bottom, factor)) : scaled(top, bottom);
}

/** The number that one sum is times the other, `null` when there is none. */
function ratioOf(a: Sum, b: Sum): Rational | null {
  const [[key, term]] = [...a] as [[string, Term]];
  const other = b.get(key);
  if (other === undefined || a.size !== b.size) return null;
  const ratio = divideRationals(term.coefficient, other.coefficient);
  return add(a, negateSum(scale(b, ratio))).size === 0 ? ratio : null;
}

/** With the denominator primitive. */
function scaled(above: Sum, below: Sum): Value {
  const factor = divideRationals(rational(1n), contentOf(below));
  return { above: scale(above, factor), below: scale(below, factor) };
}

/** Divides by a sum in symbols, where every group of roots is a multiple of it. */
function over(sum: Sum, divisor: Sum): Sum {
  return groupedByRoots(sum)
    .map(({ roots, factor }) =>
      times(exactQuotient(factor, divisor)!, sumOf([{ coefficient: rational(1n), powers: roots }])),
    )
    .reduce(add, ZERO);
}

export const numberValue = (numerator: bigint, denominator = 1n): Value =>
  normalized(constant(rational(numerator, denominator)));

export function plus(a: Value, b: Value): Value {
  return normalized(add(times(a.above, b.below), times(b.above, a.below)), times(a.below, b.below));
}

export function minus(a: Value, b: Value): Value {
  return plus(a, negated(b));
}

export function negated(a: Value): Value {
  return { above: negateSum(a.above), below: a.below };
}

export function product(a: Value, b: Value): Value {
  return normalized(times(a.above, b.above), times(a.below, b.below));
}

export function quotient(a: Value, b: Value): Value {
  return normalized(times(a.above, b.below), times(a.below, b.above));
}

/** The canonical text: two values have one text only if they are equal. */
export function printed({ above, below }: Value): string {
  return printedQuotient(above, below);
}

/**
 * Multiplies above and below until the denominator has no root and no i in it. Denominators of several terms with a
 * root whose order has other factors than 2 and 3 are left as they are.
 */
function withoutRootsBelow(above: Sum, below: Sum): Value {
  let value: Value = { above, below };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const power = [...value.below.values()].flatMap(({ powers }) => powers).find(isRoot);
    if (power === undefined) return value;
    const helper = conjugateOf(value.below, power);
    if (helper === null) return value;
    const cleared = times(value.below, helper);
    // Roots of roots may depend on each other; then the helper may be 0 in disguise.
    if (cleared.size === 0) throw new RefusedAnswerError('its denominator may be zero');
    value = { above: times(value.above, helper), below: cleared };
  }
  return value;
}

const isRoot = ({ atom }: Power) => atom.kind !== 'symbol';

/** A factor that takes the powers of one root out of a sum; `null` when the root is of too high an order. */
function conjugateOf(sum: Sum, { atom }: Power): Sum | null {
  const exponents = [...sum.values()].map((term) => exponentOf(term, atom));
  if (onlyTerm(sum) !== null) {
    const [{ above, below }] = exponents as [Power];
    return atom.kind === 'imaginary' ? powerOf(atom) : powerOf(atom, below - above, below);
  }
  const order = atom.kind === 'imaginary' ? 2 : leastCommon(exponents);
  const modulus = order % 2 === 0 ? 2 : order % 3 === 0 ? 3 : null;
  if (modulus === null) return null;
  const [a, b, c] = Array.from({ length: 3 }, (_, rest) =>
    sumOf(
      [...sum.values()].filter((_term, at) => wholeExponent(exponents[at]!, atom, order) % modulus === rest),
    ),
  ) as [Sum, Sum, Sum];
  // (a + b) (a - b) has even powers alone; this times a + b + c is a^3 + b^3 + c^3 - 3abc, where 3 divides them.
  if (modulus === 2) return add(a, negateSum(b));
  const squares = add(times(a, a), add(times(b, b), times(c, c)));
  return add(squares, negateSum(add(times(a, b), add(times(b, c), times(c, a)))));
}

function exponentOf({ powers }: Term, atom: Atom): Power {
  return powers.find((power) => power.atom.name === atom.name) ?? { atom, above: 0, below: 1 };
}

function wholeExponent({ above, below }: Power, atom: Atom, order: number): number {
  return atom.kind === 'imaginary' ? above : (above * order) / below;
}

const leastCommon = (exponents: readonly Power[]): number =>
  exponents.reduce((common, { below }) => (common * below) / commonDivisor(common, below), 1);
