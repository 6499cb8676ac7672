/** Evaluates the expressions in a free answer. */
import { sourceOf } from './expression.js';
import { freeExpressionOf } from './freeExpression.js';
import { RefusedAnswerError } from './refusal.js';
import { evaluateSymbols } from './symbolic/evaluate.js';
import { printed, type Value } from './symbolic/quotient.js';
import type { Token } from './tokens.js';
import { LABEL_WORDS } from './vocabulary.js';

/** Infinity, as an end of an interval or alone. */
const INFINITY = 'oo';

/** The value of an expression; `notes` takes what a careful reader should know. @throws RefusedAnswerError */
export function evaluateFree(tokens: readonly Token[], notes: string[] = []): Value {
  refuseLabels(tokens);
  const expression = freeExpressionOf(tokens);
  const value = evaluateSymbols(sourceOf(expression));
  notes.push(...expression.notes);
  return value;
}

/** The canonical text of an expression, of an infinity or of the empty set. @throws RefusedAnswerError */
export function textOfValue(tokens: readonly Token[], notes: string[] = []): string {
  switch (tokens.map(({ text }) => text).join('')) {
    case '\\infty':
    case '+\\infty':
      return INFINITY;
    case '-\\infty':
      return `-${INFINITY}`;
    case '\\emptyset':
    case '\\varnothing':
      return '{}';
    default:
      return printed(evaluateFree(tokens, notes));
  }
}

export const isInfinite = (text: string): boolean => text === INFINITY || text === `-${INFINITY}`;

/** `June 20` is not 20, and 10 a.m. is not 10 p.m.; `the answer is 20` is 20, and so are 20 cm. */
function refuseLabels(tokens: readonly Token[]): void {
  const first = tokens.findIndex(({ kind }) => kind !== 'words' && kind !== 'open' && kind !== 'close');
  const words = tokens
    .slice(0, first)
    .filter(({ kind }, at) => kind === 'words' && !isChoice(tokens, at))
    .flatMap(({ text }) => text.split(' '));
  const foreign = words.find((word) => !LABEL_WORDS.has(word.toLowerCase()));
  if (foreign !== undefined) throw new RefusedAnswerError(`the word '${foreign}' stands before a value`);
  if (tokens.some(({ kind, text }) => kind === 'words' && /(?:^| )[ap] ?m(?: |$)/i.test(text)))
    throw new RefusedAnswerError('it is a time of day');
}

/** `(B) 42`: the letter of a choice says nothing about the value beside it. */
function isChoice(tokens: readonly Token[], at: number): boolean {
  return tokens[at]!.text.length === 1 && tokens[at - 1]?.text === '(' && tokens[at + 1]?.text === '(';
}
