/** Finds a line such as `**Final Answer: 42**`, for texts that box nothing. */

/** The content of such a line, and its offsets [start, end) in the text, the words "Final Answer" included. */
export interface FinalAnswerLine {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

/** Marks and a word before the marker take less; a fixed reach keeps a text of one endless line linear. */
const MAX_INDENT_CHARACTERS = 40;
/** A longer rest of a line is a sentence; the cap keeps the cost of a text full of markers linear. */
export const MAX_LINE_CHARACTERS = 500;

const MARKER = /final answer/gi;
// What may stand before the words on their line: headings, emphasis, list marks, "The".
const BEFORE = /^[#>*_\-\d.) \t]*(?:(?:the|our|my|so the|thus,? the|hence,? the) )?$/i;
// Emphasis may close between the words and the value; the value may stand on a later line under a heading.
const SEPARATOR =
  /[*_ \t]*(?:(?::|=|is(?![A-Za-z]))[*_: \t]*(?:\r?\n\s*)?|\r?\n\s*)(?:[*_ \t]*the (?:final )?answer is[: \t]*)?/iy;

/**
 * The lines that begin with "Final Answer" and say something after it, in order. A marker inside a sentence does
 * not count: "the final answer is" also stands in intermediate thoughts.
 */
export function finalAnswerLines(text: string): readonly FinalAnswerLine[] {
  const lines: FinalAnswerLine[] = [];
  for (const marker of text.matchAll(MARKER)) {
    const start = marker.index;
    if (!beginsLine(text, start)) continue;
    SEPARATOR.lastIndex = start + marker[0].length;
    if (!SEPARATOR.test(text)) continue;
    const inside = SEPARATOR.lastIndex;
    const line = /^[^\r\n]*/.exec(text.slice(inside, inside + MAX_LINE_CHARACTERS))![0];
    // A sentence ends the answer: "42. I hope it is correct."
    const sentence = line.split(/\.(?=\s)/, 1)[0]!;
    const content = sentence.replace(/[\s.*_$]+$/, '');
    if (content !== '') lines.push({ start, end: inside + content.length, content });
  }
  return lines;
}

/** Whether only marks and an article stand between the start of the line and `at`. */
function beginsLine(text: string, at: number): boolean {
  const reach = Math.max(0, at - MAX_INDENT_CHARACTERS);
  const before = text.slice(reach, at);
  const lineBreak = before.lastIndexOf('\n');
  return (lineBreak >= 0 || reach === 0) && BEFORE.test(before.slice(lineBreak + 1));
}
