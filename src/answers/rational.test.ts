import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  add,
  binomial,
  divide,
  equal,
  factorial,
  floor,
  greatestCommonDivisor,
  integerOf,
  MAX_BITS,
  MAX_FACTORIAL,
  modulo,
  multiply,
  negate,
  power,
  rational,
  rationalOfDecimal,
  root,
} from './rational.js';
import { RefusedAnswerError } from './refusal.js';

const small = fc.bigInt({ min: -1000n, max: 1000n });
const rationals = fc.tuple(small, fc.bigInt({ min: 1n, max: 60n })).map(([n, d]) => rational(n, d));
const nonZero = rationals.filter(({ numerator }) => numerator !== 0n);

describe('field laws', () => {
  test('addition and multiplication commute, associate and distribute', () => {
    fc.assert(
      fc.property(rationals, rationals, rationals, (a, b, c) => {
        expect(equal(add(a, b), add(b, a))).toBe(true);
        expect(equal(multiply(a, b), multiply(b, a))).toBe(true);
        expect(equal(add(add(a, b), c), add(a, add(b, c)))).toBe(true);
        expect(equal(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(true);
        expect(integerOf(add(a, negate(a)))).toBe(0n);
      }),
    );
  });

  test('division undoes multiplication, and denominators stay positive', () => {
    fc.assert(
      fc.property(rationals, nonZero, (a, b) => {
        expect(equal(multiply(divide(a, b), b), a)).toBe(true);
        expect(divide(a, b).denominator).toBeGreaterThan(0n);
      }),
    );
  });

  test('a = b * floor(a / b) + (a mod b), with the remainder between 0 and b', () => {
    fc.assert(
      fc.property(rationals, nonZero, (a, b) => {
        const remainder = modulo(a, b);
        const quotient = rational(floor(divide(a, b)));
        expect(equal(add(multiply(b, quotient), remainder), a)).toBe(true);
        const share = divide(remainder, b);
        expect(share.numerator >= 0n && share.numerator < share.denominator).toBe(true);
      }),
    );
  });
});

describe('roots and powers', () => {
  test('a root undoes a power', () => {
    fc.assert(
      fc.property(rationals, fc.bigInt({ min: 1n, max: 12n }), (a, index) => {
        const positive = a.numerator < 0n ? negate(a) : a;
        expect(equal(root(power(positive, rational(index)), index), positive)).toBe(true);
      }),
    );
  });

  test('neighbours of a power have no exact root', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n, max: 10n ** 40n }), fc.bigInt({ min: 2n, max: 9n }), (n, index) => {
        expect(() => root(rational(n ** index + 1n), index)).toThrow('irrational');
        expect(() => root(rational(n ** index - 1n), index)).toThrow('irrational');
      }),
    );
  });

  test.each([
    ['8/18 to the 1/2', power(rational(8n, 18n), rational(1n, 2n)), rational(2n, 3n)],
    ['-8 to the 1/3', power(rational(-8n), rational(2n, 6n)), rational(-2n)],
    ['27 to the -2/3', power(rational(27n), rational(-2n, 3n)), rational(1n, 9n)],
    ['1 to a long power', power(rational(1n), rational(10n ** 30n)), rational(1n)],
    ['-1 to a long odd power', power(rational(-1n), rational(10n ** 30n + 1n)), rational(-1n)],
  ])('%s', (_name, value, expected) => {
    expect(equal(value, expected)).toBe(true);
  });
});

describe('combinatorics', () => {
  test("Pascal's rule", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 200n }), fc.bigInt({ min: -2n, max: 202n }), (n, k) => {
        const above = (j: bigint) => binomial(rational(n - 1n), rational(j));
        expect(equal(binomial(rational(n), rational(k)), add(above(k - 1n), above(k)))).toBe(true);
      }),
    );
  });

  test('n! = n (n - 1)!', () => {
    expect(integerOf(factorial(rational(0n)))).toBe(1n);
    for (let n = 1n; n <= 60n; n++)
      expect(factorial(rational(n))).toEqual(multiply(rational(n), factorial(rational(n - 1n))));
  });

  test("the greatest common divisor divides both and is Bézout's", () => {
    fc.assert(
      fc.property(small, small, (a, b) => {
        const divisor = greatestCommonDivisor(a, b);
        if (divisor === 0n) return expect([a, b]).toEqual([0n, 0n]);
        expect([a % divisor, b % divisor]).toEqual([0n, 0n]);
        expect(greatestCommonDivisor(a / divisor, b / divisor)).toBe(1n);
      }),
    );
  });
});

describe('decimals', () => {
  test.each([
    ['42', 42n, 1n],
    ['4.20', 21n, 5n],
    ['0.5', 1n, 2n],
    ['25.0', 25n, 1n],
  ])('%s', (numeral, numerator, denominator) => {
    expect(equal(rationalOfDecimal(numeral), rational(numerator, denominator))).toBe(true);
  });
});

describe('caps', () => {
  const two = rational(2n);
  test('the longest number is still computed, one bit more is not', () => {
    expect(integerOf(power(two, rational(BigInt(MAX_BITS) - 1n)))).toBe(1n << (BigInt(MAX_BITS) - 1n));
    expect(() => power(two, rational(BigInt(MAX_BITS)))).toThrow('bits');
    expect(integerOf(factorial(rational(MAX_FACTORIAL)))).toBeGreaterThan(10n ** 2567n);
    expect(() => factorial(rational(MAX_FACTORIAL + 1n))).toThrow('factorials');
  });

  test.each([
    ['a tower', () => power(two, power(two, two)) && power(two, power(two, rational(49n)))],
    ['a division by zero', () => divide(two, rational(0n))],
    ['0^0', () => power(rational(0n), rational(0n))],
    ['1/0 by a power', () => power(rational(0n), rational(-1n))],
    ['a fraction of a factorial', () => factorial(rational(1n, 2n))],
    ['the square root of -4', () => root(rational(-4n), 2n)],
    ['the 65th root', () => root(two, 65n)],
    ['a long common divisor', () => greatestCommonDivisor(3n ** 3000n, 2n ** 5000n)],
  ])('%s is refused', (_name, compute) => {
    expect(compute).toThrow(RefusedAnswerError);
  });
});
