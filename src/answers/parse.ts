/** Parses an expression with mathjs into the few kinds of nodes that evaluation knows. */
import { createRequire } from 'node:module';
import type * as Mathjs from 'mathjs';
import { RefusedAnswerError } from './refusal.js';
import { spend } from './work.js';

/** mathjs brings decimals to lowest terms, at a cost that grows with the square of their digits. */
const LONG_DECIMAL = /\.\d{101}/;
/** Characters of source whose parsing takes as long as one unit of work. */
const CHARACTERS_A_UNIT = 2;

/** The nodes that the translation gives rise to, with the values that a parser of fractions puts in. */
export type TreeNode =
  | (Mathjs.MathNode & { type: 'ConstantNode'; value: { s: bigint; n: bigint; d: bigint } })
  | (Mathjs.MathNode & { type: 'ParenthesisNode'; content: Mathjs.MathNode })
  | (Mathjs.MathNode & { type: 'SymbolNode'; name: string })
  | (Mathjs.MathNode & { type: 'OperatorNode'; fn: string; args: Mathjs.MathNode[] })
  | (Mathjs.MathNode & { type: 'FunctionNode'; fn: { name: string }; args: Mathjs.MathNode[] });

let parser: Mathjs.ParseFunction | undefined;

/** The tree of `source`, in the syntax of mathjs. @throws RefusedAnswerError when it has none */
export function parseExpression(source: string): TreeNode {
  if (parser === undefined) {
    // Most answers are plain integers, and loading mathjs takes most of a second: only the first expression pays.
    const { create, parseDependencies } = createRequire(import.meta.url)('mathjs') as typeof Mathjs;
    parser = create(parseDependencies!, { number: 'Fraction' }).parse;
  }
  if (LONG_DECIMAL.test(source)) throw new RefusedAnswerError('it has more than 100 decimals');
  spend(source.length / CHARACTERS_A_UNIT);
  try {
    return parser(source) as TreeNode;
  } catch {
    throw new RefusedAnswerError('it does not parse as an expression');
  }
}
