/** Sums of terms: rational coefficients times powers of atoms. The part of arithmetic that needs no division. */
import {
  add as addRationals,
  greatestCommonDivisor,
  multiply,
  type Rational,
  rational,
} from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { spend } from '../work.js';

/**
 * What a power is taken of. A prime and the `radicand` of another root carry a fractional exponent below 1 (the root of
 * two is the prime 2 to the 1/2); i carries 1; a symbol (a variable, pi, e, the value of a function) any whole exponent
 * above 0. Powers of different atoms are independent, but for roots of roots, which may depend on each other.
 */
export type Atom =
  | { readonly kind: 'prime'; readonly name: string; readonly prime: bigint }
  | { readonly kind: 'imaginary'; readonly name: 'i' }
  /** The name is the sum's text in parentheses, which no name of a symbol is. */
  | { readonly kind: 'radicand'; readonly name: string; readonly sum: Sum }
  | { readonly kind: 'symbol'; readonly name: string };

/** `atom ^ (above / below)`, in lowest terms. */
export interface Power {
  readonly atom: Atom;
  readonly above: number;
  readonly below: number;
}

/** Powers ascend by the names of their atoms. */
export interface Term {
  readonly coefficient: Rational;
  readonly powers: readonly Power[];
}

/** Terms by the key of their powers; no coefficient is 0. */
export type Sum = ReadonlyMap<string, Term>;

/** More terms than this are no answer; also bounds the memory of a reading. */
const MAX_TERMS = 120;
/** A larger exponent is refused before it is multiplied out. */
const MAX_EXPONENT = 1_000_000;

export const ZERO: Sum = new Map();
export const ONE: Sum = constant(rational(1n));
const IMAGINARY_UNIT: Atom = { kind: 'imaginary', name: 'i' };

/** A sum of one number. */
export function constant(value: Rational): Sum {
  return sumOf([{ coefficient: reduced(value), powers: [] }]);
}

/** A sum of one power. */
export function powerOf(atom: Atom, above = 1, below = 1): Sum {
  return sumOf([{ coefficient: rational(1n), powers: [{ atom, above, below }] }]);
}

export function imaginaryUnit(): Sum {
  return powerOf(IMAGINARY_UNIT);
}

/** In lowest terms. @throws RefusedAnswerError for numbers too long for a common divisor */
export function reduced(value: Rational): Rational {
  if (value.denominator === 1n) return value;
  const common = greatestCommonDivisor(value.numerator, value.denominator);
  return common === 1n ? value : rational(value.numerator / common, value.denominator / common);
}

/** Adds up terms, which may share their powers. */
export function sumOf(terms: Iterable<Term>): Sum {
  const sum = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term.powers);
    const earlier = sum.get(key);
    const coefficient =
      earlier === undefined ? term.coefficient : reduced(addRationals(earlier.coefficient, term.coefficient));
    if (coefficient.numerator === 0n) sum.delete(key);
    else sum.set(key, { coefficient, powers: term.powers });
  }
  if (sum.size > MAX_TERMS) throw new RefusedAnswerError(`it has more than ${MAX_TERMS} terms`);
  return sum;
}

export function add(a: Sum, b: Sum): Sum {
  spend(a.size + b.size);
  return sumOf([...a.values(), ...b.values()]);
}

export function scale(sum: Sum, by: Rational): Sum {
  spend(sum.size);
  return sumOf(
    [...sum.values()].map(({ coefficient, powers }) => ({
      coefficient: reduced(multiply(coefficient, by)),
      powers,
    })),
  );
}

export function negate(sum: Sum): Sum {
  return scale(sum, rational(-1n));
}

/** The product, with every power folded: the root of two squared is 2, i squared is -1. */
export function times(a: Sum, b: Sum): Sum {
  const terms: Term[] = [];
  let folded = ZERO;
  for (const x of a.values())
    for (const y of b.values()) {
      spend(3);
      const { term, factors } = timesTerm(x, y);
      if (factors.length === 0) terms.push(term);
      else folded = add(folded, factors.reduce(times, sumOf([term])));
    }
  return add(sumOf(terms), folded);
}

function timesTerm(x: Term, y: Term): { readonly term: Term; readonly factors: readonly Sum[] } {
  let coefficient = multiply(x.coefficient, y.coefficient);
  const powers: Power[] = [];
  const factors: Sum[] = [];
  for (const power of mergedPowers(x.powers, y.powers)) {
    const { atom } = power;
    switch (atom.kind) {
      case 'prime': {
        const whole = Math.floor(power.above / power.below);
        if (whole > 0) coefficient = multiply(coefficient, rational(atom.prime ** BigInt(whole)));
        const above = power.above - whole * power.below;
        if (above > 0) powers.push({ ...power, above });
        break;
      }
      case 'imaginary':
        if (power.above % 4 >= 2) coefficient = multiply(coefficient, rational(-1n));
        if (power.above % 2 === 1) powers.push({ ...power, above: 1 });
        break;
      case 'radicand':
        for (let count = power.above; count >= power.below; count -= power.below) factors.push(atom.sum);
        if (power.above % power.below > 0) powers.push({ ...power, above: power.above % power.below });
        break;
      case 'symbol':
        powers.push(power);
        break;
      default:
        atom satisfies never;
    }
  }
  return { term: { coefficient: reduced(coefficient), powers }, factors };
}

function mergedPowers(a: readonly Power[], b: readonly Power[]): Power[] {
  const merged: Power[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (x === undefined || (y !== undefined && y.atom.name < x.atom.name)) {
      merged.push(y!);
      j++;
    } else if (y === undefined || x.atom.name < y.atom.name) {
      merged.push(x);
      i++;
    } else {
      merged.push(powerIn(x.atom, x.above * y.below + y.above * x.below, x.below * y.below));
      i++;
      j++;
    }
  }
  return merged;
}

/** `atom ^ (above / below)` in lowest terms. @throws RefusedAnswerError for an exponent out of bounds */
export function powerIn(atom: Atom, above: number, below: number): Power {
  if (Math.max(above, below) > MAX_EXPONENT) throw new RefusedAnswerError('it has too large an exponent');
  const common = commonDivisor(above, below);
  return { atom, above: above / common, below: below / common };
}

/** A text that two lists of powers share only if they are the same. */
export function keyOf(powers: readonly Power[]): string {
  return powers.map(({ atom, above, below }) => `${atom.name}^${above}/${below}`).join('*');
}

/** The number that the sum is, `null` when atoms are in it. */
export function numberIn(sum: Sum): Rational | null {
  if (sum.size === 0) return rational(0n);
  return sum.size === 1 ? (sum.get('')?.coefficient ?? null) : null;
}

/** The one term of the sum, `null` when it has none or several. */
export function onlyTerm(sum: Sum): Term | null {
  const [term] = sum.values();
  return sum.size === 1 ? term! : null;
}

/** Whether any term holds an atom that `is` picks. */
export function hasAtom(sum: Sum, is: (atom: Atom) => boolean): boolean {
  return [...sum.values()].some(({ powers }) => powers.some(({ atom }) => is(atom)));
}

/** Greatest common divisor of whole numbers above 0. */
export function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
