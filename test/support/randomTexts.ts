/** Texts like those of models, and worse: for tests and timings of reading answers. */
import { CONTENT_CASES } from '../../src/answers/contentCases.js';
import { FREE_CASES } from '../../src/answers/freeCases.js';
import { TEXT_CASES } from '../../src/answers/textCases.js';
import { seededBits, uniformBelow } from '../../src/score/random.js';

/** Pieces of real outputs; random sequences of them reach what random characters never would. */
export const FRAGMENTS = [
  '\\boxed{',
  '\\fbox{',
  '\\boxed ',
  '\\boxed',
  '}',
  '}',
  '}',
  '{',
  '42',
  '042',
  '7',
  '1,234',
  '12,34',
  '1/3',
  '100000',
  '-1',
  '\\frac',
  '\\dfrac84',
  '\\frac{84}{2}',
  '\\binom{8}{2}',
  '\\sqrt',
  '\\sqrt[3]',
  '^',
  '_',
  '^{',
  '!',
  '(',
  ')',
  '[',
  ']',
  '|',
  '\\left',
  '\\right',
  '\\{',
  '\\}',
  '\\text{',
  '\\mathrm{',
  ' cm',
  '\\%',
  '^\\circ',
  '\\,',
  '{,}',
  ',\\!',
  ' ',
  '\n',
  '.',
  ',',
  '+',
  '-',
  '*',
  '/',
  '=',
  '\\equiv',
  '\\pmod{1000}',
  '\\bmod',
  '\\approx',
  ' or ',
  'x',
  '\\pi',
  '\\times',
  '\\cdot',
  '\\\\',
  '**Final Answer: ',
  'Final Answer',
  '**',
  '$',
  '\\boxed{42}',
  '\\boxed{41}',
  '\\boxed 4',
  '\u2212',
  '４２',
  '√',
  '°',
  '²',
  '\\ldots',
  'gcd(',
  '\\gcd',
  '\\lfloor',
  '\\rfloor',
  '\\over',
  '\\choose',
  ':',
  '%',
  '\\',
  '2^{2^{2^{49}}}',
  '999!',
  'e',
  '\u{1d7d2}',
  '\\pm',
  '\\cup',
  '\\infty',
  '\\le',
  '<',
  '\\sin',
  '\\ln',
  '\\log_2',
  '\\alpha',
  'y',
  'n',
  'i',
  ' and ',
  'yes',
  '\\text{ or }',
  '\\sqrt{2}',
  '\\sqrt{3}',
  '\\sqrt[3]{2}',
  '(x+1)',
  '^{12}',
  '^{-1}',
  '\\begin{pmatrix}',
  '\\end{pmatrix}',
  '&',
  '\\overline{3}',
  '0.',
  '\\mathbb{R}',
  '(x+y+1)^{9}',
];

const WHOLE_TEXTS = [
  ...CONTENT_CASES.map(({ content }) => `\\boxed{${content}}`),
  ...FREE_CASES.flatMap(({ gold, answer }) => [`\\boxed{${gold}}`, `\\boxed{${answer}}`]),
  ...TEXT_CASES.map(({ text }) => text),
].filter((text) => text.length < 500);

/** Pieces of a text put together, at most; and edits of a text that was whole, at most. */
const MOST_FRAGMENTS = 30;
const MOST_EDITS = 4;

/** `count` texts of a seed: pieces in a row, known texts with edits, pieces in a box, and characters of all kinds. */
export function* randomTexts(seed: number, count: number): Generator<string> {
  const bits = seededBits(seed);
  const below = (bound: number) => uniformBelow(bits, bound);
  const piece = () => FRAGMENTS[below(FRAGMENTS.length)]!;
  const pieces = () => Array.from({ length: below(MOST_FRAGMENTS) }, piece).join('');
  const whole = () => WHOLE_TEXTS[below(WHOLE_TEXTS.length)]!;
  const makers = [
    pieces,
    () => `\\boxed{${pieces()}}`,
    () => edited(whole()),
    () => edited(`${whole()} ${whole()}`),
    () => `\\boxed{${Array.from({ length: below(40) }, () => String.fromCharCode(below(0x3000))).join('')}}`,
  ];
  for (let made = 0; made < count; made++) yield makers[below(makers.length)]!();

  function edited(text: string): string {
    let current = text;
    for (let edits = 1 + below(MOST_EDITS); edits > 0; edits--) {
      const at = below(current.length + 1);
      current = current.slice(0, at) + (below(3) > 0 ? piece() : '') + current.slice(at + below(4));
    }
    return current;
  }
}
