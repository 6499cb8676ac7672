/** Answers that are words: a name, a choice, `\text{yes}`. */
import type { Token } from './tokens.js';

/** Letters outside of a text command are a product unless they are this many, begin with a capital, or are known. */
const SHORTEST_WORD = 4;
const SHORT_WORDS = new Set('yes no all odd one two six ten any set sum'.split(' '));

/**
 * The words in lower case, a lone letter as it is; `null` when the tokens are more than words. `(B)` and `\text{B}`
 * are the letter B, which is also what the variable B is.
 */
export function textOf(tokens: readonly Token[]): string | null {
  const shown = tokens.filter(({ kind }) => kind !== 'open' && kind !== 'close');
  if (shown.length === 0 || !shown.every(({ kind, text }) => kind === 'words' || isLetters(kind, text)))
    return null;
  const words = shown.flatMap(({ text }) => text.split(' '));
  if (words.length === 1 && words[0]!.length === 1) return words[0]!;
  const isText = shown.some(({ kind }) => kind === 'words') || words.some(isWord);
  return isText ? words.join(' ').toLowerCase() : null;
}

/** Whether letters outside of a text command spell a word: `June`, `May`, `yes`, but not `xyz` or `AB`. */
export function isWord(letters: string): boolean {
  return (
    letters.length >= SHORTEST_WORD ||
    /^[A-Z][a-z]{2,}$/.test(letters) ||
    SHORT_WORDS.has(letters.toLowerCase())
  );
}

function isLetters(kind: Token['kind'], text: string): boolean {
  return kind === 'variable' && /^[A-Za-z]+$/.test(text) && text !== 'pi';
}
