import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AddedToken, AddedTokenSplitter } from './addedTokens.js';

function splitter(...tokens: readonly (Partial<AddedToken> & { content: string })[]): AddedTokenSplitter {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return new AddedTokenSplitter(
    tokens.map((token, id) => ({ ...flags, id, ...token })),
    ({ content }) => content,
  );
}

describe('AddedTokenSplitter', () => {
  test('the leftmost, of several there the longest', () => {
    const tokens = splitter({ content: 'ab' }, { content: 'abc' }, { content: 'bcd' });
    expect(tokens.split('xabcdab')).toEqual(['x', 1, 'd', 0]);
  });

  test('no tokens, no text, tokens without text', () => {
    expect([splitter().split('ab'), splitter({ content: 'a' }).split('')]).toEqual([['ab'], []]);
    expect(splitter({ content: '' }, { content: 'b' }).split('abc')).toEqual(['a', 1, 'c']);
  });

  test('white space goes with the token, of two tokens with the first', () => {
    const tokens = splitter({ content: 'L', lstrip: true }, { content: 'R', rstrip: true });
    expect(tokens.split('a \u0085L b')).toEqual(['a', 0, ' b']);
    expect(tokens.split('R \t L  R\ufeff ')).toEqual([1, 0, '  ', 1, '\ufeff ']);
  });

  test('words of their own', () => {
    const tokens = splitter({ content: 'w', single_word: true });
    expect(tokens.split('w (w) 😀w😀 aw w1 w_ 𝒳w w\u0301')).toEqual([
      ...[0, ' (', 0, ') 😀', 0, '😀 aw w1 w_ 𝒳w w\u0301'],
    ]);
  });

  test('any contents are found as they are written', () => {
    const content = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(content, content, (first, second) => {
        fc.pre(first !== second);
        const tokens = [{ content: first }, { content: second }];
        expect(splitter(...tokens).split(first)).toEqual([0]);
        const sections = splitter(...tokens).split(`${second}${first}`);
        expect(
          sections.map((part) => (typeof part === 'number' ? tokens[part]!.content : part)).join(''),
        ).toBe(second + first);
      }),
    );
  });
});
