import { describe, expect, test } from '@jest/globals';
import { editionOf } from '../problems/editions.js';
import { extractAnswer, firstSpanOfFinalAnswer } from './extract.js';
import { FREE_CASES } from './freeCases.js';
import { readGold } from './gold.js';

const free = editionOf('free');
const valueIn = (content: string) => extractAnswer(`So it is $\\boxed{${content}}$.`, free).value;

describe('pairs of answers', () => {
  test.each(
    FREE_CASES.map((row) => [row.source, row.gold, row.isEqual ? '=' : '≠', row.answer, row] as const),
  )('%s: %s %s %s', (_source, _gold, _relation, _answer, { gold, answer, isEqual }) => {
    const value = valueIn(answer);
    expect(value).not.toBeNull();
    const read = readGold(gold);
    expect('value' in read && read.value === value).toBe(isEqual);
  });
});

describe('canonical values', () => {
  test.each([
    ['\\frac{1}{\\sqrt{2}}', 'sqrt(2)/2'],
    ['\\frac{84}{2}', 42n],
    ['(x+1)^2', 'x^2 + 2*x + 1'],
    ['\\frac{x^2-1}{(x-1)^2}', '(x + 1)/(x - 1)'],
    ['\\{2,1\\}', '{1, 2}'],
    ['[0,\\infty]', '[0, oo)'],
    ['x > 1', '(1, oo)'],
    ['2\\pi', '2*pi'],
    ['\\text{Yes}', 'yes'],
    ['\\begin{pmatrix}1&2\\end{pmatrix}', '[[1, 2]]'],
    ['x = y^2', 'y^2'],
    ['x^2+y^2 = 4', 'x^2 + y^2 - 4 = 0'],
    ['\\binom{2026}{1013}', '\\binom{2026}{1013}'],
    ['007', 7n],
    ['-0', 0n],
  ])('%s is %s', (content, value) => {
    expect(valueIn(content)).toBe(value);
  });

  test.each([
    ['1 + 2\\frac{1}{2}', 'mixed number'],
    ['1/2x', 'compared as written'],
    ['\\frac13 \\approx 0.33', null],
    ['x \\approx 0.33', 'approximation'],
    ['2+2=5', 'not the same number'],
    ['x+1', null],
  ])('%s: the warning says %s', (content, warning) => {
    const answer = extractAnswer(`\\boxed{${content}}`, free);
    if (warning === null) expect(answer.warning).toBeNull();
    else expect(answer.warning).toContain(warning);
  });
});

describe('whole texts', () => {
  test.each([
    ['\\boxed{x} or rather \\boxed{x+1}', 'x + 1', 'boxed-expression'],
    ['\\boxed{yes} \\boxed{}', 'yes', 'boxed'],
    ['\\boxed{yes} Put it as \\boxed{\\text{your answer}}.', 'yes', 'boxed'],
    ['\\boxed{yes} \\boxed{', 'yes', 'boxed'],
    ['**Final Answer: $\\frac12$**', '1/2', 'final-answer'],
    ['Final Answer: see the sum above', null, 'none'],
    ['nothing', null, 'none'],
    [`\\boxed{${'9'.repeat(3000)}}`, null, 'boxed-refused'],
    ['\\boxed{\\text{no}}', 'no', 'boxed'],
  ])('%j', (text, value, rule) => {
    expect(extractAnswer(text, free)).toMatchObject({ value, rule });
  });

  test('an answer stands from the first box of its value on', () => {
    expect(firstSpanOfFinalAnswer('\\boxed{1/2} so \\boxed{\\frac12} and \\boxed{0.5}', free)).toBe(11);
    expect(firstSpanOfFinalAnswer('\\boxed{1/3} so \\boxed{\\frac12}', free)).toBe(30);
  });
});

describe('gold answers', () => {
  test.each([
    ['$\\frac{1}{2}$', '1/2'],
    ['\\boxed{3}', 3n],
    [' 073 ', 73n],
  ])('%s', (text, value) => {
    expect(readGold(text)).toEqual({ value });
  });

  test.each([
    ['', 'empty'],
    ['9'.repeat(3000), 'longer'],
  ])('%j is refused', (text, why) => {
    expect(readGold(text)).toEqual({ why: expect.stringContaining(why) });
  });
});
