import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type * as Mathjs from 'mathjs';
import { RefusedAnswerError } from '../refusal.js';
import { withinWork } from '../work.js';
import { evaluateSymbols } from './evaluate.js';
import { minus, printed, quotient } from './quotient.js';

const text = (source: string) => printed(evaluateSymbols(source));

describe('normal forms', () => {
  test.each([
    ['1/sqrt(2)', 'sqrt(2)/2'],
    ['sqrt(8)/2 + 1/3', 'sqrt(2) + 1/3'],
    ['(1 + sqrt(2))/(1 - sqrt(2))', '-2*sqrt(2) - 3'],
    ['sqrt(12 + 6*sqrt(3))', 'sqrt(3) + 3'],
    ['sqrt(5 - 2*sqrt(6))', 'sqrt(3) - sqrt(2)'],
    ['1/(1 + root(2, 3))', 'root(4, 3)/3 - root(2, 3)/3 + 1/3'],
    ['1/root(2, 5)', 'root(16, 5)/2'],
    ['1/(1 + root(2, 4))', '-sqrt(2) + root(8, 4) + root(2, 4) - 1'],
    ['1/(1 + sqrt(root(x + 1, 2)))', '(-sqrt(x + 1) + root(x + 1, 4)^3 + root(x + 1, 4) - 1)/x'],
    ['1/sqrt(1 + sqrt(2))^2', 'sqrt(2) - 1'],
    ['(1 + 2*i)/(3 - 4*i)', '2*i/5 - 1/5'],
    ['sqrt(-4)', '2*i'],
    ['root(-8, 3)', '-2'],
    ['(x^2 - y^2)/(x^2 + 2*x*y + y^2)', '(x - y)/(x + y)'],
    ['(x^4 - y^4)/(x^3 - y^3)', '(x^3 + x^2*y + x*y^2 + y^3)/(x^2 + x*y + y^2)'],
    ['(x^2 - 2)/(x - sqrt(2))', 'x + sqrt(2)'],
    ['1/(x - sqrt(2))', '(x + sqrt(2))/(x^2 - 2)'],
    ['2/(4*x + 6)', '1/(2*x + 3)'],
    ['4^n/2^n', '2^n'],
    ['2^(-n)', '1/(2^n)'],
    ['x^(n+1)/x', 'x^n'],
    ['ln(8)/ln(2)', '3'],
    ['sqrt(1000000007^2 * 3)', '1000000007*sqrt(3)'],
    ['abs(1 - sqrt(2))', 'sqrt(2) - 1'],
    ['abs(1 - x) - abs(x - 1)', '0'],
    ['sin(-x) + sin(x)', '0'],
    ['max(sqrt(2), 3/2)', '3/2'],
    ['floor(sqrt(2))', 'floor(sqrt(2))'],
    ['sqrt(x^2)', 'sqrt(x^2)'],
    ['sqrt(x)^2', 'x'],
  ])('%s is %s', (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  test.each([
    '1/0',
    '1/(x - x)',
    '0^0',
    '1/(sqrt(2)*sqrt(3) - sqrt(6))',
    '1/(sqrt(2 + sqrt(2)) * (sqrt(2) - 1) + sqrt(2 - sqrt(2)))',
    'root(-4, 4)',
    'ln(0)',
    '(a + b + c)^30',
    '(x + 1)^1000',
    '2^(2^(2^49))',
    'foo(x)',
    'sqrt(3^20000)',
  ])('%s is refused', (source) => {
    expect(() => withinWork(() => text(source))).toThrow(RefusedAnswerError);
  });
});

/** Expressions in mathjs syntax; `leaves` are the atoms they are made of. */
function expressions(leaves: readonly string[]): fc.Arbitrary<string> {
  return fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(...leaves),
      fc
        .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/'), tie('expression'))
        .map(([a, operator, b]) => `(${a}) ${operator} (${b})`),
      tie('expression').map((a) => `-(${a})`),
      fc.tuple(tie('expression'), fc.constantFrom('2', '3', '-1')).map(([a, n]) => `(${a})^(${n})`),
      tie('expression').map((a) => `abs(${a})`),
      tie('expression').map((a) => `sqrt(abs(${a}))`),
    ),
  })).expression;
}
const NUMBERS = [
  '1',
  '2',
  '3',
  '6',
  '12',
  '1/2',
  '5/3',
  'sqrt(2)',
  'sqrt(3)',
  'root(2, 3)',
  'pi',
  'sqrt(2 + sqrt(3))',
];

/** The value of a source, or `null` where it is refused. */
function attempt(source: string) {
  try {
    return withinWork(() => evaluateSymbols(source));
  } catch (error) {
    if (error instanceof RefusedAnswerError) return null;
    throw error;
  }
}

const { create, all } = createRequire(import.meta.url)('mathjs') as typeof Mathjs;
const floating = create(all!, { number: 'number' });
const SCOPE = { x: 0.731, y: 1.377 };

/** In floating point, `null` where that says nothing. */
function near(source: string): number | null {
  floating.import(
    { root: (a: number, n: number) => Math.sign(a) * Math.abs(a) ** (1 / n) },
    { override: true },
  );
  const value: unknown = floating.evaluate(source, { ...SCOPE });
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e6 ? value : null;
}

describe('for any expression', () => {
  test('the normal form has the value of what it comes from, and is its own normal form', () => {
    let compared = 0;
    fc.assert(
      fc.property(expressions([...NUMBERS, 'x', 'y', 'x + y', 'x + 1']), (source) => {
        const value = attempt(source);
        if (value === null) return;
        const form = withinWork(() => printed(value));
        const again = attempt(form);
        if (again !== null) expect(withinWork(() => printed(again))).toBe(form);
        const [before, after] = [near(source), near(form)];
        // Where terms cancel, floating point loses what is compared; values near 0 are left to the exact tests.
        if (before === null || after === null || Math.abs(before) < 1e-3) return;
        compared++;
        expect(Math.abs(after - before)).toBeLessThan(1e-5 * Math.max(1, Math.abs(before)) ** 2);
      }),
      { numRuns: 600 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('what is written in two ways has one form', () => {
    const expression = expressions([...NUMBERS.slice(0, 9), 'x', 'y', 'x + 1']);
    fc.assert(
      fc.property(expression, expression, expression, (a, b, c) => {
        const pairs = [
          [`(${a}) * ((${b}) + (${c}))`, `(${c}) * (${a}) + (${a}) * (${b})`],
          [`((${a}) - (${b}))^2`, `(${a})^2 + (${b})^2 - 2 * (${b}) * (${a})`],
        ];
        for (const [first, second] of pairs) {
          const [one, other] = [attempt(first!), attempt(second!)];
          if (one === null || other === null) continue;
          const forms = [one, other].map((value) => printed(value));
          // Nested roots may keep several forms; without them there is one.
          if (!forms.some((form) => /sqrt\([^()]*\(|abs|sqrt\([^()]*[a-z]/.test(form)))
            expect(forms[0]).toBe(forms[1]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a value divided by itself is 1, and less itself is 0', () => {
    fc.assert(
      fc.property(expressions([...NUMBERS, 'x']), (source) => {
        const value = attempt(source);
        if (value === null || value.above.size === 0) return;
        try {
          withinWork(() => {
            expect(printed(minus(value, value))).toBe('0');
            expect(printed(quotient(value, value))).toBe('1');
          });
        } catch (error) {
          if (!(error instanceof RefusedAnswerError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});
