/** Cuts the LaTeX of one answer into tokens: numbers, operators, brackets, words. */
import { canonicalNumeral, NUMERAL, NUMERAL_IN_PARENTHESES } from './numerals.js';
import { RefusedAnswerError } from './refusal.js';
import {
  BARE_WORDS,
  BRACKETS,
  COMMANDS_WITHOUT_VALUE,
  FILLERS,
  FREE_COMMANDS,
  FUNCTIONS,
  INVISIBLE_COMMANDS,
  JOINING_WORDS,
  OPERATORS,
  PLAIN_FUNCTIONS,
  REFUSED_COMMANDS,
  RELATIONS,
  TEXT_COMMANDS,
} from './vocabulary.js';

export interface Token {
  readonly kind:
    | 'number'
    | 'operator'
    | 'open'
    | 'close'
    | 'bar'
    | 'comma'
    | 'relation'
    | 'function'
    | 'infix'
    | 'residue'
    | 'subscript'
    | 'variable'
    | 'words'
    | 'union'
    | 'filler';
  /** Canonical: a decimal numeral without separators, a bracket's pair, a function's name, … */
  readonly text: string;
}

/** What is read: `integer` takes a text that can only be one number, `free` whatever has a value. */
export type Dialect = 'integer' | 'free';

/** An answer of more tokens is a derivation; it also bounds the tree that is evaluated. */
export const MAX_TOKENS = 400;

const DEGREES = /\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)(?![A-Za-z]))/y;
const COMMAND = /\\(?:\\(?=[A-Za-z]))?([A-Za-z]+\*?|[^A-Za-z])/y;
// As in \operatorname{lcm}(4, 6).
const FUNCTION_NAME = new RegExp(String.raw`\s*\{\s*(${[...PLAIN_FUNCTIONS].join('|')})\s*\}`, 'y');
const LETTERS = /[A-Za-z]+/y;
const SIMPLE: Readonly<Record<string, Token>> = {
  '+': { kind: 'operator', text: '+' },
  '-': { kind: 'operator', text: '-' },
  '/': { kind: 'operator', text: '/' },
  '^': { kind: 'operator', text: '^' },
  '!': { kind: 'operator', text: '!' },
  '=': { kind: 'relation', text: 'equal' },
  '(': { kind: 'open', text: '(' },
  ')': { kind: 'close', text: '(' },
  '[': { kind: 'open', text: '[' },
  ']': { kind: 'close', text: '[' },
  '|': { kind: 'bar', text: '|' },
  ',': { kind: 'comma', text: ',' },
  ';': { kind: 'comma', text: ';' },
  _: { kind: 'subscript', text: '_' },
  '?': { kind: 'filler', text: '?' },
};
const DROPPED = new Set([...' \t\r\n~$%€£¥`"“”&']);

/** Characters and commands that only a free answer may have. */
const FREE_CHARACTERS: Readonly<Record<string, Token>> = {
  '<': { kind: 'relation', text: 'less' },
  '>': { kind: 'relation', text: 'greater' },
};

/**
 * The tokens of `latex` (already in ASCII mathematics).
 * @throws RefusedAnswerError where it holds something that no answer of the dialect does.
 */
