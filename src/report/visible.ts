/** Text of a stranger made harmless to look at: it cannot move the cursor, change colours or reverse its neighbours. */

/** U+2400 is the picture of U+0000, and so on to the space. */
const PICTURES = 0x2400;
const PICTURE_OF_DELETE = '\u2421';
/** Stands for what has no picture: other controls, and marks that reorder a line (Unicode Standard Annex 9). */
const REPLACEMENT = '\ufffd';

/** Controls but tab and newline, marks of direction, and halves of a surrogate pair that stand alone. */
const HIDDEN =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Each hidden character becomes one visible one, so that offsets into the text stay what they were. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(PICTURES + code);
    return code === 0x7f ? PICTURE_OF_DELETE : REPLACEMENT;
  });
}

/** The same for what belongs on one line, such as a name. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(/[\t\n]/g, (character) =>
    String.fromCharCode(PICTURES + character.charCodeAt(0)),
  );
}
