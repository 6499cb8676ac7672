/** Values that stand for themselves, and the numbers among values. */
import type { Rational } from '../rational.js';
import { RefusedAnswerError } from '../refusal.js';
import { normalized, type Value } from './quotient.js';
import { numberIn, ONE, powerOf } from './terms.js';

/** A longer name of a function's value, or of what is under a root, is no part of an answer. */
export const MAX_NAME_CHARACTERS = 300;

/** A value that stands for itself: a variable, or a function of something. */
export function symbolValue(name: string): Value {
  if (name.length > MAX_NAME_CHARACTERS) throw new RefusedAnswerError('it has too long a part');
  return normalized(powerOf({ kind: 'symbol', name }));
}

/** The number that a value is, `null` for anything else. */
export function numberOf({ above, below }: Value): Rational | null {
  return below === ONE || numberIn(below) !== null ? numberIn(above) : null;
}
