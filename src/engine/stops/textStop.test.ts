import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PieceStream, TextStream } from '../../checkpoint/textStream.js';
import { LONGEST_FRAME, MOST_SPACES } from './frames.js';
import { type StopText, TextStop } from './textStop.js';

const BOX: StopText = { frame: { commands: ['\\boxed', '\\fbox'], content: /\d/, after: null } };
const THOUGHT: StopText = { frame: { ...BOX.frame!, after: '</think>' } };

/** Tokens that are pieces of text, certain as they come. */
const certain: PieceStream = { pending: '', push: (text) => text };

/** The text up to the piece that ends it, that one included; `null` if none does. */
function cutBy(stop: StopText, pieces: readonly string[], stream = certain): string | null {
  const texts = new TextStop(stop, new TextStream(pieces, stream));
  const at = pieces.findIndex((_, token) => texts.endsWith(token));
  return at < 0 ? null : pieces.slice(0, at + 1).join('');
}

describe('strings', () => {
  test.each<[string, readonly string[], readonly string[], string | null]>([
    ['in one token', ['END'], ['a', ' END of', 'b'], 'a END of'],
    ['across tokens', ['END'], ['a E', 'N', 'D', 'b'], 'a END'],
    ['of one character', ['\n'], ['a', 'b\n', 'c'], 'ab\n'],
    ['that begins again inside itself', ['aab'], ['a', 'a', 'a', 'b'], 'aaab'],
    ['whichever is there first', ['xyz', 'b'], ['a', 'xy', 'b', 'z'], 'axyb'],
    ['that never comes', ['END'], ['E', 'n', 'd'], null],
  ])('%s', (_, strings, pieces, expected) => {
    expect(cutBy({ strings }, pieces)).toBe(expected);
  });

  test('end a text with the first token by which one of them stands in it, however it is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🧮'), maxLength: 5 });
    const strings = fc.array(
      letters.filter((text) => text !== ''),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(strings, fc.array(letters, { maxLength: 20 }), (wanted, pieces) => {
        const prefixes = pieces.map((_, at) => pieces.slice(0, at + 1).join(''));
        const expected = prefixes.find((prefix) => wanted.some((each) => prefix.includes(each)));
        expect(cutBy({ strings: wanted }, pieces)).toBe(expected ?? null);
      }),
    );
  });
});

describe('frames', () => {
  test.each<[string, string, string | null]>([
    ['a box', 'so \\boxed{42} it is', 'so \\boxed{42}'],
    ['braces in it', '\\boxed{\\frac{1}{2}} x', '\\boxed{\\frac{1}{2}}'],
    ['an empty one is passed over', 'put it in \\boxed{}. \\boxed{7}.', 'put it in \\boxed{}. \\boxed{7}'],
    ['a placeholder, too', '\\boxed{answer} \\fbox{7}.', '\\boxed{answer} \\fbox{7}'],
    ['escaped braces', '\\boxed{\\}4\\{} 5', '\\boxed{\\}4\\{}'],
    ['a command escaped twice', '\\\\boxed{4} 5', '\\\\boxed{4}'],
    ['another command', '\\boxedx{4} 5', null],
    ['spaces before its brace', '\\boxed \n{4} 5', '\\boxed \n{4}'],
    ['one inside another', '\\boxed{a \\boxed{1} }', '\\boxed{a \\boxed{1}'],
    ['one that never ends', '\\boxed{4 and {more}', null],
    ['a brace too many before it', '}} \\boxed{4} 5', '}} \\boxed{4}'],
    ['without braces, which has no end', '\\boxed 42 so', null],
  ])('%s', (_, text, expected) => {
    expect(cutBy(BOX, [...text])).toBe(expected);
    const whole = cutBy(BOX, [text]);
    expect(whole).toBe(expected === null ? null : text);
  });

  test('once thoughts end: at their end if a box stands before it, else at the first box after it', () => {
    expect(cutBy(THOUGHT, [...'<think>\\boxed{1} no \\boxed{2}</think> \\boxed{2}.'])).toBe(
      '<think>\\boxed{1} no \\boxed{2}</think>',
    );
    expect(cutBy(THOUGHT, [...'hm</think> it is \\boxed{2}. Yes'])).toBe('hm</think> it is \\boxed{2}');
    expect(cutBy(THOUGHT, [...'\\boxed{2}. Yes'])).toBeNull();
    expect(cutBy({ ...THOUGHT, strings: ['Yes'] }, [...'\\boxed{2}. Yes!'])).toBe('\\boxed{2}. Yes');
  });

  test('does not keep what an unbalanced brace opens', () => {
    const long = `\\boxed{1${'x'.repeat(LONGEST_FRAME)}} then \\boxed{2} end`;
    expect(cutBy(BOX, [...long])).toBe(long.slice(0, -4));
    expect(cutBy(BOX, [...`\\boxed${' '.repeat(MOST_SPACES + 1)}{1} \\boxed{2}`])).toMatch(/\{2\}$/);
  });
});

test('what is pending ends a text as it stands, and is looked at again when it changes', () => {
  /** Digits are pending until anything else comes, which turns them into letters where it is a `!`. */
  class Fickle implements PieceStream {
    pending = '';
    push(text: string): string {
      if (/\d/.test(text)) {
        this.pending += text;
        return '';
      }
      const certain = (text === '!' ? this.pending.replaceAll(/\d/g, 'x') : this.pending) + text;
      this.pending = '';
      return certain;
    }
  }
  expect(cutBy({ strings: ['12'] }, ['a', '1', '2', 'b'], new Fickle())).toBe('a12');
  expect(cutBy({ strings: ['1!'] }, ['1', '!', 'b'], new Fickle())).toBeNull();
  expect(cutBy(BOX, ['\\boxed{', '1', '!', '}', '\\boxed{', '2', '}'], new Fickle())).toBe(
    '\\boxed{1!}\\boxed{2}',
  );
});
