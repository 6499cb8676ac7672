/**
 * Finds problems told in other words: paragraphs with the same numbers whose set of words is nearly that of a problem, in
 * whatever order. Every paragraph is compared exactly, which the words that few problems have make cheap: a paragraph without
 * most of them is settled by a look at each of its words. docs/audit.md says why this is no MinHash.
 */
import { GramTable } from './gramTable.js';
import type { TextFind } from './levels.js';
import type { Entry, ProblemIndex } from './problemIndex.js';
import { NUMBER, type TokenList, type Tokens, WORD } from './tokens.js';

/** Jaccard index from which on two sets of words are those of one problem. */
const MIN_JACCARD = 0.6;
/** Problems of fewer different words are like others by chance. */
const MIN_WORDS = 12;
/**
 * Telling words are those that no other problem has, or, where they are too few, the rarest: so many, and this share of all. A
 * paragraph must have most of them, or it may share boilerplate alone.
 */
const MIN_TELLING = 3;
const RAREST_SHARE = 0.25;
const NEEDED_SHARE = 0.6;

interface WordSet {
  readonly entry: number;
  readonly words: ReadonlySet<number>;
  readonly telling: readonly number[];
  readonly neededTelling: number;
  readonly numbers: readonly number[];
}

export class ParagraphMatcher {
  readonly #sets: readonly WordSet[];
  /** All telling words; posting `i` is that of set `#setOf[i]`. */
  readonly #tellingWords: GramTable;
  readonly #setOf: Int32Array;
  /** The last paragraph, by its number, that had each word, by the word's first posting. */
  readonly #lastParagraph: Int32Array;
  /** How many of its telling words the paragraph at hand has of each set; zero between paragraphs. */
  readonly #counts: Int32Array;
  #paragraph = 0;
  readonly #mostTokens: number;

  constructor({ entries }: ProblemIndex) {
    this.#sets = wordSetsOf(entries);
    this.#tellingWords = new GramTable(1, Int32Array.from(this.#sets.flatMap(({ telling }) => telling)));
    this.#setOf = Int32Array.from(this.#sets.flatMap(({ telling }, set) => telling.map(() => set)));
    this.#lastParagraph = new Int32Array(this.#setOf.length);
    this.#counts = new Int32Array(this.#sets.length);
    this.#mostTokens =
      2 * this.#sets.reduce((most, { entry }) => Math.max(most, entries[entry]!.tokens.count), 0);
  }

  match(tokens: Tokens): TextFind[] {
    if (this.#sets.length === 0) return [];
    // Where each telling word is, and its first posting.
    const places: number[] = [];
    const words: number[] = [];
    this.#tellingWords.scan(tokens.hashes, tokens.count, (word, at) => {
      places.push(at);
      words.push(word);
    });
    if (places.length < MIN_TELLING * NEEDED_SHARE) return [];
    const best = new Map<number, TextFind>();
    let first = 0;
    for (const [from, to] of paragraphsOf(tokens)) {
      if (to - from > this.#mostTokens) continue;
      // A block comes after its lines, so its words begin further back.
      while (first > 0 && places[first - 1]! >= from) first -= 1;
      while (first < places.length && places[first]! < from) first += 1;
      for (const set of this.#likelySets(places, words, first, to)) {
        const find = this.#compare(set, tokens, from, to);
        if (find && find.share > (best.get(find.entry)?.share ?? 0)) best.set(find.entry, find);
      }
    }
    return [...best.values()];
  }

