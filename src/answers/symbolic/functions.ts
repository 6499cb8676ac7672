/** Functions of values: exact where the arguments are numbers, symbols of their own where they are not. */
import {
  binomial,
  factorial,
  floor,
  greatestCommonDivisor,
  integerOf,
  modulo,
  negate,
  type Rational,
  rational,
} from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { signOf } from './approximate.js';
import { contentOf } from './polynomials.js';
import { power } from './powers.js';
import { factorsOf } from './primes.js';
import {
  minus,
  negated,
  normalized,
  numberValue,
  plus,
  printed,
  product,
  quotient,
  type Value,
} from './quotient.js';
import { rootOf } from './roots.js';
import { numberOf, symbolValue } from './symbols.js';
import { constant } from './terms.js';

/** Functions that are kept as they are written, whatever their argument. */
const KEPT = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh arg det rank deg dim'.split(' '),
);
const EVEN = new Set(['cos', 'sec', 'cosh']);
const ODD = new Set(['sin', 'tan', 'cot', 'csc', 'arcsin', 'arctan', 'sinh', 'tanh']);

/** The value of the function `name`. @throws RefusedAnswerError when there is no such function, or no such value */
export function call(name: string, values: readonly Value[]): Value {
  const [a, b] = values;
  const numbers = values.map(numberOf);
  const known = numbers.every((number) => number !== null) ? (numbers as readonly Rational[]) : null;
  if (a === undefined) throw new RefusedAnswerError(`'${name}' has no argument`);
  switch (name) {
    case 'sqrt':
      return rootOf(a, 2n);
    case 'root': {
      const index = b === undefined ? null : numberOf(b);
      const whole = index === null ? null : integerOf(index);
      if (whole !== null) return rootOf(a, whole);
      return b === undefined ? rootOf(a, 2n) : power(a, quotient(numberValue(1n), b));
    }
    case 'exp':
      return power(symbolValue('e'), a);
    case 'ln':
    case 'log':
      return b === undefined ? logarithm(name, a) : quotient(logarithm('ln', a), logarithm('ln', b));
    case 'abs':
      return absolute(a);
    case 'factorial':
      return known === null ? kept(name, values) : exactly(factorial(known[0]!));
    case 'binomial':
      return known?.length !== 2 ? kept(name, values) : exactly(binomial(known[0]!, known[1]!));
    case 'modulo':
      return known?.length !== 2 ? kept(name, values) : exactly(modulo(known[0]!, known[1]!));
    case 'floor':
      return known === null ? kept(name, values) : exactly(rational(floor(known[0]!)));
    case 'ceil':
      return known === null ? kept(name, values) : exactly(rational(-floor(negate(known[0]!))));
    case 'gcd':
    case 'lcm':
      return known === null ? symmetric(name, values) : wholeNumbers(name, known);
    case 'max':
    case 'min':
      return extreme(name, values) ?? symmetric(name, values);
    default:
      if (KEPT.has(name)) return trigonometric(name, a);
      throw new RefusedAnswerError(`it has the function '${name}'`);
  }
}

const exactly = (value: Rational): Value => normalized(constant(value));

function kept(name: string, values: readonly Value[]): Value {
  return symbolValue(`${name}(${values.map(printed).join(', ')})`);
}

function symmetric(name: string, values: readonly Value[]): Value {
  return symbolValue(`${name}(${values.map(printed).sort().join(', ')})`);
}

/** cos(-x) is cos(x), and sin(-x) is -sin(x). */
function trigonometric(name: string, argument: Value): Value {
  const isNegative = argument.above.size > 0 && contentOf(argument.above).numerator < 0n;
  if (argument.above.size === 0 && ODD.has(name) && name !== 'cot' && name !== 'csc') return argument;
  if (argument.above.size === 0 && EVEN.has(name)) return numberValue(1n);
  if (isNegative && EVEN.has(name)) return kept(name, [negated(argument)]);
  return isNegative && ODD.has(name) ? negated(kept(name, [negated(argument)])) : kept(name, [argument]);
}

function absolute(a: Value): Value {
  const sign = signOf(a);
  if (sign !== null) return sign < 0 ? negated(a) : a;
  return contentOf(a.above).numerator < 0n ? kept('abs', [negated(a)]) : kept('abs', [a]);
}

/** The logarithm of a positive rational number is a sum over its primes; other arguments stay. */
function logarithm(name: 'ln' | 'log', a: Value): Value {
  const number = numberOf(a);
  if (name === 'ln' && printed(a) === 'e') return numberValue(1n);
  if (number === null) return kept(name, [a]);
  if (number.numerator <= 0n)
    throw new RefusedAnswerError('it has a logarithm of a number that is not positive');
  const sum = (n: bigint) =>
    [...factorsOf(n)].reduce(
      (total, [prime, count]) =>
        plus(total, product(numberValue(BigInt(count)), kept(name, [numberValue(prime)]))),
      numberValue(0n),
    );
  return minus(sum(number.numerator), sum(number.denominator));
}

function wholeNumbers(name: 'gcd' | 'lcm', values: readonly Rational[]): Value {
  const wholes = values.map((value) => {
    const whole = integerOf(value);
    if (whole === null) throw new RefusedAnswerError(`it has the ${name} of a fraction`);
    return whole < 0n ? -whole : whole;
  });
  const leastCommon = (a: bigint, b: bigint) =>
    a === 0n || b === 0n ? 0n : rational((a / greatestCommonDivisor(a, b)) * b).numerator;
  return numberValue(
    name === 'gcd' ? wholes.reduce(greatestCommonDivisor, 0n) : wholes.reduce(leastCommon, 1n),
  );
}

function extreme(name: 'max' | 'min', values: readonly Value[]): Value | null {
  let best = values[0]!;
  for (const value of values.slice(1)) {
    const sign = signOf(minus(value, best));
    if (sign === null) return null;
    if (name === 'max' ? sign > 0 : sign < 0) best = value;
  }
  return best;
}
