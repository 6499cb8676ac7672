/** Division of sums in symbols: exact quotients and greatest common divisors of polynomials with rational coefficients. */
import { divide, greatestCommonDivisor, type Rational, rational } from '../rational.js';
import { spend } from '../work.js';
import {
  type Atom,
  add,
  keyOf,
  negate,
  numberIn,
  ONE,
  type Power,
  powerOf,
  reduced,
  type Sum,
  scale,
  sumOf,
  type Term,
  times,
  ZERO,
} from './terms.js';

/** Lexicographic order of powers, atoms by name: the larger power of the first atom that differs is larger. */
export function comparePowers(a: readonly Power[], b: readonly Power[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (x.atom.name !== y.atom.name) return x.atom.name < y.atom.name ? 1 : -1;
    const difference = x.above * y.below - y.above * x.below;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The largest term of a sum that is not 0. */
export function leadingTerm(sum: Sum): Term {
  return [...sum.values()].reduce((best, term) =>
    comparePowers(term.powers, best.powers) > 0 ? term : best,
  );
}

/** `a / b` for sums in symbols, `null` when something remains. */
export function exactQuotient(a: Sum, b: Sum): Sum | null {
  const divisor = leadingTerm(b);
  let rest = a;
  let quotient = ZERO;
  while (rest.size > 0) {
    spend(2);
    const term = termQuotient(leadingTerm(rest), divisor);
    if (term === null) return null;
    const step = sumOf([term]);
    quotient = add(quotient, step);
    rest = add(rest, negate(times(step, b)));
  }
  return quotient;
}

function termQuotient(a: Term, b: Term): Term | null {
  const left = new Map(a.powers.map((power) => [power.atom.name, power]));
  for (const { atom, above } of b.powers) {
    const power = left.get(atom.name);
    if (power === undefined || power.above < above) return null;
    if (power.above === above) left.delete(atom.name);
    else left.set(atom.name, { ...power, above: power.above - above });
  }
  return { coefficient: reduced(divide(a.coefficient, b.coefficient)), powers: [...left.values()] };
}

/** The rational number that leaves a sum with whole coefficients without a common divisor, the leading one positive. */
export function contentOf(sum: Sum): Rational {
  let above = 0n;
  let below = 1n;
  for (const { coefficient } of sum.values()) {
    above = greatestCommonDivisor(above, coefficient.numerator);
    below = (below / greatestCommonDivisor(below, coefficient.denominator)) * coefficient.denominator;
  }
  return rational(leadingTerm(sum).coefficient.numerator < 0n ? -above : above, below);
}

/** The sum with whole coefficients without a common divisor, the leading one positive. */
export function primitive(sum: Sum): Sum {
  return sum.size === 0 ? sum : scale(sum, divide(rational(1n), contentOf(sum)));
}

/** Greatest common divisor of two sums in symbols, primitive: Euclid's algorithm on primitive remainders, atom by atom. */
export function commonFactor(a: Sum, b: Sum): Sum {
  if (a.size === 0) return primitive(b);
  if (b.size === 0) return primitive(a);
  if (numberIn(a) !== null || numberIn(b) !== null) return ONE;
  const atom = symbolOf(a);
  const [first, second] = [coefficientsIn(a, atom), coefficientsIn(b, atom)];
  const [contentA, contentB] = [first.reduce(commonFactor, ZERO), second.reduce(commonFactor, ZERO)];
  const content = commonFactor(contentA, contentB);
  if (second.length === 1) return content;
  let [larger, smaller] = [exactQuotient(a, contentA)!, exactQuotient(b, contentB)!];
  if (first.length < second.length) [larger, smaller] = [smaller, larger];
  while (smaller.size > 0) {
    spend(5);
    const remainder = pseudoRemainder(larger, smaller, atom);
    const parts = coefficientsIn(remainder, atom);
    larger = smaller;
    smaller =
      remainder.size === 0 ? ZERO : primitive(exactQuotient(remainder, parts.reduce(commonFactor, ZERO))!);
    if (parts.length === 1 && smaller.size > 0) return content;
  }
  return primitive(times(content, larger));
}

function symbolOf(sum: Sum): Atom {
  return leadingTerm(sum).powers[0]!.atom;
}

/** Coefficients by ascending power of `atom`, themselves sums without it. */
function coefficientsIn(sum: Sum, atom: Atom): Sum[] {
  const parts: Term[][] = [[]];
  for (const { coefficient, powers } of sum.values()) {
    const degree = powers.find((power) => power.atom.name === atom.name)?.above ?? 0;
    while (parts.length <= degree) {
      spend(1);
      parts.push([]);
    }
    const rest = powers.filter((power) => power.atom.name !== atom.name);
    parts[degree]!.push({ coefficient, powers: rest });
  }
  return parts.map(sumOf);
}

function pseudoRemainder(a: Sum, b: Sum, atom: Atom): Sum {
  const below = coefficientsIn(b, atom);
  const leading = below.at(-1)!;
  let rest = a;
  for (;;) {
    const parts = coefficientsIn(rest, atom);
    const degree = parts.length - below.length;
    if (rest.size === 0 || degree < 0) return rest;
    const shift = degree === 0 ? ONE : powerOf(atom, degree);
    rest = add(times(rest, leading), negate(times(times(b, shift), parts.at(-1)!)));
  }
}

/** The largest power product that divides every term. */
export function commonPowers(sums: readonly Sum[]): Sum {
  let shared: readonly Power[] | null = null;
  for (const sum of sums)
    for (const { powers } of sum.values()) {
      if (shared === null) {
        shared = powers;
        continue;
      }
      const other = new Map(powers.map((power) => [power.atom.name, power]));
      shared = shared.flatMap((power) => {
        const match = other.get(power.atom.name);
        return match === undefined ? [] : [match.above < power.above ? match : power];
      });
    }
  const symbols = (shared ?? []).filter(({ atom }) => atom.kind === 'symbol');
  return symbols.length === 0 ? ONE : sumOf([{ coefficient: rational(1n), powers: symbols }]);
}

/** The sum by its powers of roots, each with the sum in symbols that it is multiplied by. */
export function groupedByRoots(
  sum: Sum,
): readonly { readonly roots: readonly Power[]; readonly factor: Sum }[] {
  const groups = new Map<string, { readonly roots: readonly Power[]; readonly terms: Term[] }>();
  for (const { coefficient, powers } of sum.values()) {
    const roots = powers.filter(({ atom }) => atom.kind !== 'symbol');
    const group = groups.get(keyOf(roots)) ?? { roots, terms: [] };
    group.terms.push({ coefficient, powers: powers.filter(({ atom }) => atom.kind === 'symbol') });
    groups.set(keyOf(roots), group);
  }
  return [...groups.values()].map(({ roots, terms }) => ({ roots, factor: sumOf(terms) }));
}