  /** The sets whose telling words the paragraph that ends at token `to` mostly has. */
  #likelySets(places: readonly number[], words: readonly number[], first: number, to: number): number[] {
    this.#paragraph += 1;
    const { next } = this.#tellingWords;
    const likely: number[] = [];
    let at = first;
    for (; at < places.length && places[at]! < to; at += 1) {
      const word = words[at]!;
      if (this.#lastParagraph[word] === this.#paragraph) continue;
      this.#lastParagraph[word] = this.#paragraph;
      for (let posting = word; posting >= 0; posting = next[posting]!) {
        const set = this.#setOf[posting]!;
        this.#counts[set]! += 1;
        if (this.#counts[set] === this.#sets[set]!.neededTelling) likely.push(set);
      }
    }
    for (at -= 1; at >= first; at -= 1)
      for (let posting = words[at]!; posting >= 0; posting = next[posting]!)
        this.#counts[this.#setOf[posting]!] = 0;
    return likely;
  }

  #compare(set: number, tokens: Tokens, from: number, to: number): TextFind | null {
    const { entry, words, numbers } = this.#sets[set]!;
    const share = jaccard(wordSetOf(tokens, from, to), words);
    if (share < MIN_JACCARD || !includesAll(numbersOf(tokens, from, to), numbers)) return null;
    return { entry, level: 'reworded', share, from, to };
  }
}

/** Templates are left out: for them nearly the same words are not enough. */
function wordSetsOf(entries: readonly Entry[]): WordSet[] {
  const wordSets = entries.map(({ tokens }) => wordSetOf(tokens, 0, tokens.count));
  const owners = new Map<number, number>();
  for (const words of wordSets) for (const word of words) owners.set(word, (owners.get(word) ?? 0) + 1);
  return entries.flatMap(({ tokens, isTemplate }, entry): WordSet[] => {
    const words = wordSets[entry]!;
    if (isTemplate || words.size < MIN_WORDS) return [];
    const telling = tellingWords(words, owners);
    const neededTelling = Math.ceil(NEEDED_SHARE * telling.length);
    return [{ entry, words, telling, neededTelling, numbers: numbersOf(tokens, 0, tokens.count) }];
  });
}

function tellingWords(words: ReadonlySet<number>, owners: ReadonlyMap<number, number>): number[] {
  const rarestFirst = [...words].sort((a, b) => owners.get(a)! - owners.get(b)! || a - b);
  const own = rarestFirst.filter((word) => owners.get(word) === 1);
  if (own.length >= MIN_TELLING) return own;
  return rarestFirst.slice(0, Math.max(MIN_TELLING, Math.ceil(RAREST_SHARE * words.size)));
}

/** Lines, then blocks of lines between blank ones, then the whole, each where it is more than the one before. */
function* paragraphsOf({ text, count, from }: Tokens): Generator<readonly [from: number, to: number]> {
  let [line, block, position] = [0, 0, 0];
  while (line < count) {
    const newline = text.indexOf('\n', Math.max(position, from[line]!));
    let end = newline < 0 ? count : line;
    if (newline >= 0) while (end < count && from[end]! < newline) end += 1;
    yield [line, end];
    if (newline < 0 || /^[ \t\r]*\n/.test(text.slice(newline + 1, newline + 16))) {
      if (block < line) yield [block, end];
      block = end;
    }
    position = newline + 1;
    line = end;
  }
  if (block > 0) yield [0, count];
}

/** Size of the intersection over that of the union. */
function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let common = 0;
  for (const element of a) if (b.has(element)) common += 1;
  return common / (a.size + b.size - common);
}

/** Hashes of the words; numbers, signs and names of variables are none. */
function wordSetOf({ kinds, hashes }: TokenList, from: number, to: number): Set<number> {
  const words = new Set<number>();
  for (let at = from; at < to; at += 1) if (kinds[at] === WORD) words.add(hashes[at]!);
  return words;
}

function numbersOf({ kinds, hashes }: TokenList, from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let at = from; at < to; at += 1) if (kinds[at] === NUMBER) numbers.push(hashes[at]!);
  return numbers;
}

/** Whether a list has all of `wanted`, each as often. */
function includesAll(list: readonly number[], wanted: readonly number[]): boolean {
  const counts = new Map<number, number>();
  for (const element of list) counts.set(element, (counts.get(element) ?? 0) + 1);
  return wanted.every((element) => {
    const left = counts.get(element) ?? 0;
    counts.set(element, left - 1);
    return left > 0;
  });
}
