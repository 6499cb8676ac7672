/** Relations in a free answer: `x = 3`, `y = 2x + 1`, `x^2 + y^2 = 4`, `-1 < x \le 3`. */
import { evaluateFree, textOfValue } from './freeValue.js';
import { RefusedAnswerError } from './refusal.js';
import { splitAtRelations } from './sides.js';
import { primitive } from './symbolic/polynomials.js';
import { printedSum } from './symbolic/printed.js';
import { minus } from './symbolic/quotient.js';
import type { Token } from './tokens.js';
import { REFUSED_WORDS } from './vocabulary.js';

/** What a relation says: that a name has the value of a side, or a text of its own. */
export type Relation =
  | { readonly label: string | null; readonly side: readonly Token[] }
  | { readonly text: string; readonly isRange: boolean };

const ORDERS = new Set(['less', 'atMost', 'greater', 'atLeast']);

/** Whether there is a relation outside of brackets. */
export function isRelated(tokens: readonly Token[]): boolean {
  return splitAtRelations(tokens).relations.length > 0;
}

/**
 * Of `x = 3` the side that is a value, of an inequality in one name the interval, of any other equation the equation.
 * @throws RefusedAnswerError when it says something else
 */
export function relationOf(tokens: readonly Token[], notes: string[]): Relation {
  const { sides, relations } = splitAtRelations(tokens);
  if (relations.every((relation) => ORDERS.has(relation)))
    return { text: intervalOf(sides, relations), isRange: true };
  if (relations.some((relation) => ORDERS.has(relation)))
    throw new RefusedAnswerError('it mixes equations and inequalities');
  if (relations.includes('congruent') && tokens.some(({ kind }) => kind === 'variable'))
    throw new RefusedAnswerError('it is a congruence');
  const exact = sides.slice(0, relations.indexOf('approximately') + 1 || sides.length);
  const [first, last] = [exact[0]!, exact.at(-1)!];
  if (exact.length < sides.length) {
    if (!isLabel(last, sides.at(-1)!)) return labelled(first, last, exact.length > 1);
    notes.push('given as an approximation');
    return { label: nameOf(last), side: sides.at(-1)! };
  }
  if (isLabel(first, last)) return labelled(first, last, true);
  if (isLabel(last, first)) return labelled(last, first, true);
  const value = evaluateFree(last, []);
  const differences = exact.slice(0, -1).map((side) => minus(evaluateFree(side, []), value));
  if (differences.every(({ above }) => above.size === 0)) return { label: null, side: last };
  if (!tokens.some(({ kind }) => kind === 'variable')) {
    notes.push('the sides of its equation are not the same number; the last is read');
    return { label: null, side: last };
  }
  if (differences.length > 1) throw new RefusedAnswerError('it holds several equations');
  return { text: `${printedSum(primitive(differences[0]!.above))} = 0`, isRange: false };
}

function labelled(label: readonly Token[], side: readonly Token[], isNamed: boolean): Relation {
  return { label: isNamed ? nameOf(label) : null, side };
}

const nameOf = (tokens: readonly Token[]) => tokens.map(({ text }) => text).join(' ');

/**
 * Whether a side only names what the other is the value of: `x`, `x_1`, `f(x)`, `|AB|`, `(x, y)`, words, and where the
 * other side is a number also `m + n`.
 */
function isLabel(side: readonly Token[], other: readonly Token[]): boolean {
  if (side.length === 0) return true;
  const first = side[0]!;
  const words = side.flatMap(({ kind, text }) => (kind === 'words' ? text.split(' ') : []));
  if (words.some((word) => REFUSED_WORDS.has(word.toLowerCase()))) return false;
  const isSum = side.every(({ kind, text }, at) => (at % 2 === 0 ? isName(kind, text) : text === '+'));
  if (isSum && (side.length === 1 || !other.some(({ kind }) => kind === 'variable'))) return true;
  if (first.kind === 'number' || !side.some(({ kind }) => kind === 'variable' || kind === 'words'))
    return false;
  return side.every(
    ({ kind, text }) =>
      isName(kind, text) || ['words', 'subscript', 'open', 'close', 'bar', 'comma', 'number'].includes(kind),
  );
}

/** A letter, a command such as \alpha or \angle, or a run of capitals such as AB. */
function isName(kind: Token['kind'], text: string): boolean {
  return kind === 'variable' && /^(?:[A-Za-z]|[A-Z]+|\\[A-Za-z]+)$/.test(text);
}

function intervalOf(sides: readonly Token[][], relations: readonly string[]): string {
  const isDown = (relation: string) => relation === 'greater' || relation === 'atLeast';
  if (sides.length > 3 || new Set(relations.map(isDown)).size > 1)
    throw new RefusedAnswerError('its inequalities do not make an interval');
  const [ascending, steps] = isDown(relations[0]!)
    ? [sides.toReversed(), relations.toReversed()]
    : [sides, relations];
  const isIncluded = (relation: string) => relation === 'atMost' || relation === 'atLeast';
  const at = ascending.findIndex((side) => side.length === 1 && isName(side[0]!.kind, side[0]!.text));
  if (at < 0 || (ascending.length === 3 && at !== 1))
    throw new RefusedAnswerError('its inequality is not solved for a name');
  const [below, above] = [ascending[at - 1], ascending[at + 1]];
  const left =
    below === undefined ? '(-oo' : `${isIncluded(steps[at - 1]!) ? '[' : '('}${textOfValue(below)}`;
  const right = above === undefined ? 'oo)' : `${textOfValue(above)}${isIncluded(steps[at]!) ? ']' : ')'}`;
  return `${left}, ${right}`;
}
