/** Edits that copies of a problem go through before they stand in a corpus: each a function of the text and of seeded draws. */
import type { Random } from '../src/simulate/random.js';

export interface Edit {
  readonly name: string;
  /** Whether two draws differ, so that one text is edited several times. */
  readonly isRandom: boolean;
  /** @param vocabulary words to draw from */
  apply(text: string, random: Random, vocabulary: readonly string[]): string;
}

/** Words around a copy within a long document. */
const DOCUMENT_WORDS = 3000;

const SYNONYMS: ReadonlyMap<string, string> = new Map(
  (
    'find:determine compute:calculate determine:find evaluate:compute number:count many:numerous how:what positive:natural ' +
    'integer:whole integers:wholes smallest:least largest:greatest greatest:biggest least:smallest possible:attainable ' +
    'exactly:precisely every:each each:every all:every only:just also:too altogether:overall together:jointly remainder:residue ' +
    'divided:split sum:total product:result value:amount length:size area:surface distance:gap radius:halfwidth circle:disc ' +
    'triangle:trigon point:spot line:edge side:edge sides:edges board:grid cells:squares cell:square steps:moves step:move ' +
    'probability:chance draw:pick drawn:picked choose:select chosen:selected coprime:prime relatively:mutually prime:irreducible ' +
    'starts:begins begins:starts start:begin ends:finishes passes:goes meets:hits satisfy:fulfil satisfies:fulfils given:known ' +
    'suppose:assume let:take define:set equals:is such:so when:if whenever:if after:following before:prior between:among ' +
    'people:persons guests:visitors members:people women:ladies men:gentlemen pupils:students school:college hours:h hour:h ' +
    'minutes:min days:d towns:cities lake:pond road:path train:locomotive trains:locomotives buy:purchase pays:spends costs:takes ' +
    'rectangular:oblong square:quadratic equal:same different:distinct distinct:different share:have ways:manners way:manner ' +
    'whole:entire first:initial second:other last:final alone:singly moment:instant same:equal cover:fill covered:filled'
  )
    .split(' ')
    .map((pair): [string, string] => {
      const [word, other] = pair.split(':');
      return [word!, other!];
    }),
);

/** LaTeX with the same meaning and another spelling. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\\frac\{/g, '\\dfrac{'],
  [/ \\cdot /g, '\\times '],
  [/\\le\b/g, '\\leq'],
  [/\\ge\b/g, '\\geq'],
  [/\\ldots/g, '\\dots'],
  [/\^(\d)/g, '^{$1}'],
  [/_(\d)/g, '_{$1}'],
  [/ ([=+]) /g, '$1'],
  [/\$([^$]*)\$/g, '\\($1\\)'],
];

const FORMULA = /(\$\$[^$]*\$\$|\$[^$]*\$|\\\[.*?\\\]|\\\(.*?\\\))/s;

/** Replaces words of two letters or more outside of formulas. */
function mapWords(text: string, change: (word: string) => string): string {
  return text
    .split(FORMULA)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/(?<!\\[a-z]*)[A-Za-z]{2,}/g, change)))
    .join('');
}

function drawWord(random: Random, vocabulary: readonly string[]): string {
  return vocabulary[Math.floor(random.uniform() * vocabulary.length)]!;
}

function drawWords(count: number, random: Random, vocabulary: readonly string[]): string {
  return Array.from({ length: count }, () => drawWord(random, vocabulary)).join(' ');
}

function changeNumber(number: string, random: Random): string {
  const [low, high] = number.length === 1 ? [1, 10] : [10 ** (number.length - 1), 10 ** number.length];
  for (;;) {
    const other = String(Math.floor(low + random.uniform() * (high - low)));
    if (other !== number) return other;
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const keyed = list.map((element) => [random.uniform(), element] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, element]) => element);
}

const wordsReplaced = (share: number): Edit => ({
  name: `${100 * share} % of the words replaced`,
  isRandom: true,
  apply: (text, random, vocabulary) =>
    mapWords(text, (word) => (random.uniform() < share ? drawWord(random, vocabulary) : word)),
});

const reworded = (text: string) => mapWords(text, (word) => SYNONYMS.get(word.toLowerCase()) ?? word);

const reordered = (text: string, random: Random) => shuffled(text.split(/(?<=[.?!]) /), random).join(' ');

const surrounded = (text: string, random: Random, vocabulary: readonly string[]) =>
  `${drawWords(DOCUMENT_WORDS, random, vocabulary)}. ${text} ${drawWords(DOCUMENT_WORDS, random, vocabulary)}.`;

export const EDITS: readonly Edit[] = [
  { name: 'none', isRandom: false, apply: (text) => text },
  {
    name: 'case and blanks',
    isRandom: false,
    apply: (text) => mapWords(text, (word) => word.toUpperCase()).replace(/ /g, ' \n '),
  },
  {
    name: 'LaTeX spelled otherwise',
    isRandom: false,
    apply: (text) => SPELLINGS.reduce((edited, [from, to]) => edited.replace(from, to), text),
  },
  { name: 'within a long document', isRandom: true, apply: surrounded },
  { name: 'sentences in another order', isRandom: true, apply: reordered },
  wordsReplaced(0.05),
  wordsReplaced(0.1),
  wordsReplaced(0.2),
  wordsReplaced(0.3),
  { name: 'synonyms', isRandom: false, apply: reworded },
  {
    name: 'synonyms, another order',
    isRandom: true,
    apply: (text, random) => reordered(reworded(text), random),
  },
  {
    name: 'synonyms, within a long document',
    isRandom: true,
    apply: (text, random, vocabulary) => surrounded(reworded(text), random, vocabulary),
  },
  {
    name: 'first half alone',
    isRandom: false,
    apply: (text) => {
      const words = text.split(' ');
      return words.slice(0, Math.ceil(words.length / 2)).join(' ');
    },
  },
  {
    name: 'all numbers changed',
    isRandom: true,
    apply: (text, random) => text.replace(/\d+/g, (number) => changeNumber(number, random)),
  },
];
