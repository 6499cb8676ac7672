/** Powers of values. */
import { integerOf, rational, power as rationalPower } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { factorsOf } from './primes.js';
import { inParentheses } from './printed.js';
import { normalized, numberValue, printed, product, quotient, type Value } from './quotient.js';
import { rootOf } from './roots.js';
import { numberOf, symbolValue } from './symbols.js';
import { constant, numberIn, onlyTerm, powerIn, type Sum, sumOf, type Term } from './terms.js';

/** Sums are multiplied out up to this power. */
const MAX_EXPANDED_POWER = 60n;

export function power(base: Value, exponent: Value): Value {
  const fixed = numberOf(exponent);
  if (fixed === null) return symbolicPower(base, exponent);
  const whole = integerOf(fixed);
  if (whole === null) {
    const index = fixed.denominator;
    return wholePower(rootOf(base, index), fixed.numerator);
  }
  return wholePower(base, whole);
}

function wholePower(base: Value, exponent: bigint): Value {
  const number = numberOf(base);
  if (number !== null) {
    const result = rationalPower(number, rational(exponent));
    return normalized(constant(result));
  }
  if (exponent < 0n) return quotient(numberValue(1n), wholePower(base, -exponent));
  if (exponent === 0n) return numberValue(1n);
  const term = numberIn(base.below) === null ? null : onlyTerm(base.above);
  if (term?.powers.every(({ atom }) => atom.kind === 'symbol')) return normalized(raised(term, exponent));
  if (exponent > MAX_EXPANDED_POWER)
    throw new RefusedAnswerError(`it has a power above ${MAX_EXPANDED_POWER} of a sum`);
  let result = numberValue(1n);
  for (const bit of exponent.toString(2)) {
    result = product(result, result);
    if (bit === '1') result = product(result, base);
  }
  return result;
}

function raised({ coefficient, powers }: Term, exponent: bigint): Sum {
  const times = Number(exponent);
  return sumOf([
    {
      coefficient: rationalPower(coefficient, rational(exponent)),
      powers: powers.map(({ atom, above, below }) => powerIn(atom, above * times, below)),
    },
  ]);
}

/**
 * A power with a variable in its exponent. Numbers are taken apart into primes and the exponent into its terms, so
 * that 4^n is (2^n)^2 and 2^(n + 1) is twice 2^n.
 */
function symbolicPower(base: Value, exponent: Value): Value {
  const number = numberOf(base);
  const isWhole = numberIn(exponent.below) !== null;
  if (number !== null && number.numerator > 0n && isWhole) {
    let result = numberValue(1n);
    for (const [part, sign] of [
      [number.numerator, 1],
      [number.denominator, -1],
    ] as const)
      for (const [prime, count] of factorsOf(part)) {
        const factor = powersByTerm(numberValue(prime), exponent.above, BigInt(count * sign));
        result = product(result, factor);
      }
    return result;
  }
  const term = onlyTerm(base.above);
  const isSymbol =
    numberIn(base.below) !== null &&
    term?.powers.length === 1 &&
    term.powers[0]!.above === 1 &&
    numberIn(constant(term.coefficient))?.numerator === term.coefficient.denominator;
  if (isSymbol && isWhole) return powersByTerm(base, exponent.above, 1n);
  return symbolValue(`${inParentheses(printed(base))}^${inParentheses(printed(exponent))}`);
}

function powersByTerm(base: Value, exponent: Sum, times: bigint): Value {
  let result = numberValue(1n);
  for (const { coefficient, powers } of exponent.values()) {
    const { numerator, denominator } = coefficient;
    if (powers.length === 0) {
      result = product(result, power(base, normalized(constant(rational(numerator * times, denominator)))));
      continue;
    }
    const unit = printed(normalized(sumOf([{ coefficient: rational(1n, denominator), powers }])));
    const atom = symbolValue(`${inParentheses(printed(base))}^${inParentheses(unit)}`);
    result = product(result, wholePower(atom, numerator * times));
  }
  return result;
}
