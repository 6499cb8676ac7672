/** What an edition makes of a value: range, modulus, or anything at all. */
import type { AnswerValue } from '../core.js';
import type { Edition } from '../problems/editions.js';

/** A value that counts, or why there is none; `note` says what was done to it. */
export type Verdict =
  | { readonly value: AnswerValue; readonly note: string | null }
  | { readonly value: null; readonly why: string };

/** Holds a value against the policy for answers of a model; the key's own policy is that of `readAnswerKey`. */
export function judgedBy(edition: Edition, value: AnswerValue): Verdict {
  if (edition.name === 'free') return { value, note: null };
  const { name, min, max, modulus } = edition;
  if (typeof value !== 'bigint') return { value: null, why: 'its value is not an integer' };
  if (value >= min && value <= max) return { value, note: null };
  if (modulus === null) return { value: null, why: `its value is outside ${min}..${max} (${name})` };
  return { value: ((value % modulus) + modulus) % modulus, note: `reduced modulo ${modulus}` };
}

/** The value that a text stands for: decimal digits for an integer, anything else for itself. */
export function answerValueOf(text: string): AnswerValue {
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}
