/**
 * Finds problems told in other words: passages with the same numbers whose set of words is nearly that of a problem, in whatever
 * order. Every passage is compared exactly, which the words that few problems have make cheap: where most of them are missing,
 * a look at each word settles it. docs/audit.md says why this is no MinHash.
 */
import { GramTable } from './gramTable.js';
import type { TextFind } from './levels.js';
import type { ProblemIndex } from './problemIndex.js';
import type { Tokens } from './tokens.js';
import {
  includesAll,
  jaccard,
  MIN_TELLING,
  NEEDED_SHARE,
  numbersOf,
  type WordSet,
  wordSetOf,
  wordSetsOf,
} from './wordSets.js';

/** Jaccard index from which on two sets of words are those of one problem. */
const MIN_JACCARD = 0.6;

/** Within the length of a problem at most so many windows are compared, however often a text has the same words. */
const MAX_WINDOWS = 8;

/** A stretch of tokens. */
type Range = readonly [from: number, to: number];

/** Telling words of the text at hand: where each is, and its first posting. */
interface TellingHits {
  readonly places: number[];
  readonly words: number[];
}

export class WordMatcher {
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
    this.#mostTokens = 2 * this.#sets.reduce((most, set) => Math.max(most, set.tokens), 0);
  }

  match(tokens: Tokens): TextFind[] {
    if (this.#sets.length === 0) return [];
    const hits: TellingHits = { places: [], words: [] };
    this.#tellingWords.scan(tokens.hashes, tokens.count, (word, at) => {
      hits.places.push(at);
      hits.words.push(word);
    });
    if (hits.places.length < MIN_TELLING * NEEDED_SHARE) return [];
    const best = new Map<number, TextFind>();
    const compare = (set: number, range: Range) => {
      const find = this.#compare(this.#sets[set]!, tokens, range);
      if (find && find.share > (best.get(find.entry)?.share ?? 0)) best.set(find.entry, find);
    };
    let first = 0;
    for (const [from, to] of paragraphsOf(tokens)) {
      if (to - from > this.#mostTokens) continue;
      // A block comes after its lines, so its words begin further back.
      while (first > 0 && hits.places[first - 1]! >= from) first -= 1;
      while (first < hits.places.length && hits.places[first]! < from) first += 1;
      for (const set of this.#likelySets(hits, first, to)) compare(set, [from, to]);
    }
    for (const [set, places] of this.#placesBySet(hits))
      for (const range of windowsOf(this.#sets[set]!, places, tokens)) compare(set, range);
    return [...best.values()];
  }

  /** The sets whose telling words the paragraph mostly has that ends at token `to`. */
  #likelySets({ places, words }: TellingHits, first: number, to: number): number[] {
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

  /** Where each set's telling words are. */
  #placesBySet({ places, words }: TellingHits): Map<number, number[]> {
    const bySet = new Map<number, number[]>();
    const { next } = this.#tellingWords;
    for (const [hit, word] of words.entries())
      for (let posting = word; posting >= 0; posting = next[posting]!) {
        const set = this.#setOf[posting]!;
        const own = bySet.get(set);
        if (own) own.push(places[hit]!);
        else bySet.set(set, [places[hit]!]);
      }
    return bySet;
  }

  #compare({ entry, words, numbers }: WordSet, tokens: Tokens, [from, to]: Range): TextFind | null {
    const share = jaccard(wordSetOf(tokens, from, to), words);
    if (share < MIN_JACCARD || !includesAll(numbersOf(tokens, from, to), numbers)) return null;
    return { entry, level: 'reworded', share, from, to };
  }
}

/** Lines, then blocks of lines between blank ones, then the whole, each where it is more than the one before. */
function* paragraphsOf({ text, count, from }: Tokens): Generator<Range> {
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

/**
 * Stretches as long as the problem around places where most of its telling words stand close together: within a longer paragraph
 * it is not known where a problem begins, so the words are taken for its middle, its beginning and its end.
 */
function* windowsOf(
  { tokens: length, neededTelling }: WordSet,
  places: readonly number[],
  { hashes, count }: Tokens,
): Generator<Range> {
  let oldest = 0;
  let looked = -length;
  const counts = new Map<number, number>();
  for (const [newest, place] of places.entries()) {
    const word = hashes[place]!;
    counts.set(word, (counts.get(word) ?? 0) + 1);
    while (place - places[oldest]! >= length) {
      const left = counts.get(hashes[places[oldest]!]!)! - 1;
      if (left === 0) counts.delete(hashes[places[oldest]!]!);
      else counts.set(hashes[places[oldest]!]!, left);
      oldest += 1;
    }
    // Only where the next word is too far away: a window that could still grow is no better.
    const canGrow = newest + 1 < places.length && places[newest + 1]! - places[oldest]! < length;
    if (counts.size < neededTelling || canGrow || place - looked < length / MAX_WINDOWS) continue;
    looked = place;
    const [from, to] = [places[oldest]!, place + 1];
    const slack = length - (to - from);
    for (const before of new Set([Math.floor(slack / 2), 0, slack])) {
      const start = Math.max(0, from - before);
      yield [start, Math.min(count, start + length)];
    }
  }
}
