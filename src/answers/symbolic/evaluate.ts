/** Evaluates an expression in symbols: mathjs parses it, and this walks its tree. */

import { parseExpression, type TreeNode } from '../parse.js';
import { rational } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { spend } from '../work.js';
import { call } from './functions.js';
import { power } from './powers.js';
import { minus, negated, normalized, plus, product, quotient, type Value } from './quotient.js';
import { symbolValue } from './symbols.js';
import { constant, imaginaryUnit } from './terms.js';

/** The value of `source`, in the syntax of mathjs. @throws RefusedAnswerError when it has none, or costs too much */
export function evaluateSymbols(source: string): Value {
  return worthOf(parseExpression(source));
}

function worthOf(node: TreeNode): Value {
  spend(2);
  switch (node.type) {
    case 'ConstantNode':
      return normalized(constant(rational(node.value.s * node.value.n, node.value.d)));
    case 'ParenthesisNode':
      return worthOf(node.content as TreeNode);
    case 'SymbolNode':
      return node.name === 'i' ? normalized(imaginaryUnit()) : symbolValue(node.name);
    case 'OperatorNode':
      return operate(node.fn, (node.args as TreeNode[]).map(worthOf));
    case 'FunctionNode':
      return call(node.fn.name, (node.args as TreeNode[]).map(worthOf));
    default:
      node satisfies never;
      throw new RefusedAnswerError('it does not parse as an expression');
  }
}

function operate(name: string, values: readonly Value[]): Value {
  const [a, b] = values as [Value, Value];
  switch (name) {
    case 'add':
      return plus(a, b);
    case 'subtract':
      return minus(a, b);
    case 'multiply':
      return product(a, b);
    case 'divide':
      return quotient(a, b);
    case 'pow':
      return power(a, b);
    case 'unaryMinus':
      return negated(a);
    case 'unaryPlus':
      return a;
    case 'factorial':
      return call('factorial', [a]);
    default:
      throw new RefusedAnswerError(`it has the operation '${name}'`);
  }
}
