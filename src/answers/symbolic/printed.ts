/** The canonical text of a value, which mathjs can read: `sqrt(2)/2`, `x^2 + 2*x + 1`, `(x + 1)/(x - 1)`. */
import type { Rational } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { comparePowers } from './polynomials.js';
import type { Power, Sum, Term } from './terms.js';

/** Longer than any answer that a person would check; also keeps the names of nested roots short. */
const MAX_CHARACTERS = 1_000;

/** The text of `above / below`. */
export function printedQuotient(above: Sum, below: Sum): string {
  const divisor = printedSum(below);
  if (divisor === '1') return printedSum(above);
  return `${inParentheses(printedSum(above))}/${/^[a-z0-9_]+$/i.test(divisor) ? divisor : `(${divisor})`}`;
}

/** Terms by falling powers of symbols, then by their text. */
export function printedSum(sum: Sum): string {
  const terms = [...sum.values()].map((term) => ({ term, text: printedPowers(term.powers) }));
  terms.sort((a, b) => comparePowers(symbolsOf(b.term), symbolsOf(a.term)) || (a.text < b.text ? 1 : -1));
  let text = '';
  for (const { term, text: powers } of terms) {
    const part = printedTerm(term.coefficient, powers);
    if (text === '') text = part;
    else text += part.startsWith('-') ? ` - ${part.slice(1)}` : ` + ${part}`;
  }
  if (text.length > MAX_CHARACTERS)
    throw new RefusedAnswerError(`its value is longer than ${MAX_CHARACTERS} characters`);
  return text || '0';
}

const symbolsOf = ({ powers }: Term) => powers.filter(({ atom }) => atom.kind === 'symbol');

function printedTerm({ numerator, denominator }: Rational, powers: string): string {
  const below = denominator === 1n ? '' : `/${denominator}`;
  if (powers === '') return `${numerator}${below}`;
  const factor = numerator === 1n ? '' : numerator === -1n ? '-' : `${numerator}*`;
  return `${factor}${powers}${below}`;
}

/** Primes under one root: the square roots of 2 and 3 are `sqrt(6)`. */
function printedPowers(powers: readonly Power[]): string {
  const underRoots = new Map<number, bigint>();
  const others: string[] = [];
  for (const { atom, above, below } of powers) {
    if (atom.kind === 'prime')
      underRoots.set(below, (underRoots.get(below) ?? 1n) * atom.prime ** BigInt(above));
    else {
      const base =
        atom.kind === 'radicand' ? printedRoot(atom.name.slice(1, -1), below) : inParentheses(atom.name);
      others.push(above === 1 ? (atom.kind === 'radicand' ? base : atom.name) : `${base}^${above}`);
    }
  }
  const roots = [...underRoots].sort(([a], [b]) => a - b);
  return [...others, ...roots.map(([index, radicand]) => printedRoot(String(radicand), index))].join('*');
}

export function printedRoot(radicand: string, index: number): string {
  return index === 2 ? `sqrt(${radicand})` : `root(${radicand}, ${index})`;
}

/** A name, a numeral or a call stays as it is. */
export function inParentheses(text: string): string {
  return /^[a-z0-9_]+$/i.test(text) || /^[a-z]+\([^()]*\)$/i.test(text) ? text : `(${text})`;
}
