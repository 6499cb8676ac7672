/** Roots of values. */
import { MAX_ROOT_INDEX, type Rational, rational, power as rationalPower } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { spend } from '../work.js';
import { signOf } from './approximate.js';
import { contentOf, primitive } from './polynomials.js';
import { factorsOf } from './primes.js';
import { printedRoot, printedSum } from './printed.js';
import {
  negated,
  normalized,
  numberValue,
  plus,
  printed,
  product,
  quotient,
  type Value,
} from './quotient.js';
import { MAX_NAME_CHARACTERS, numberOf, symbolValue } from './symbols.js';
import {
  constant,
  hasAtom,
  imaginaryUnit,
  numberIn,
  onlyTerm,
  type Power,
  powerIn,
  powerOf,
  type Sum,
  sumOf,
  type Term,
} from './terms.js';

/** The real root, or the principal one of a negative number's square root. */
export function rootOf(value: Value, index: bigint): Value {
  if (index < 1n || index > MAX_ROOT_INDEX)
    throw new RefusedAnswerError(`root indices go from 1 to ${MAX_ROOT_INDEX}`);
  if (index === 1n || value.above.size === 0) return value;
  spend(5);
  const order = Number(index);
  if (numberIn(value.below) === null) return symbolValue(printedRoot(printed(value), order));
  const sum = value.above;
  const term = onlyTerm(sum);
  const outside = term?.coefficient ?? positive(contentOf(sum));
  const inside = term === null ? signed(sum) : withoutCoefficient(term);
  return product(rootOfNumber(outside, order), rootOfSum(inside, order));
}

const positive = ({ numerator, denominator }: Rational): Rational => ({
  numerator: numerator < 0n ? -numerator : numerator,
  denominator,
});

const withoutCoefficient = ({ powers }: Term): Sum => sumOf([{ coefficient: rational(1n), powers }]);

/** With whole coefficients without a common divisor, and the sign that it had. */
function signed(sum: Sum): Sum {
  const whole = primitive(sum);
  return contentOf(sum).numerator < 0n ? negated(normalized(whole)).above : whole;
}

function rootOfNumber({ numerator, denominator }: Rational, order: number): Value {
  if (numerator < 0n) {
    const magnitude = rootOfNumber({ numerator: -numerator, denominator }, order);
    if (order % 2 === 1) return negated(magnitude);
    if (order === 2) return product(normalized(imaginaryUnit()), magnitude);
    throw new RefusedAnswerError('it has an even root of a negative');
  }
  let result = numberValue(1n);
  for (const [part, sign] of [
    [numerator, 1],
    [denominator, -1],
  ] as const)
    for (const [prime, count] of factorsOf(part)) {
      const whole = Math.floor((count * sign) / order);
      const left = count * sign - whole * order;
      result = product(result, normalized(constant(rationalPower(rational(prime), rational(BigInt(whole))))));
      if (left > 0) {
        const { atom, above, below } = powerIn({ kind: 'prime', name: String(prime), prime }, left, order);
        result = product(result, normalized(powerOf(atom, above, below)));
      }
    }
  return result;
}

function rootOfSum(sum: Sum, order: number): Value {
  if (numberIn(sum) !== null) return rootOfNumber(numberIn(sum)!, order);
  const term = onlyTerm(sum);
  if (term !== null) return rootOfPowers(term.powers, order);
  const value = normalized(sum);
  if (order % 2 === 0 && signOf(value) === -1) {
    if (order > 2) throw new RefusedAnswerError('it has an even root of a negative');
    return product(normalized(imaginaryUnit()), rootOfSum(negated(value).above, order));
  }
  return (order === 2 ? denested(sum) : null) ?? nestedRoot(sum, order);
}

/** Primes share out their exponents; of symbols only what stands for a positive number leaves the root. */
function rootOfPowers(powers: readonly Power[], order: number): Value {
  let result = numberValue(1n);
  const inside: Power[] = [];
  for (const power of powers) {
    const { atom, above, below } = power;
    const isPositive = atom.name === 'pi' || atom.name === 'e';
    // An even root has shown already that its radicand is positive.
    const isRoot =
      atom.kind === 'prime' || (atom.kind === 'radicand' && (below % 2 === 0 || order % 2 === 1));
    if (isRoot) {
      const shared = powerIn(atom, above, below * order);
      result = product(result, normalized(powerOf(atom, shared.above, shared.below)));
    } else if (atom.kind === 'symbol' && (isPositive || order % 2 === 1 || above % (2 * order) === 0)) {
      const whole = Math.floor(above / order);
      if (whole > 0) result = product(result, normalized(powerOf(atom, whole)));
      if (above > whole * order) inside.push({ ...power, above: above - whole * order });
    } else inside.push(power);
  }
  if (inside.length === 0) return result;
  return product(result, nestedRoot(sumOf([{ coefficient: rational(1n), powers: inside }]), order));
}

function nestedRoot(sum: Sum, order: number): Value {
  const radicand = printedSum(sum);
  // What is no real number for sure must not be folded by the laws of real roots.
  if (hasAtom(sum, ({ kind }) => kind === 'imaginary')) return symbolValue(printedRoot(radicand, order));
  if (radicand.length > MAX_NAME_CHARACTERS) throw new RefusedAnswerError('it has too long a part');
  return normalized(powerOf({ kind: 'radicand', name: `(${radicand})`, sum }, 1, order));
}

/**
 * sqrt(a + b) = sqrt((a + s) / 2) +- sqrt((a - s) / 2) for a rational a > 0, a b whose square is rational, and a rational
 * s with s^2 = a^2 - b^2; `null` where it does not apply.
 */
function denested(sum: Sum): Value | null {
  const a = sum.get('')?.coefficient;
  const surd = [...sum.values()].find(({ powers }) => powers.length > 0);
  if (sum.size !== 2 || a === undefined || surd === undefined || a.numerator <= 0n) return null;
  const b = normalized(sumOf([surd]));
  const rest = numberOf(
    plus(product(normalized(constant(a)), normalized(constant(a))), negated(product(b, b))),
  );
  if (rest === null || rest.numerator < 0n) return null;
  const s = numberOf(rootOfNumber(rest, 2));
  if (s === null) return null;
  const half = (sign: bigint) =>
    rootOf(
      quotient(
        plus(normalized(constant(a)), normalized(constant({ ...s, numerator: sign * s.numerator }))),
        numberValue(2n),
      ),
      2n,
    );
  const second = half(-1n);
  return plus(half(1n), surd.coefficient.numerator < 0n ? negated(second) : second);
}
