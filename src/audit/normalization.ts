/**
 * What counts as the same text: the class of each character and the meaning of LaTeX commands. Texts that differ only in case,
 * blanks, punctuation, Unicode form, or in how LaTeX spells a formula become equal; docs/audit.md states the rules.
 */

/** Kinds of characters; what is none of these separates tokens and is dropped. */
export const SEPARATOR = 0;
export const LETTER = 1;
export const DIGIT = 2;
/** `+` and `=`: what else LaTeX and Unicode have for operators and relations is dropped. */
export const SIGN = 3;
export const DASH = 4;
export const BACKSLASH = 5;
/** Scripts that are written without blanks: each character is a token. */
export const IDEOGRAPH = 6;
/** Invisible: does not even separate. */
export const INVISIBLE = 7;
export const GREEK = 8;

/** Names of the lower-case letters from U+03B1 on; LaTeX has a command of each name. */
const GREEK_NAMES = (
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi ' +
  'psi omega'
).split(' ');
const FIRST_GREEK = 0x3b1;

/** Commands that are read aloud as words stay as these; all others (fonts, spaces, brackets, symbols) are dropped. */
const SPOKEN_COMMANDS = (
  'arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom ker lcm lg lim liminf limsup ln log max min mod ' +
  'Pr sec sin sinh sup inf tan tanh'
).split(' ');

/** The word that a LaTeX command (without its backslash) stands for; commands that are not here are dropped. */
export const COMMAND_WORDS: ReadonlyMap<string, string> = new Map([
  ...GREEK_NAMES.flatMap((name): [string, string][] => [
    [name, name],
    [name[0]!.toUpperCase() + name.slice(1), name],
    [`var${name}`, name],
  ]),
  ...SPOKEN_COMMANDS.map((name): [string, string] => [name, name.toLowerCase()]),
  ['bmod', 'mod'],
  ['pmod', 'mod'],
]);

/** Commands whose argument is a name of layout, not text. */
export const LAYOUT_COMMANDS: ReadonlySet<string> = new Set(['begin', 'end']);

/** Commands that take single digits as arguments where there are no braces: `\frac12` is a half. */
export const FRACTIONS: ReadonlySet<string> = new Set([
  'frac',
  'dfrac',
  'tfrac',
  'cfrac',
  'binom',
  'dbinom',
  'tbinom',
]);

const IDEOGRAPHS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** The class of each UTF-16 code unit of a text in form NFKC. */
export const CLASS_OF: Uint8Array = Uint8Array.from({ length: 0x10000 }, (_, code) => classOf(code));

/** The lower case of each code unit; where it would be longer than one, the unit itself. */
export const LOWER_OF: Uint16Array = Uint16Array.from({ length: 0x10000 }, (_, code) => {
  const lower = String.fromCharCode(code).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
});

function classOf(code: number): number {
  const character = String.fromCharCode(code);
  const lower = character.toLowerCase();
  if (lower.length === 1 && greekName(lower.charCodeAt(0)) !== undefined) return GREEK;
  if (IDEOGRAPHS.test(character)) return IDEOGRAPH;
  if (/[\p{L}\p{M}]/u.test(character)) return LETTER;
  if (/\p{Nd}/u.test(character)) return DIGIT;
  if (/\p{Cf}/u.test(character)) return INVISIBLE;
  if (character === '+' || character === '=') return SIGN;
  if (/[-\u2010\u2012\u2013\u2212]/.test(character)) return DASH;
  return character === '\\' ? BACKSLASH : SEPARATOR;
}

/** The name of a lower-case Greek letter without accent. */
export function greekName(lowerCode: number): string | undefined {
  return GREEK_NAMES[lowerCode - FIRST_GREEK];
}

/** Raised and lowered digits and fractions, which NFKC would join to the number before them: `10²` is not 102. */
const SHIFTED_DIGITS = /[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u207e\u2080-\u208e\u2150-\u215f]+/g;

/** Unicode's compatibility form NFKC, in which ligatures, full-width forms and mathematical alphabets are plain letters. */
export function compatibilityForm(text: string): string {
  return text.replace(SHIFTED_DIGITS, ' $&').normalize('NFKC');
}
