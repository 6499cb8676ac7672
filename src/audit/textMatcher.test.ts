import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { indexProblems } from './problemIndex.js';
import { TextMatcher } from './textMatcher.js';

const TENNIS =
  'Fred and George take part in a tennis tournament with $4046$ other players. In each round, the players are paired into ' +
  '$2024$ matches. How many ways are there to arrange the first round such that Fred and George do not have to play each other?';
const TRIANGLE =
  'Triangle $ABC$ has side length $AB = 20$ and circumradius $R = 26$. Let $D$ be the foot of the perpendicular from $C$ to ' +
  'the line $AB$. What is the greatest possible length of segment $CD$?';
const SHORT = 'What is $48^9 \\bmod 7$?';
const FILLER = 'It was the best of times, and nobody asked for anything. '.repeat(20);

function matcherOf(...texts: string[]) {
  const problems = texts.map((text, id) => ({ id: String(id), text }));
  return new TextMatcher(indexProblems([{ name: 'set', problems }]));
}

const levelsOf = (matcher: TextMatcher, text: string) =>
  matcher
    .match(text)
    .map(({ entry, level }) => `${entry} ${level}`)
    .sort();

describe('copies', () => {
  const matcher = matcherOf(TENNIS, TRIANGLE, SHORT);

  test.each([
    ['as it is', TRIANGLE],
    ['in other case and blanks', TRIANGLE.toUpperCase().replaceAll(' ', '\n  ')],
    ['in other LaTeX', TRIANGLE.replace('$AB = 20$', '\\(AB=20\\)').replaceAll('$', '')],
    ['inside a long text', `${FILLER}${TRIANGLE} ${FILLER}`],
    ['twice', `${TRIANGLE} ${FILLER} ${TRIANGLE}`],
  ])('a whole problem %s is exact', (_, text) => {
    expect(levelsOf(matcher, text)).toEqual(['1 exact']);
  });

  test('the place of a find is that of the copy', () => {
    const [find] = matcher.match(`${FILLER}${TRIANGLE} ${FILLER}`);
    const { tokens } = matcher;
    const there = tokens.text.slice(tokens.from[find!.from]!, tokens.to[find!.to - 1]!);
    expect(TRIANGLE).toContain(there);
    expect(there.length).toBeGreaterThan(TRIANGLE.length - 5);
  });

  test('a run of 13 tokens is found, one of 12 is not', () => {
    const run = 'a tennis tournament with 4046 other players in each round the players are';
    expect(levelsOf(matcher, `xyz ${run} xyz`)).toEqual(['0 13-gram']);
    expect(levelsOf(matcher, `xyz ${run.split(' ').slice(0, 12).join(' ')} xyz`)).toEqual([]);
  });

  test('most of the 8-grams in one text are found, whatever their order', () => {
    const [first, second, third] = TENNIS.split(/(?<=[.]) /);
    expect(levelsOf(matcher, `${third} ${FILLER} ${first} ${second}`)).toContain('0 8-gram');
  });

  test.each([
    [`Q: ${SHORT} A: 6`, true],
    [`<|user|>${SHORT}<|assistant|>`, true],
    ['what is 48^9 mod 7', true],
    ['Now what is 48^9 mod 7 when', false],
    ['What is 48^9 mod 7 + 5?', false],
    ['What is 48^9 mod 71?', false],
    ['What is 48^9 mod 7.5?', false],
  ])('a short problem must be a sentence: %s', (text, isFound) => {
    expect(levelsOf(matcher, text)).toEqual(isFound ? ['2 exact'] : []);
  });
});

