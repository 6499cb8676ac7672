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

/** Roots that are cleared out of a denominator, one a round; answers have one or two. */
const MAX_ROUNDS = 6;
/** Roots of higher orders are cleared from denominators of one term alone. */
const LARGEST_CLEARED = 3;

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
 * Multiplies above and below until the denominator has no square or cube root and no i in it. Denominators with
 * several powers of a higher root are left as they are.
 */
function withoutRootsBelow(above: Sum, below: Sum): Value {
  let value: Value = { above, below };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const power = [...value.below.values()].flatMap(({ powers }) => powers).find(isRoot);
    if (power === undefined) return value;
    const helper = conjugateOf(value.below, power);
    if (helper === null) return value;
    value = { above: times(value.above, helper), below: times(value.below, helper) };
  }
  return value;
}

const isRoot = ({ atom }: Power) => atom.kind !== 'symbol';

/** A factor that takes the powers of one root out of a sum; `null` when the root is of too high an order. */
function conjugateOf(sum: Sum, { atom }: Power): Sum | null {
  const exponents = [...sum.values()].map((term) => exponentOf(term, atom));
  const order = atom.kind === 'root' ? atom.index : atom.kind === 'imaginary' ? 2 : leastCommon(exponents);
  if (onlyTerm(sum) !== null) {
    const [{ above, below }] = exponents as [Power];
    return atom.kind === 'prime' ? powerOf(atom, below - above, below) : powerOf(atom, order - above);
  }
  if (order > LARGEST_CLEARED) return null;
  const parts = Array.from({ length: order }, (_, exponent) =>
    sumOf(
      [...sum.values()]
        .filter((_term, at) => wholeExponent(exponents[at]!, atom, order) === exponent)
        .map(({ coefficient, powers }) => ({
          coefficient,
          powers: powers.filter((power) => power.atom.name !== atom.name),
        })),
    ),
  );
  const root = atom.kind === 'prime' ? powerOf(atom, 1, order) : powerOf(atom);
  if (order === 2) return add(parts[0]!, negateSum(times(parts[1]!, root)));
  // (a + b r + c r^2) times this is a^3 + b^3 R + c^3 R^2 - 3 a b c R, for r^3 = R.
  const [a, b, c] = parts as [Sum, Sum, Sum];
  const square = times(root, root);
  const cube = times(square, root);
  const constantPart = add(times(a, a), negateSum(times(times(b, c), cube)));
  const linear = times(add(times(times(c, c), cube), negateSum(times(a, b))), root);
  const quadratic = times(add(times(b, b), negateSum(times(a, c))), square);
  return add(constantPart, add(linear, quadratic));
}

function exponentOf({ powers }: Term, atom: Atom): Power {
  return powers.find((power) => power.atom.name === atom.name) ?? { atom, above: 0, below: 1 };
}

function wholeExponent({ above, below }: Power, atom: Atom, order: number): number {
  return atom.kind === 'prime' ? (above * order) / below : above;
}

const leastCommon = (exponents: readonly Power[]): number =>
  exponents.reduce((common, { below }) => (common * below) / commonDivisor(common, below), 1);
