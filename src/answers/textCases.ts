/** Whole texts with the answer they must give, by the family of real outputs they come from. */
import type { Edition } from '../problems/editions.js';
import type { Rule } from './extract.js';

/** One text, read under `edition`. */
export interface TextCase {
  readonly source: string;
  readonly text: string;
  readonly edition: Edition['name'];
  /** `null`: no answer. */
  readonly value: number | null;
  readonly rule: Rule;
  /** A part of the warning; `null`: there is none. */
  readonly warning: string | null;
}

type Row = readonly [text: string, value: number | null, rule: Rule, warning?: string | null];

const family = (source: string, edition: Edition['name'], rows: readonly Row[]): readonly TextCase[] =>
  rows.map(([text, value, rule, warning = null]) => ({ source, edition, text, value, rule, warning }));

export const TEXT_CASES: readonly TextCase[] = [
  ...family('forms of a box', 'aimo3', [
    ['\\boxed{42}', 42, 'boxed'],
    ['\\fbox{42}', 42, 'boxed'],
    ['\\boxed 42', 42, 'boxed'],
    ['\\boxed42', 42, 'boxed'],
    ['\\boxed 42.', 42, 'boxed'],
    ['\\boxed 1,234 in total', 1234, 'boxed'],
    ['\\boxed -42', null, 'boxed-refused', 'outside'],
    ['\\boxed {42}', 42, 'boxed'],
    ['\\boxed\n{42}', 42, 'boxed'],
    ['\\boxed{\n  42\n}', 42, 'boxed'],
    ['\\\\boxed{42}', 42, 'boxed'],
    ['\\\\boxed{\\\\frac{84}{2}}', 42, 'boxed-expression'],
    ['**\\boxed{42}**', 42, 'boxed'],
    ['$$\\boxed{42}$$', 42, 'boxed'],
    ['$\\boxed{\\text{42}}$.', 42, 'boxed'],
    ['\\boxed{6 \\cdot 7}', 42, 'boxed-expression'],
    ['\\boxed{x = 42}', 42, 'boxed-expression'],
  ]),
  ...family('several boxes', 'aimo3', [
    ['\\boxed{41} … so \\boxed{42}', 42, 'boxed'],
    ['\\boxed{840}\\boxed{840}', 840, 'boxed'],
    ['\\boxed{4}, then \\boxed{004}', 4, 'boxed'],
    ['\\boxed{\\boxed{41}+1}', 42, 'boxed-expression'],
    ['\\boxed{42} and \\boxed{1/3}', null, 'boxed-refused', 'not an integer'],
    ['\\boxed{42} and \\boxed{x}', null, 'boxed-refused', "contains 'x'"],
    ['\\boxed{42} and \\boxed{100000}', null, 'boxed-refused', 'outside 0..99999'],
    ['\\boxed{42} and \\boxed{\\text{B}}', null, 'boxed-refused', 'holds no number'],
  ]),
  ...family('a later box says nothing', 'aimo3', [
    ['\\boxed{42} Let me check: \\boxed{4', 42, 'boxed'],
    ['\\boxed{42} Let me check: \\boxed{\\frac{84}{', 42, 'boxed'],
    ['\\boxed{42} \\boxed{}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{ }', 42, 'boxed'],
    ['\\boxed{42} \\boxed{\\,}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{\\text{}}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{?}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{\\ldots}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{...}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{___}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{answer}', 42, 'boxed'],
    ['\\boxed{42} \\boxed{\\text{your answer}}', 42, 'boxed'],
    ['\\boxed{42}. It stands in \\boxed as asked.', 42, 'boxed'],
    ['\\boxed{42}. I used \\boxed', 42, 'boxed'],
    ['\\boxed{42}. Never write \\boxed{\\text{none}}!', 42, 'boxed'],
    ['First \\boxed{ was opened, then \\boxed{42}', 42, 'boxed'],
    ['A stray } and { before \\boxed{42}', 42, 'boxed'],
    ['\\{ \\boxed{42} \\}', 42, 'boxed'],
    ['\\boxedanswer{41}', null, 'none'],
    ['\\boxed{\\text{no solution}}', null, 'none'],
    ['\\boxed{4', null, 'none'],
    ['', null, 'none'],
    ['42', null, 'none'],
    ['The sum is 42.', null, 'none'],
  ]),
  ...family('a line instead of a box', 'aimo3', [
    ['**Final Answer: 42**', 42, 'final-answer', 'no box'],
    ['**Final Answer:** 42', 42, 'final-answer', 'no box'],
    ['**Final Answer**: 42', 42, 'final-answer', 'no box'],
    ['**Final Answer**\n\n42', 42, 'final-answer', 'no box'],
    ['### Final Answer\n\n$42$', 42, 'final-answer', 'no box'],
    ['Work.\nFinal Answer: The final answer is $42$. I hope it is correct.', 42, 'final-answer', 'no box'],
    ['Work.\nThe final answer is 42.', 42, 'final-answer', 'no box'],
    ['Work.\nfinal answer: $\\frac{84}{2}$', 42, 'final-answer', 'no box'],
    ['Final Answer: 1,234 cm', 1234, 'final-answer', 'no box'],
    ['Final Answer: 41\nFinal Answer: 42', 42, 'final-answer', 'no box'],
    ['Final Answer: 42\nFinal Answer:', 42, 'final-answer', 'no box'],
    ['Final Answer: 42\n\\boxed{', 42, 'final-answer', 'no box'],
    ['Final Answer: see above', null, 'none'],
    ['Final Answer: 42 or 43', null, 'final-answer-refused', "'or'"],
    ['Final Answer: 1/3', null, 'final-answer-refused', 'not an integer'],
    ['I doubt that the final answer is 42', null, 'none'],
    ['Final Answer: 41 \\boxed{42}', 42, 'boxed'],
    ['\\boxed{42}\nFinal Answer: 43', 42, 'boxed'],
    ['\\boxed{1/3}\nFinal Answer: 43', null, 'boxed-refused', 'not an integer'],
  ]),
  ...family('range without modulus', 'aimo3', [
    ['\\boxed{99999}', 99_999, 'boxed'],
    ['\\boxed{100000}', null, 'boxed-refused', 'outside 0..99999'],
    ['\\boxed{-1}', null, 'boxed-refused', 'outside'],
    ['\\boxed{12345678901234567890}', null, 'boxed-refused', 'outside'],
    ['\\boxed{\\lfloor 10^4 \\sqrt{2} \\rfloor}', null, 'boxed-refused', 'irrational'],
    ['\\boxed{3^{2025} \\bmod 10^5}', 29_443, 'boxed-expression'],
  ]),
  ...family('range without modulus', 'aime', [
    ['\\boxed{073}', 73, 'boxed'],
    ['\\boxed{999}', 999, 'boxed'],
    ['\\boxed{1000}', null, 'boxed-refused', 'outside 0..999'],
    ['\\boxed{1042 \\equiv 42 \\pmod{1000}}', 42, 'boxed-expression'],
  ]),
  ...family('modulus of the edition', 'aimo1', [
    ['\\boxed{2034}', 34, 'boxed', 'modulo 1000'],
    ['\\boxed{-1}', 999, 'boxed', 'modulo 1000'],
    ['\\boxed{-1000}', 0, 'boxed', 'modulo 1000'],
    ['\\boxed{999}', 999, 'boxed'],
    ['\\boxed{1/3}', null, 'boxed-refused', 'not an integer'],
  ]),
  ...family('modulus of the edition', 'aimo2', [
    ['\\boxed{12345678901234567891}', 891, 'boxed', 'modulo 1000'],
    ['\\boxed{12345678901234567892}', 892, 'boxed', 'modulo 1000'],
    ['\\boxed{3^{2025}}', 443, 'boxed-expression', 'modulo 1000'],
    ['\\boxed{2^{2^{2^{49}}}}', null, 'boxed-refused', 'bits'],
    ['\\boxed{1042 \\equiv 42 \\pmod{1000}}', 42, 'boxed-expression'],
  ]),
  ...family('Math-Verify issues 44 and 57: boxes must not run together', 'aimo3', [
    ['Each is \\boxed{520}. In all \\boxed{520}', 520, 'boxed'],
    ['n=\\boxed{7}, written \\boxed{007}', 7, 'boxed'],
    ['\\boxed{12}\\boxed{345}', 345, 'boxed'],
  ]),
  ...family('Math-Verify issue 76: emphasis around the value', 'aimo3', [
    ['Work: 2, 3, 4.\n\n**Final Answer: 61**', 61, 'final-answer', 'no box'],
    ['**Final Answer:** **61**', 61, 'final-answer', 'no box'],
    ['**\\boxed{61}**', 61, 'boxed'],
  ]),
  ...family('lm-evaluation-harness issues 3643, 3475, 2552: the box and the bare word', 'aimo3', [
    ['I put my answer in \\boxed as told. It is \\boxed{88}.', 88, 'boxed'],
    ['It is \\boxed{88}. Did I use \\boxed right?', 88, 'boxed'],
    ['\\boxed{\\frac{176}{2}}', 88, 'boxed-expression'],
    ['\\boxed', null, 'none'],
  ]),
  ...family('lm-evaluation-harness issue 3382: cut in the middle', 'aimo3', [
    ['<think>perhaps \\boxed{9', null, 'none'],
    ['<think>perhaps \\boxed{9} or \\boxed{8', 9, 'boxed'],
  ]),
  ...family('NeMo-Skills issue 1511: precedence of box and line', 'aimo3', [
    ['\\boxed{44}\n\nFinal Answer: 45', 44, 'boxed'],
    ['Final Answer: 45\n\n\\boxed{44}', 44, 'boxed'],
  ]),
  ...family('inspect_ai: bounded cost, exactly', 'aimo2', [
    ['\\boxed{2^{2^{2^{49}}}}', null, 'boxed-refused', 'bits'],
    ['\\boxed{2024^{4046}!}', null, 'boxed-refused', 'factorials'],
    ['\\boxed{2024^{2024}}', 776, 'boxed-expression', 'modulo 1000'],
    ['\\boxed{98765432109876543217}', 217, 'boxed', 'modulo 1000'],
    ['\\boxed{98765432109876543218}', 218, 'boxed', 'modulo 1000'],
    [`\\boxed{1${'+1000!'.repeat(30)}}`, null, 'boxed-refused', 'more work'],
  ]),
  ...family('lighteval: numbers that are not the answer', 'aimo3', [
    ['\\boxed{A2A}', null, 'boxed-refused', "contains 'A'"],
    ['\\boxed{2 \\text{ or } 3}', null, 'boxed-refused', "'or'"],
    ['\\boxed{\\text{two}}', null, 'none'],
    ['\\boxed{1000,99}', null, 'boxed-refused', 'several values'],
  ]),
  ...family('notes on a reading', 'aimo3', [
    ['\\boxed{\\dfrac842}', 42, 'boxed-expression', 'read as 84/2'],
    ['\\boxed{2^10}', 1024, 'boxed-expression', 'exponent is read as 10'],
    ['\\boxed{6 \\cdot 7 = 43}', 43, 'boxed-expression', 'not the same number'],
    ['\\boxed{x \\approx 42}', 42, 'boxed-expression', 'approximation'],
  ]),
];
