/** Rows that say the same over and over, and will until their tokens run out. */

/** Tokens at the end of a row that must repeat what stood one period before. */
export const LOOP_TOKENS = 512;
/**
 * Longest period looked for, half of `LOOP_TOKENS`: whatever the period, the row ends in three copies or more, to the token.
 * Text that means something does not do that; a list or a table whose lines differ in a single token does not either.
 */
export const LONGEST_PERIOD = 256;
/** A row is looked at whenever it has a multiple of so many tokens: rarely, and at the same tokens however chunks fall. */
export const LOOK_INTERVAL = 64;

/** Whether each of the last `LOOP_TOKENS` tokens equals the one a period before it, at a moment when a row is looked at. */
export function isLooping(tokens: readonly number[]): boolean {
  if (tokens.length % LOOK_INTERVAL !== 0) return false;
  for (let period = 1; period <= LONGEST_PERIOD; period += 1) {
    const first = tokens.length - LOOP_TOKENS;
    if (first < period) return false;
    // From the end: nearly every period fails at the first comparison.
    let at = tokens.length - 1;
    while (at >= first && tokens[at] === tokens[at - period]) at -= 1;
    if (at < first) return true;
  }
  return false;
}
