/** Finds `\boxed{…}`, `\fbox{…}` and `\boxed 42` in a text, in one pass. */

/** A complete box: `[start, end)` are its offsets in the text, `content` what it frames. */
export interface Box {
  readonly start: number;
  readonly end: number;
  readonly content: string;
  /** Written without braces, as `\boxed 42`; such a box grows with every digit that arrives. */
  readonly bare: boolean;
}

const COMMANDS = ['\\boxed', '\\fbox'];
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
// No line break before a bare numeral: `\boxed` at the end of a line of prose says nothing about the next line.
const BARE_NUMERAL = /[ \t]*([+\-\u2212]?\d+(?:,\d{3})*(?:\.\d+)?)/y;
const OPENING = /\s*\{/y;

/**
 * Every complete box, nested ones included, by ascending end. A box is complete once its braces balance;
 * escaped braces do not count. Time is linear in the text, and what is found in a prefix of the text is
 * what is found in the text up to there (but for a bare box cut inside its numeral).
 */
export function boxesOf(text: string): readonly Box[] {
  const boxes: Box[] = [];
  /** For each open brace: where its box starts and where its content does; `null` for a brace of another kind. */
  const open: ({ readonly start: number; readonly inside: number } | null)[] = [];
  for (let at = nextMark(text, 0); at < text.length; at = nextMark(text, at)) {
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACE) {
      open.push(null);
      at++;
    } else if (code === CLOSE_BRACE) {
      const opened = open.pop();
      at++;
      if (opened)
        boxes.push({ start: opened.start, end: at, content: text.slice(opened.inside, at - 1), bare: false });
    } else {
      const after = commandEnd(text, at);
      const inside = after === null ? null : matchEnd(OPENING, text, after);
      if (after === null) {
        // In `\\boxed` (escaped twice) the second backslash begins the command; any other escape hides its character.
        at += commandEnd(text, at + 1) === null ? 2 : 1;
      } else if (inside !== null) {
        open.push({ start: at, inside });
        at = inside;
      } else {
        const numeral = bareNumeral(text, after);
        if (numeral !== null)
          boxes.push({ start: at, end: numeral.end, content: numeral.content, bare: true });
        at = numeral?.end ?? after;
      }
    }
  }
  return boxes;
}

/** The numeral of a bare box that starts at `at`, blanks before it left out. */
export function bareNumeral(
  text: string,
  at: number,
): { readonly content: string; readonly end: number } | null {
  BARE_NUMERAL.lastIndex = at;
  const content = BARE_NUMERAL.exec(text)?.[1];
  return content === undefined ? null : { content, end: BARE_NUMERAL.lastIndex };
}

function nextMark(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH || code === OPEN_BRACE || code === CLOSE_BRACE) break;
    at++;
  }
  return at;
}

/** Where the box command that starts at `at` ends; `null` when there is none or its name goes on. */
function commandEnd(text: string, at: number): number | null {
  const command = COMMANDS.find((name) => text.startsWith(name, at));
  if (command === undefined) return null;
  const end = at + command.length;
  return /[A-Za-z]/.test(text[end] ?? '') ? null : end;
}

function matchEnd(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
