/** Reads the content of a box as any answer: a value in symbols, a list, a set, an interval, a matrix, or a text. */
import { asciiMathematics } from './characters.js';
import { readMatrix } from './matrix.js';
import { answerValueOf } from './policy.js';
import { MAX_CONTENT_CHARACTERS, type Reading, undecorated } from './reading.js';
import { RefusedAnswerError } from './refusal.js';
import { structureOf } from './structure.js';
import { textOf } from './textAnswer.js';
import { type Token, tokensOf } from './tokens.js';
import { PLACEHOLDER_WORDS } from './vocabulary.js';

const PLAIN_INTEGER = /^\s*(-?\d{1,1000})\s*$/;
/** What is compared as written; longer contents are derivations. */
const MAX_VERBATIM_CHARACTERS = 200;
const REPEATING_DECIMAL = /(?<!\d)(\d{0,300})\.(\d{0,20})\\(?:overline|bar|dot)\s*\{?(\d{1,20})\}?/g;
const REALS = /\\(?:mathbb|mathbf|Bbb)\s*\{?R\}?|\\R(?:eals)?(?![A-Za-z])/g;

/** Reads `content`; never throws. Equal answers have equal values. */
export function readFree(content: string): Reading {
  const plain = PLAIN_INTEGER.exec(content);
  if (plain !== null) return { kind: 'value', value: BigInt(plain[1]!), isExpression: false, notes: [] };
  if (content.length > MAX_CONTENT_CHARACTERS)
    return { kind: 'refused', why: `it is longer than ${MAX_CONTENT_CHARACTERS} characters` };
  const latex = prepared(content);
  try {
    const notes: string[] = [];
    const matrix = readMatrix(latex);
    if (matrix !== null) return { kind: 'value', value: matrix, isExpression: true, notes };
    const tokens = tokensOf(latex, 'free');
    if (isBlank(tokens)) return { kind: 'blank' };
    const text = structureOf(tokens, notes);
    const value = answerValueOf(text);
    const isExpression = textOf(tokens) === null && tokens.length > 1;
    return { kind: 'value', value, isExpression, notes };
  } catch (error) {
    if (error instanceof RefusedAnswerError) return verbatim(latex, error.message);
    throw error;
  }
}

/** With repeating decimals as fractions, the reals as an interval, and brackets that face each other. */
function prepared(content: string): string {
  const ascii = asciiMathematics(content);
  // The prime of a derivative is no quotation mark.
  const latex = (/[A-Za-z)]'{1,3}\s*$/.test(ascii) ? ascii.trim() : undecorated(ascii))
    .replace(REPEATING_DECIMAL, repeatingFraction)
    .replace(REALS, '(-\\infty,\\infty)');
  return withInwardBrackets(latex.replace(/\\(?:left|right)(?![A-Za-z])/g, ''));
}

/** `]0, 1[` as `(0, 1)`. */
function withInwardBrackets(latex: string): string {
  const [open, close, ends] = [latex[0], latex.at(-1), latex.slice(1, -1)];
  const isOutward = (open === ']' && (close === '[' || close === ']')) || (open === '[' && close === '[');
  if (!isOutward || !ends.includes(',') || /[()[\]]/.test(ends)) return latex;
  return `${open === ']' ? '(' : '['}${ends}${close === '[' ? ')' : ']'}`;
}

/** What has no value that is understood is still equal to itself. */
function verbatim(latex: string, why: string): Reading {
  const written = latex
    .replace(/\\displaystyle(?![A-Za-z])/g, '')
    .replace(/\\(?:text|textbf|textit|textrm|mathrm|mbox)\s*\{([^{}]*)\}/g, '$1')
    .replace(/_\{(\w)\}/g, '_$1')
    .replace(/\$/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const text = /^[A-Za-z0-9 .,:]*$/.test(written) ? written.toLowerCase() : written;
  if (text === '' || text.length > MAX_VERBATIM_CHARACTERS || /^[-+\d\s]*$/.test(text))
    return { kind: 'refused', why };
  return { kind: 'value', value: text, isExpression: false, notes: [`compared as written: ${why}`] };
}

/** 0.1\overline{6} is (16 - 1) / 90. */
function repeatingFraction(_match: string, whole: string, fixed: string, period: string): string {
  const above = BigInt(whole + fixed + period) - BigInt(whole + fixed || '0');
  return `\\frac{${above}}{${'9'.repeat(period.length)}${'0'.repeat(fixed.length)}}`;
}

/** Nothing at all, marks that stand for something left out, or the words that a prompt puts there. */
function isBlank(tokens: readonly Token[]): boolean {
  return tokens.every(
    ({ kind, text }) =>
      kind === 'filler' ||
      kind === 'comma' ||
      kind === 'subscript' ||
      (kind === 'open' && text !== 'set') ||
      (kind === 'close' && text !== 'set') ||
      ((kind === 'words' || kind === 'variable') &&
        text.split(' ').every((word) => PLACEHOLDER_WORDS.has(word.toLowerCase()))),
  );
}