export function tokensOf(latex: string, dialect: Dialect = 'integer'): readonly Token[] {
  const tokens: Token[] = [];
  /** For each open brace, whether it holds text. */
  const braces: boolean[] = [];
  let parentheses = 0;
  let at = 0;
  const push = (kind: Token['kind'], text: string) => {
    if (kind !== 'words' || tokens.at(-1)?.kind !== 'words') tokens.push({ kind, text });
    else tokens[tokens.length - 1] = { kind, text: `${tokens.at(-1)!.text} ${text}` };
    if (tokens.length > MAX_TOKENS) throw new RefusedAnswerError(`it has more than ${MAX_TOKENS} parts`);
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(latex);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const openBrace = (isText: boolean) => {
    braces.push(isText);
    push('open', '{');
    at++;
  };

  while (at < latex.length) {
    if (take(DEGREES) !== null) continue;
    const character = latex[at]!;
    const inText = braces.at(-1) ?? false;
    if (DROPPED.has(character)) {
      at++;
    } else if (/[\d.]/.test(character)) {
      const match = take(parentheses > 0 ? NUMERAL_IN_PARENTHESES : NUMERAL);
      if (match !== null) push('number', canonicalNumeral(match));
      else if (followsWords(tokens)) at++;
      else {
        push('filler', '.');
        at++;
      }
    } else if (character === '{') {
      openBrace(inText);
    } else if (character === '}') {
      braces.pop();
      push('close', '{');
      at++;
    } else if (character === '\\') {
      command();
    } else if (/[A-Za-z]/.test(character)) {
      const letters = take(LETTERS)![0];
      if (letters === 'mod') push('infix', 'modulo');
      else if (dialect === 'free' && JOINING_WORDS.has(letters)) push('words', letters);
      else if (!inText && PLAIN_FUNCTIONS.has(letters)) push('function', FUNCTIONS.get(letters)!);
      else push(inText || BARE_WORDS.has(letters) ? 'words' : 'variable', letters);
    } else if (character === '*') {
      const isPower = latex[at + 1] === '*';
      push('operator', isPower ? '^' : '*');
      at += isPower ? 2 : 1;
    } else if (character === ':' && followsWords(tokens)) {
      at++;
    } else {
      const token = SIMPLE[character] ?? (dialect === 'free' ? FREE_CHARACTERS[character] : undefined);
      if (token === undefined) throw new RefusedAnswerError(`'${character}' is no part of a number`);
      if (token.kind === 'open') parentheses++;
      if (token.kind === 'close') parentheses--;
      push(token.kind, token.text);
      at++;
    }
  }
  return tokens;

  function command(): void {
    const match = take(COMMAND);
    if (match === null) {
      at++;
      return;
    }
    const name = match[1]!.replace('*', '');
    const bracket = BRACKETS.get(name);
    if (bracket !== undefined) {
      parentheses += bracket[0] === 'open' ? 1 : -1;
      push(bracket[0], bracket[1]);
    } else if (INVISIBLE_COMMANDS.has(name) || /^[,;:!> $%()[\]/\s]$/.test(name)) {
      return;
    } else if (TEXT_COMMANDS.has(name)) {
      const named = take(FUNCTION_NAME);
      if (named !== null) push('function', FUNCTIONS.get(named[1]!)!);
      else if (take(/\s*(?=\{)/y) !== null) openBrace(true);
    } else if (COMMANDS_WITHOUT_VALUE.has(name)) {
      take(/\s*\{[^{}]*\}/y);
    } else if (FUNCTIONS.has(name)) push('function', FUNCTIONS.get(name)!);
    else if (RELATIONS.has(name)) push('relation', RELATIONS.get(name)!);
    else if (OPERATORS.has(name)) push('operator', OPERATORS.get(name)!);
    else if (name === '|' || name === 'vert') push('bar', '|');
    else if (name === 'bmod' || name === 'mod') push('infix', 'modulo');
    else if (name === 'over' || name === 'choose') push('infix', name);
    else if (name === 'pmod') push('residue', name);
    else if (FILLERS.has(name) || name === '_') push('filler', name);
    else if (name === '\\') push('comma', 'line break');
    else if (dialect === 'free' && FREE_COMMANDS.has(name)) push(...FREE_COMMANDS.get(name)!);
    else if (REFUSED_COMMANDS.has(name))
      throw new RefusedAnswerError(`\\${name} is no part of a single number`);
    else push('variable', `\\${name}`);
  }
}

/** Whether the last thing said was words, behind whatever braces. */
function followsWords(tokens: readonly Token[]): boolean {
  return tokens.findLast((token) => token.kind !== 'close')?.kind === 'words';
}
