/** Evaluates an expression exactly: mathjs parses it, and this walks its tree with bounded rationals. */
import { parseExpression, type TreeNode } from './parse.js';
import {
  add,
  binomial,
  divide,
  factorial,
  floor,
  greatestCommonDivisor,
  integerOf,
  modulo,
  multiply,
  negate,
  power,
  type Rational,
  rational,
  rationalOfDecimal,
  root,
} from './rational.js';
import { RefusedAnswerError } from './refusal.js';

/** Nodes of a parse tree; bounds the time of one evaluation to some tens of milliseconds in the worst case. */
export const MAX_NODES = 300;

const LITERAL = /^([+-]?)(\d+(?:\.\d+)?)$/;

/**
 * The exact value of `source`, in the syntax of mathjs.
 * @throws RefusedAnswerError when it has none, or a cap is reached.
 */
export function evaluate(source: string): Rational {
  const literal = LITERAL.exec(source);
  if (literal !== null) {
    const value = rationalOfDecimal(literal[2]!);
    return literal[1] === '-' ? negate(value) : value;
  }
  let nodes = 0;
  return worthOf(parseExpression(source));

  function worthOf(node: TreeNode): Rational {
    if (++nodes > MAX_NODES) throw new RefusedAnswerError(`it has more than ${MAX_NODES} operations`);
    switch (node.type) {
      case 'ConstantNode':
        return rational(node.value.s * node.value.n, node.value.d);
      case 'ParenthesisNode':
        return worthOf(node.content as TreeNode);
      case 'OperatorNode':
        return operate(node.fn, (node.args as TreeNode[]).map(worthOf));
      case 'FunctionNode':
        return call(node.fn.name, (node.args as TreeNode[]).map(worthOf));
      default:
        throw new RefusedAnswerError(`its '${node.toString().slice(0, 40)}' is no number`);
    }
  }
}

function operate(name: string, values: readonly Rational[]): Rational {
  const [a, b] = values as [Rational, Rational];
  switch (name) {
    case 'add':
      return add(a, b);
    case 'subtract':
      return add(a, negate(b));
    case 'multiply':
      return multiply(a, b);
    case 'divide':
      return divide(a, b);
    case 'pow':
      return power(a, b);
    case 'unaryMinus':
      return negate(a);
    case 'unaryPlus':
      return a;
    case 'factorial':
      return factorial(a);
    default:
      throw new RefusedAnswerError(`it has the operation '${name}'`);
  }
}

function call(name: string, values: readonly Rational[]): Rational {
  switch (name) {
    case 'root':
      return root(argument(name, values, 2, 0), wholeOf(argument(name, values, 2, 1)));
    case 'binomial':
      return binomial(argument(name, values, 2, 0), argument(name, values, 2, 1));
    case 'modulo':
      return modulo(argument(name, values, 2, 0), argument(name, values, 2, 1));
    case 'floor':
      return rational(floor(argument(name, values, 1, 0)));
    case 'ceil':
      return rational(-floor(negate(argument(name, values, 1, 0))));
    case 'abs': {
      const value = argument(name, values, 1, 0);
      return value.numerator < 0n ? negate(value) : value;
    }
    case 'gcd':
      return rational(values.map(wholeOf).reduce(greatestCommonDivisor, 0n));
    case 'lcm':
      return rational(values.map(wholeOf).reduce(leastCommonMultiple, 1n));
    case 'max':
    case 'min':
      return values.reduce((best, value) => (isBetter(name, value, best) ? value : best));
    default:
      throw new RefusedAnswerError(`it has the function '${name}'`);
  }
}

function argument(name: string, values: readonly Rational[], count: number, index: number): Rational {
  if (values.length !== count)
    throw new RefusedAnswerError(`'${name}' takes ${count} arguments, not ${values.length}`);
  return values[index]!;
}

function wholeOf(value: Rational): bigint {
  const whole = integerOf(value);
  if (whole === null) throw new RefusedAnswerError('it has a fraction where only a whole number makes sense');
  return whole;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const product = rational(a * b).numerator;
  return (product < 0n ? -product : product) / greatestCommonDivisor(a, b);
}

function isBetter(name: 'max' | 'min', value: Rational, best: Rational): boolean {
  const difference = add(value, negate(best)).numerator;
  return name === 'min' ? difference < 0n : difference > 0n;
}
