/** How people group the digits of a number: `1,234`, `1{,}234`, `1\,234`, `1 234`, `1,\!234`. */

const SPACE_GROUP = String.raw`(?:\\[,;:!> ]|\\thinspace(?![A-Za-z])|\{\\,\}|~|[ \t])+`;
const COMMA_GROUP = String.raw`(?:\{,\}|\\text\{,\})(?:\\!)*|,(?:\\!)+`;
const numeral = (commaGroup: string) =>
  new RegExp(
    String.raw`(?:([1-9]\d{0,2}(?:(?:(?:${commaGroup})\d{3})+|(?:${SPACE_GROUP}\d{3})+))(?!\d)|(\d+))(\.\d*)?|(\.\d+)`,
    'y',
  );
/** A numeral; every group after the first has three digits, and all separators are of one kind. */
export const NUMERAL = numeral(`${COMMA_GROUP}|,`);
/** The same without bare commas: in parentheses they separate, (1,234) may be a pair. */
export const NUMERAL_IN_PARENTHESES = numeral(COMMA_GROUP);

/** The numeral of such a match without separators, a trailing dot or a missing zero: `1,234.` is `1234`, `.5` is `0.5`. */
export function canonicalNumeral(match: RegExpExecArray): string {
  const [, grouped, plain, decimals, fraction] = match;
  if (fraction !== undefined) return `0${fraction}`;
  const whole = plain ?? grouped!.replace(/\D/g, '');
  return decimals === undefined || decimals === '.' ? whole : whole + decimals;
}
