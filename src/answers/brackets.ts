/** Brackets of a free answer: which close which, and what they enclose. */
import type { Token } from './tokens.js';

/** Whether the first bracket is closed by the last token: a brace by a brace, a round or square one by either. */
export function closesAtEnd(tokens: readonly Token[]): boolean {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first?.kind !== 'open' || last?.kind !== 'close') return false;
  return looks(first.text) === looks(last.text) && closings(tokens)[0] === tokens.length - 1;
}

const looks = (text: string) => (text === '[' ? '(' : text);

/** For each opening bracket the position of the one that closes it. */
function closings(tokens: readonly Token[]): readonly number[] {
  const closing: number[] = [];
  const open: number[] = [];
  for (const [at, { kind }] of tokens.entries()) {
    if (kind === 'open') open.push(at);
    const opened = kind === 'close' ? open.pop() : undefined;
    if (opened !== undefined) closing[opened] = at;
  }
  return closing;
}

/** Without the brackets around one thing; of those around a list the innermost that shows in print stays. */
export function peeled(tokens: readonly Token[]): readonly Token[] {
  const closing = closings(tokens);
  const end = tokens.length - 1;
  let layers = 0;
  for (; 2 * layers < end; layers++) {
    const { kind, text } = tokens[layers]!;
    if (kind !== 'open' || !['{', '(', '['].includes(text) || text !== tokens[end - layers]!.text) break;
    if (closing[layers] !== end - layers) break;
  }
  const inner = tokens.slice(layers, end + 1 - layers);
  if (splitAt(inner, ({ kind }) => kind === 'comma').length === 1) return inner;
  const shown = tokens.slice(0, layers).findLastIndex(({ text }) => text !== '{');
  return shown < 0 ? inner : [tokens[shown]!, ...inner, tokens[end - shown]!];
}

/** Splits at tokens outside of brackets. */
export function splitAt(tokens: readonly Token[], separates: (token: Token) => boolean): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'open') depth++;
    if (token.kind === 'close') depth--;
    if (depth === 0 && separates(token)) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}
