/**
 * Text -> answer. The precedence, in full:
 *
 * 1. The last complete box decides: `\boxed{…}`, `\fbox{…}` or `\boxed 42`, by where it ends. Boxes that are
 *    unfinished, empty, or hold nothing but prose or placeholders are passed over.
 * 2. If that box is no integer of the edition (1/3, two values, out of range without a modulus), the text has
 *    no answer: an earlier box is an intermediate result, and reading it would invent an answer the text gave up.
 * 3. Only a text without such a box is searched for lines "Final Answer: …", by the same rules; such an answer
 *    carries a warning.
 *
 * Values are exact (BigInt); an edition with a modulus reduces them, with a warning, the others refuse them.
 * The cost is linear in the text: one scan for boxes, and only the last candidates are read.
 */
import type { Answer } from '../core.js';
import type { Edition } from '../problems/editions.js';
import { type Box, bareNumeral, boxesOf } from './boxes.js';
import { type FinalAnswerLine, finalAnswerLines } from './finalAnswer.js';
import { readFree } from './freeReading.js';
import { judgedBy } from './policy.js';
import { type Reading, readInteger } from './reading.js';
import { withinWork } from './work.js';

/** `boxed`: a numeral in a box; `boxed-expression`: something that had to be evaluated; `…-refused`: no integer. */
export const RULES = [
  'boxed',
  'boxed-expression',
  'boxed-refused',
  'final-answer',
  'final-answer-refused',
  'none',
] as const;
export type Rule = (typeof RULES)[number];

/** An `Answer` whose rule is one of `RULES`; a refused candidate has neither value nor span. */
export interface ExtractedAnswer extends Answer {
  readonly rule: Rule;
}

const NO_ANSWER: ExtractedAnswer = { value: null, rule: 'none', span: null, warning: null };

/**
 * The answer that `text` gives under the edition's policy, by the precedence above. Never throws. `span` holds
 * the whole box, so `text.slice(0, span[1])` already gives this answer.
 */
export function extractAnswer(text: string, edition: Edition): ExtractedAnswer {
  return withinWork(() => lastAnswer(text, edition));
}

function lastAnswer(text: string, edition: Edition): ExtractedAnswer {
  const box = lastReadable(boxesOf(text), edition);
  if (box !== null) {
    const rule = box.reading.kind === 'value' && box.reading.isExpression ? 'boxed-expression' : 'boxed';
    return answerOf(box.candidate, box.reading, edition, rule);
  }
  const line = lastReadable(finalAnswerLines(text), edition, readLine);
  return line === null ? NO_ANSWER : answerOf(line.candidate, line.reading, edition, 'final-answer');
}

/**
 * The smallest offset from which on every longer prefix of `text` gives the final answer by the rule that found
 * it: the end of the first box in the last unbroken run of boxes of its value. `null` without an answer.
 */
export function firstSpanOfFinalAnswer(text: string, edition: Edition): number | null {
  return withinWork(() => firstOfLastRun(text, edition));
}

function firstOfLastRun(text: string, edition: Edition): number | null {
  const { value, rule, span } = extractAnswer(text, edition);
  if (value === null || span === null) return null;
  if (rule === 'final-answer') return span[1];
  const worth = memoized((content) => {
    const reading = read(content, edition);
    if (reading.kind === 'blank') return undefined;
    return reading.kind === 'refused' ? null : judgedBy(edition, reading.value).value;
  });
  let first = span[1];
  for (const box of boxesOf(text).toReversed()) {
    const boxValue = worth(box.content);
    if (boxValue === undefined) continue;
    if (boxValue !== value) break;
    first = box.end;
    if (!box.bare) continue;
    // A prefix may end inside a bare numeral: \boxed 4 on the way to \boxed 42.
    const partial = partialNumerals(box);
    const changed = partial.findLast(({ numeral }) => worth(numeral) !== value);
    first = partial.find(({ end }) => end > (changed?.end ?? 0))?.end ?? box.end;
    if (changed !== undefined) break;
  }
  return first;
}

const read = (content: string, edition: Edition): Reading =>
  edition.name === 'free' ? readFree(content) : readInteger(content);

/** Of a line, words are a sentence and no answer. */
function readLine(content: string, edition: Edition): Reading {
  const reading = read(content, edition);
  const isSentence = reading.kind === 'value' && /[a-z]{2,} [a-z]{2,}/i.test(String(reading.value));
  return isSentence ? { kind: 'blank' } : reading;
}

type Readable = Exclude<Reading, { kind: 'blank' }>;

function lastReadable<Candidate extends Box | FinalAnswerLine>(
  candidates: readonly Candidate[],
  edition: Edition,
  readOne = read,
): { readonly candidate: Candidate; readonly reading: Readable } | null {
  const readOnce = memoized((content) => readOne(content, edition));
  for (const candidate of candidates.toReversed()) {
    const reading = readOnce(candidate.content);
    if (reading.kind !== 'blank') return { candidate, reading };
  }
  return null;
}

function answerOf(
  candidate: { readonly start: number; readonly end: number },
  reading: Readable,
  edition: Edition,
  rule: 'boxed' | 'boxed-expression' | 'final-answer',
): ExtractedAnswer {
  const refused = rule === 'final-answer' ? 'final-answer-refused' : 'boxed-refused';
  const verdict = reading.kind === 'refused' ? reading : judgedBy(edition, reading.value);
  if (reading.kind === 'refused' || 'why' in verdict) {
    const { why } = verdict as { readonly why: string };
    return { value: null, rule: refused, span: null, warning: `refused: ${why}` };
  }
  const notes = [...reading.notes];
  if (verdict.note !== null) notes.push(verdict.note);
  if (rule === 'final-answer') notes.unshift('no box: read from a line "Final Answer"');
  return {
    value: verdict.value,
    rule,
    span: [candidate.start, candidate.end],
    warning: notes.length > 0 ? notes.join('; ') : null,
  };
}

/** What a bare box reads as while its numeral arrives, and the offset in the text at which it does. */
function partialNumerals({
  content,
  end,
}: Box): readonly { readonly numeral: string; readonly end: number }[] {
  const partial: { numeral: string; end: number }[] = [];
  for (let length = 1; length < content.length; length++) {
    const found = bareNumeral(content.slice(0, length), 0);
    if (found !== null) partial.push({ numeral: found.content, end: end - content.length + length });
  }
  return partial;
}

function memoized<Result>(compute: (content: string) => Result): (content: string) => Result {
  const known = new Map<string, Result>();
  return (content) => {
    if (known.has(content)) return known.get(content)!;
    const result = compute(content);
    known.set(content, result);
    return result;
  };
}
