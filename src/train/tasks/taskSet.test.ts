import { describe, expect, test } from '@jest/globals';
import { Choice } from './choice.js';
import { drill } from './drill.js';
import type { Level } from './task.js';
import { FAMILIES, makeTaskSet, UsedUpError } from './taskSet.js';

const LEVELS: readonly Level[] = [1, 2, 3, 4, 5];
const EQUATION = /(\d+)([-+*])(\d+)=(\d+)(?![*\d])|(\d+)=(\d+)\*(\d+)\+(\d+)/g;

/** Checks every equation of a text and counts them. */
function checkEquations(text: string): number {
  const all = [...text.matchAll(EQUATION)];
  for (const [equation, a, sign, b, c, x, m, q, r] of all) {
    const [left, right] = [Number(a), Number(b)];
    const value = sign === '+' ? left + right : sign === '-' ? left - right : left * right;
    const holds = a === undefined ? Number(x) === Number(m) * Number(q) + Number(r) : value === Number(c);
    expect([equation, holds]).toEqual([equation, true]);
  }
  return all.length;
}

/** What the text of a problem asks for, computed in another way. */
const SOLVERS: Readonly<Record<string, (numbers: readonly number[], text: string) => number>> = {
  rem: ([number, m]) => number! % m!,
  power: ([base, exponent, m]) => Number(BigInt(base!) ** BigInt(exponent!) % BigInt(m!)),
  recur: ([, first, , factor, constant, m, last]) => {
    let term = first!;
    for (let at = 1; at < last!; at += 1) term = (factor! * term + constant!) % m!;
    return term;
  },
  gcd: ([u, v]) => {
    let divisor = v!;
    while (u! % divisor !== 0 || v! % divisor !== 0) divisor -= 1;
    return divisor;
  },
  digsq: ([number]) => [...String(number)].reduce((sum, digit) => sum + Number(digit) ** 2, 0),
  series: (numbers, text) => {
    const isListed = text.startsWith('Find');
    const [count, first, second] = isListed ? numbers : [numbers[2], numbers[0], numbers[0]! + numbers[1]!];
    return Array.from({ length: count! }, (_, at) => first! + at * (second! - first!)).reduce(
      (sum, x) => sum + x,
    );
  },
  count: (numbers, text) => {
    const isCount = text.startsWith('Count');
    const isPair = text.includes(' or ');
    const limit = isCount ? numbers[isPair ? 1 : 2]! : numbers[0]!;
    const divisors = isPair
      ? isCount
        ? numbers.slice(2)
        : numbers.slice(1)
      : [isCount ? numbers[0]! : numbers[1]!];
    return Array.from({ length: limit }, (_, at) => at + 1).filter((x) =>
      divisors.some((divisor) => x % divisor === 0),
    ).length;
  },
  lineq: (numbers, text) => {
    const two = /(\d+)x\+(\d+)=(\d+)x\+(\d+)/.exec(text);
    if (two) return (Number(two[4]) - Number(two[2])) / (Number(two[1]) - Number(two[3]));
    const [a, b, c] = numbers;
    return text.includes('x-') ? (c! + b!) / a! : (c! - b!) / a!;
  },
};

describe('makeTaskSet', () => {
  const problems = makeTaskSet({ seed: 5, count: 1600, levels: LEVELS, taken: new Set(), styles: [1, 1, 1] });

  test('knows an answer to every family that its text alone gives, too', () => {
    expect(new Set(problems.map(({ family }) => family))).toEqual(new Set(Object.keys(FAMILIES)));
    for (const { family, text, answer } of problems) {
      const numbers = [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
      expect([text, SOLVERS[family]!(numbers, text)]).toEqual([text, answer]);
      expect(answer).toBeLessThanOrEqual(999);
    }
  });

  test('shows only working that is right, and boxes nothing but the answer', () => {
    let equations = 0;
    for (const { completion, answer } of problems) {
      equations += checkEquations(completion!);
      const boxes = [...completion!.matchAll(/\\boxed\{(\d+)\}/g)].map(([, digits]) => Number(digits));
      expect(boxes.length).toBeGreaterThan(0);
      expect(new Set(boxes)).toEqual(new Set([answer]));
      expect(completion).toMatch(/^<think>\n.*<\/think>\n.+\.$/s);
    }
    expect(equations).toBeGreaterThan(8000);
  });

  test('boxes the answer in the thoughts of three quarters', () => {
    const inside = problems.filter(({ completion }) => completion!.split('</think>')[0]!.includes('\\boxed'));
    expect(inside.length / problems.length).toBeGreaterThan(0.7);
    expect(inside.length / problems.length).toBeLessThan(0.8);
  });

  test('repeats no problem, in whatever wording, within a set and across sets', () => {
    const taken = new Set<string>();
    const options = { count: 400, levels: LEVELS, taken, styles: null };
    const first = makeTaskSet({ ...options, seed: 1 });
    const size = taken.size;
    expect(size).toBeGreaterThan(800);
    const second = makeTaskSet({ ...options, seed: 1 });
    expect(new Set([...first, ...second].map(({ text }) => text)).size).toBe(800);
    expect(taken.size).toBeGreaterThan(size + 800);
  });

  test('is the same for the same seed', () => {
    const options = { seed: 9, count: 40, levels: LEVELS, taken: null, styles: [0.2, 0.4, 0.4] } as const;
    expect(makeTaskSet(options)).toEqual(makeTaskSet(options));
    expect(makeTaskSet({ ...options, seed: 10 })).not.toEqual(makeTaskSet(options));
  });

  test('says which family is used up instead of trying for ever', () => {
    expect(() => makeTaskSet({ seed: 1, count: 8000, levels: [1], taken: new Set(), styles: null })).toThrow(
      UsedUpError,
    );
  });
});

test('a drill computes rightly and ends with its last result', () => {
  const choice = new Choice(3);
  for (let at = 0; at < 300; at += 1) {
    const { problem, completion } = drill(choice);
    expect(problem.split(', ')).toHaveLength(6);
    expect(checkEquations(completion)).toBe(6);
    const last = completion.split('\n')[6]!;
    const value = /=.*\+(\d+)$/.exec(last)?.[1] ?? /=(\d+)$/.exec(last)![1]!;
    expect(completion).toContain(`\\boxed{${value}}`);
  }
});
