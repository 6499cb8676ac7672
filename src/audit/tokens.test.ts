import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sameToken, Tokens, wordsOf } from './tokens.js';

function words(text: string): string {
  const tokens = new Tokens();
  tokens.read(text);
  return wordsOf(tokens).join(' ');
}

describe('normalised tokens', () => {
  test.each([
    ['Find THE sum, please!', 'find the sum please'],
    ['$3x+5 = 17$', '3 x + 5 = 17'],
    ['$a_{n+1}=2a_n$', 'a n + 1 = 2 a n'],
    ['\\(\\dfrac{1}{2}\\)', '1 2'],
    ['\\frac12 + 1/2', '1 2 + 1 2'],
    ['2\\cdot 3 \\times 4', '2 3 4'],
    ['\\left(\\frac{a}{b}\\right)', 'a b'],
    ['\\textbf{Hint:} \\mathrm{lcm}(4,6)', 'hint lcm 4 6'],
    ['\\begin{align*} x &= 1 \\end{align*}', 'x = 1'],
    ['48^9 \\bmod 7', '48 9 mod 7'],
    ['x² ≤ 10²', 'x 2 10 2'],
    ['\\pi/2 and π/2, \\varepsilon, Δ', 'pi 2 and pi 2 epsilon delta'],
    ['x−3, x-3, x – 3', 'x - 3 x - 3 x - 3'],
    ['three-digit, well-known', 'three digit well known'],
    ['one --- two ==== three', 'one two three'],
    ['ﬁnd １２', 'find 12'],
    ['soft\u00adhyphen zero\u200bwidth', 'softhyphen zerowidth'],
    ['求整数n', '求 整 数 n'],
    ['', ''],
    ['?!…', ''],
  ])('%s', (text, expected) => {
    expect(words(text)).toBe(expected);
  });

  test.each([
    ['12 + 7', '12 - 7'],
    ['12 + 7', '127'],
    ['1 000', '1000'],
    ['x + 3', 'x 3'],
  ])('%s is not %s', (a, b) => {
    expect(words(a)).not.toBe(words(b));
  });

  test('reading normalised tokens again changes nothing', () => {
    const part = fc.constantFrom(
      'ab',
      'x',
      '12',
      ' ',
      '+',
      '-',
      '=',
      '\\frac',
      '\\pi',
      '{',
      '}',
      '²',
      'é',
      'Ω',
      '数',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const once = words(parts.join(''));
        expect(words(once)).toBe(once);
      }),
    );
  });

  test('case, blanks and punctuation between tokens do not count', () => {
    const token = fc.constantFrom('find', 'sum', '12', '345', 'x', '+ 4', '= 9');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(token, fc.constantFrom(' ', '  ', '\n', ', ', '. ', ' $', '\\, ')), {
          maxLength: 30,
        }),
        (pairs) => {
          const plain = pairs.map(([content]) => content).join(' ');
          const dressed = pairs.map(([content, gap]) => content.toUpperCase() + gap).join('');
          expect(words(dressed)).toBe(words(plain));
        },
      ),
    );
  });

  test('tokens point to where they stand in the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const tokens = new Tokens();
        tokens.read(text);
        let end = 0;
        for (let at = 0; at < tokens.count; at += 1) {
          expect(tokens.from[at]!).toBeGreaterThanOrEqual(end);
          expect(tokens.to[at]!).toBeGreaterThan(tokens.from[at]!);
          end = tokens.to[at]!;
        }
        expect(end).toBeLessThanOrEqual(tokens.text.length);
      }),
    );
  });
});

test('equal hashes alone do not make tokens equal', () => {
  const read = (text: string) => {
    const tokens = new Tokens();
    tokens.read(text);
    return tokens.list();
  };
  const [a, b] = [read('word'), read('ward')];
  expect(sameToken(a, 0, { ...b, hashes: a.hashes }, 0)).toBe(false);
  expect(sameToken(a, 0, read('WORD'), 0)).toBe(true);
});
