/** Evaluates an expression exactly: mathjs parses it, and this walks its tree with bounded rationals. */
import { createRequire } from 'node:module';
import type * as Mathjs from 'mathjs';
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

let parser: Mathjs.ParseFunction | undefined;

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
  return worthOf(parse(source));

  function worthOf(node: Mathjs.MathNode): Rational {
    if (++nodes > MAX_NODES) throw new RefusedAnswerError(`it has more than ${MAX_NODES} operations`);
    const tree = node as TreeNode;
    switch (tree.type) {
      case 'ConstantNode':
        return rational(tree.value.s * tree.value.n, tree.value.d);
      case 'ParenthesisNode':
        return worthOf(tree.content);
      case 'OperatorNode':
        return operate(tree.fn, tree.args.map(worthOf));
      case 'FunctionNode':
        return call(tree.fn.name, tree.args.map(worthOf));
      default:
        throw new RefusedAnswerError(`its '${node.toString().slice(0, 40)}' is no number`);
    }
  }
}

/** The nodes that the translation gives rise to, with the values that a parser of fractions puts in. */
type TreeNode =
  | (Mathjs.MathNode & { type: 'ConstantNode'; value: { s: bigint; n: bigint; d: bigint } })
  | (Mathjs.MathNode & { type: 'ParenthesisNode'; content: Mathjs.MathNode })
  | (Mathjs.MathNode & { type: 'OperatorNode'; fn: string; args: Mathjs.MathNode[] })
  | (Mathjs.MathNode & { type: 'FunctionNode'; fn: { name: string }; args: Mathjs.MathNode[] });

function parse(source: string): Mathjs.MathNode {
  if (parser === undefined) {
    // Most answers are plain integers, and loading mathjs takes most of a second: only the first expression pays.
    const { create, parseDependencies } = createRequire(import.meta.url)('mathjs') as typeof Mathjs;
    parser = create(parseDependencies!, { number: 'Fraction' }).parse;
  }
  try {
    return parser(source);
  } catch {
    throw new RefusedAnswerError('it does not parse as an expression');
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
