/** Reads the content of a box, or of a final-answer line, as one exact integer. */
import type { AnswerValue } from '../core.js';
import { asciiMathematics } from './characters.js';
import { evaluate } from './evaluate.js';
import { type Expression, expressionOf } from './expression.js';
import { equal, integerOf, type Rational } from './rational.js';
import { RefusedAnswerError } from './refusal.js';
import { splitAtRelations } from './sides.js';
import { type Token, tokensOf } from './tokens.js';
import { REFUSED_WORDS } from './vocabulary.js';

/** What a content was read as. */
export type Reading =
  /** Nothing in it carries a value: it is empty, a placeholder, or prose. */
  | { readonly kind: 'blank' }
  /** It carries a value, which is none that the edition takes. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'value';
      readonly value: AnswerValue;
      /** False for a numeral as it stands, true when something had to be evaluated or chosen. */
      readonly isExpression: boolean;
      readonly notes: readonly string[];
    };

/** Longer contents are derivations. Also keeps the patterns of the tokens and the BigInts of literals fast. */
export const MAX_CONTENT_CHARACTERS = 2_000;

const PLAIN_INTEGER = /^\s*(\d{1,1000})\s*$/;
const NUMERAL_SOURCE = /^[+-]?\d+(?:\.\d+)?$/;
const DECORATION = new Set([...' \t\r\n.,:;"\'`*_~\\']);

/** Reads `content`; never throws. */
export function readInteger(content: string): Reading {
  const plain = PLAIN_INTEGER.exec(content);
  if (plain !== null) return { kind: 'value', value: BigInt(plain[1]!), isExpression: false, notes: [] };
  if (content.length > MAX_CONTENT_CHARACTERS)
    return { kind: 'refused', why: `it is longer than ${MAX_CONTENT_CHARACTERS} characters` };
  try {
    const tokens = unwrapped(tokensOf(undecorated(asciiMathematics(content))));
    return isBlank(tokens) ? { kind: 'blank' } : readSides(tokens);
  } catch (error) {
    if (error instanceof RefusedAnswerError) return { kind: 'refused', why: error.message };
    throw error;
  }
}

/**
 * Of `x = 42`, `2^6 - 22 = 42`, `1042 \equiv 42 \pmod{1000}` the last side is read; of `42 = x` the last that
 * has a number. An approximation counts only if what is approximated has that value exactly.
 */
function readSides(tokens: readonly Token[]): Reading {
  const { sides, relations } = splitAtRelations(tokens);
  if (sides.length > 1 && sides.some(joinsValues)) throw new RefusedAnswerError('it holds several values');
  const chosen = sides.findLastIndex((side) => hasKind(side, 'number'));
  const expression = expressionOf(sides[Math.max(chosen, 0)]!);
  const exact = evaluate(sourceOf(expression));
  const others = sides.filter((side, index) => index !== chosen && hasKind(side, 'number'));
  const isAgreed = others.every((side) => isWorth(side, exact));
  if (relations.includes('approximately') && !isAgreed)
    throw new RefusedAnswerError('it is only approximately a number');
  const value = integerOf(exact);
  if (value === null) throw new RefusedAnswerError('its value is not an integer');
  const notes = [...expression.notes];
  if (relations.includes('approximately') && others.length === 0) notes.push('given as an approximation');
  if (relations.every((relation) => relation === 'equal') && !isAgreed)
    notes.push('the sides of its equation are not the same number; the last is read');
  const isExpression = sides.length > 1 || !NUMERAL_SOURCE.test(expression.source);
  return { kind: 'value', value, isExpression, notes };
}

/** `m = 3, n = 42` and `m = 3 \text{ or } n = 42` are no chain of equations, whatever stands last. */
function joinsValues(side: readonly Token[]): boolean {
  if (hasKind(side, 'comma')) return true;
  // In a label, as the sum of m and n, such words join no values.
  const words = side.flatMap(({ kind, text }) => (kind === 'words' ? text.split(' ') : []));
  return hasKind(side, 'number') && words.some((word) => REFUSED_WORDS.has(word.toLowerCase()));
}

/** Whether the side has exactly this value; a side of another form, such as `f(2)`, has none. */
function isWorth(side: readonly Token[], value: Rational): boolean {
  try {
    return equal(evaluate(sourceOf(expressionOf(side))), value);
  } catch (error) {
    if (error instanceof RefusedAnswerError) return false;
    throw error;
  }
}

function sourceOf({ kind, source }: Expression): string {
  if (kind === 'words' || kind === 'empty') throw new RefusedAnswerError('it holds no number');
  return source;
}

/** Without the brackets that enclose the whole, so that the relation of `{x = 42}` is seen. */
function unwrapped(tokens: readonly Token[]): readonly Token[] {
  let [first, end] = [0, tokens.length];
  while (end - first >= 2 && isEnclosed(tokens, first, end)) {
    first++;
    end--;
  }
  return tokens.slice(first, end);
}

function isEnclosed(tokens: readonly Token[], first: number, end: number): boolean {
  const { kind, text } = tokens[first]!;
  if (kind !== 'open' || !['{', '(', '[', 'set'].includes(text)) return false;
  let depth = 0;
  for (let index = first; index < end; index++) {
    if (tokens[index]!.kind === 'open') depth++;
    if (tokens[index]!.kind === 'close' && --depth === 0)
      return index === end - 1 && tokens[index]!.text === text;
  }
  return false;
}

/** No number, no symbol, no lone letter (a choice, a variable): at most words, and letters that spell words. */
function isBlank(tokens: readonly Token[]): boolean {
  return tokens.every(
    ({ kind, text }) =>
      ['filler', 'comma', 'open', 'close', 'subscript'].includes(kind) ||
      (kind === 'words' && !/^[A-Za-z]$/.test(text)) ||
      (kind === 'operator' && text !== '^') ||
      (kind === 'variable' && /^[A-Za-z]{2,}$/.test(text)),
  );
}

/** Without the blanks and marks around it. */
export function undecorated(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] !== '.' && text[start] !== '\\' && DECORATION.has(text[start]!)) start++;
  while (end > start && DECORATION.has(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function hasKind(tokens: readonly Token[], kind: Token['kind']): boolean {
  return tokens.some((token) => token.kind === kind);
}