describe('edited copies', () => {
  const matcher = matcherOf(TENNIS, TRIANGLE);

  test('other numbers make a variant, which its runs do not override', () => {
    expect(levelsOf(matcher, TENNIS.replace('4046', '502').replace('2024', '252'))).toEqual(['0 variant']);
  });

  test('other names of variables are near', () => {
    const renamed = TRIANGLE.replace('$D$', '$P$').replace('$R =', '$Q =').replace('from $C$', 'from $Z$');
    expect(levelsOf(matcher, renamed)).toContain('1 near');
  });

  test('other words in between are near, or reworded', () => {
    const words = TENNIS.split(' ');
    const edited = words
      .map((word, at) => (at % 6 === 5 && !/\d/.test(word) ? `${word} indeed` : word))
      .join(' ');
    expect(levelsOf(matcher, edited)).toContain('0 reworded');
    const far = words.map((word, at) => (at % 13 === 5 ? `${word} indeed` : word)).join(' ');
    expect(levelsOf(matcher, `${FILLER}${far} ${FILLER}`)).toContain('0 near');
  });

  test('words in any order with the same numbers are reworded', () => {
    const shuffled = TENNIS.split(' ').reverse().join(' ');
    expect(levelsOf(matcher, `${FILLER}\n\n${shuffled}\n\n${FILLER}`)).toEqual(['0 reworded']);
    expect(levelsOf(matcher, shuffled.replace('4046', '502'))).toEqual([]);
    expect(levelsOf(matcher, `${FILLER} ${shuffled} ${FILLER}`)).toEqual(['0 reworded']);
  });
});

describe('templates and boilerplate', () => {
  const problem = (a: number, b: number) =>
    `A sequence has first term $${a}$ and common difference $${b}$. Find the sum of its first $${a + b}$ terms, please.`;

  test('where problems of the set differ in numbers alone, only the same numbers count', () => {
    const matcher = matcherOf(problem(3, 8), problem(5, 6), problem(3, 9));
    expect(levelsOf(matcher, `${problem(3, 7)} ${problem(5, 8)} ${problem(4, 8)}`)).toEqual([]);
    expect(levelsOf(matcher, problem(5, 6))).toEqual(['1 exact']);
  });

  test('the same numbers in the same places are near, in other words', () => {
    const matcher = matcherOf(problem(3, 8), problem(5, 6), problem(3, 9));
    const edited = (text: string) => text.replace('first term', 'initial term').replace(', please', ' now');
    expect(levelsOf(matcher, `${FILLER}${edited(problem(5, 6))} ${FILLER}`)).toEqual(['1 near']);
    expect(levelsOf(matcher, edited(problem(5, 7)))).toEqual([]);
    // 5, 6 and 11 stand in a row, but are those of two problems.
    const list = [problem(2, 5), 'A sequence has first term $6$ and common difference $11$.'].join(' ');
    expect(levelsOf(matcher, list.replace('$7$', 'seven'))).toEqual([]);
  });

  test('problems that have no words of their own are found in other words', () => {
    const word = (at: number) => `word${String.fromCharCode(97 + at)}`;
    const texts = [0, 1, 2].map((left) =>
      Array.from({ length: 24 }, (_, at) => word(at))
        .filter((_, at) => at % 3 !== left)
        .join(' '),
    );
    const matcher = matcherOf(...texts);
    const reversed = texts[1]!.split(' ').reverse().join(' ');
    expect(levelsOf(matcher, reversed)).toEqual(['1 reworded']);
  });

  test('a single problem of that kind has variants', () => {
    expect(levelsOf(matcherOf(problem(3, 8)), problem(5, 6))).toEqual(['0 variant']);
  });

  test('what two problems of the set share tells neither', () => {
    const tail = 'can be written as m/n where m and n are relatively prime positive integers. Find m + n.';
    const matcher = matcherOf(`The area of the green hexagon ${tail}`, `The chance that Ann wins ${tail}`);
    expect(levelsOf(matcher, `The volume of this cone ${tail}`)).toEqual([]);
  });
});

test('no text without a word of a problem is taken for one', () => {
  const matcher = matcherOf(TENNIS, TRIANGLE, SHORT);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(matcher.match(text)).toEqual([]);
    }),
  );
});

test('a copy is found wherever it stands', () => {
  const matcher = matcherOf(TENNIS, TRIANGLE);
  const around = fc.array(
    fc.constantFrom('the', 'players', 'are', '12', 'Fred', 'x', '+', 'triangle', '.', '\n'),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(around, around, (before, after) => {
      const text = `${before.join(' ')} ${TENNIS} ${after.join(' ')}`;
      expect(levelsOf(matcher, text)).toEqual(['0 exact']);
    }),
  );
});

test('repetition costs no square of time', () => {
  const zeros = '0 '.repeat(20_000);
  expect(levelsOf(matcherOf('0 '.repeat(400)), zeros)).toEqual(['0 exact']);
});
