/**
 * Finds problems told in other words: paragraphs with the same numbers whose set of words is nearly that of a problem, in
 * whatever order. MinHash picks the problems that are compared; what is reported was counted exactly.
 */
import { GramTable } from './gramTable.js';
import type { TextFind } from './levels.js';
import {
  BandIndex,
  estimatedJaccard,
  FUNCTIONS,
  lowerTo,
  type Signature,
  signatureOf,
  valuesOf,
} from './minHash.js';
import type { ProblemIndex } from './problemIndex.js';
import { NUMBER, type TokenList, type Tokens, WORD } from './tokens.js';

/** Jaccard index from which on two sets of words are those of one problem. */
const MIN_JACCARD = 0.6;
/** Problems of fewer different words are like others by chance. */
const MIN_WORDS = 12;
const MIN_OWN_WORDS = 3;
/** Estimates so many standard errors too low are still compared. */
const ERRORS_ALLOWED = 3;

/** A power of two, far more than the words of a paragraph. */
const UNKNOWN_SLOTS = 4096;

interface WordSet {
  readonly entry: number;
  readonly words: ReadonlySet<number>;
  /** Those that no other problem has: where a paragraph lacks them, it may share boilerplate alone. */
  readonly own: readonly number[];
  readonly numbers: readonly number[];
  readonly signature: Signature;
}

export class ParagraphMatcher {
  readonly #sets: readonly WordSet[];
  readonly #bands = new BandIndex();
  /** Every word of a problem; a paragraph that is like one has mostly these. Its postings number them. */
  readonly #vocabulary: GramTable;
  /** The last paragraph, by its number, that had each word of the vocabulary. */
  readonly #lastParagraph: Int32Array;
  /** The same of other words, by the last bits of their hashes. */
  readonly #lastUnknown = new Int32Array(UNKNOWN_SLOTS);
  #paragraph = 0;
  /** What the functions of MinHash take on each word of the vocabulary: the costly part of a signature. */
  readonly #values: Uint32Array;
  /** Of each token of the text at hand the number of its word, -1 for none. */
  #wordOf = new Int32Array(0);
  readonly #mostTokens: number;

  constructor({ entries }: ProblemIndex) {
    const wordSets = entries.map(({ tokens }) => wordSetOf(tokens, 0, tokens.count));
    const owners = new Map<number, number>();
    for (const words of wordSets) for (const word of words) owners.set(word, (owners.get(word) ?? 0) + 1);
    this.#sets = entries.flatMap(({ tokens, isTemplate }, entry): WordSet[] => {
      const words = wordSets[entry]!;
      const own = [...words].filter((word) => owners.get(word) === 1);
      if (isTemplate || words.size < MIN_WORDS || own.length < MIN_OWN_WORDS) return [];
      return [
        { entry, words, own, numbers: numbersOf(tokens, 0, tokens.count), signature: signatureOf(words) },
      ];
    });
    const vocabulary = new Set<number>();
    for (const [set, { words, signature }] of this.#sets.entries()) {
      this.#bands.add(signature, set);
      for (const word of words) vocabulary.add(word);
    }
    this.#vocabulary = new GramTable(1, Int32Array.from(vocabulary));
    this.#lastParagraph = new Int32Array(vocabulary.size);
    this.#values = new Uint32Array(vocabulary.size * FUNCTIONS);
    for (const [word, hash] of [...vocabulary].entries()) this.#values.set(valuesOf(hash), word * FUNCTIONS);
    const longest = this.#sets.reduce((most, { entry }) => Math.max(most, entries[entry]!.tokens.count), 0);
    this.#mostTokens = 2 * longest;
  }

  match(tokens: Tokens): TextFind[] {
    if (this.#sets.length === 0) return [];
    if (this.#wordOf.length < tokens.count) this.#wordOf = new Int32Array(2 * tokens.count);
    this.#wordOf.fill(-1, 0, tokens.count);
    this.#vocabulary.scan(tokens.hashes, tokens.count, (word, at) => {
      this.#wordOf[at] = word;
    });
    const best = new Map<number, TextFind>();
    for (const [from, to] of this.#paragraphs(tokens))
      for (const find of this.#compare(tokens, from, to))
        if (find.share > (best.get(find.entry)?.share ?? 0)) best.set(find.entry, find);
    return [...best.values()];
  }

  /** Lines, blocks of lines between blank ones, and the whole, as far as they can be as long as a problem. */
  *#paragraphs({ text, count, from }: Tokens): Generator<readonly [from: number, to: number]> {
    let [line, block, position] = [0, 0, 0];
    while (line < count) {
      const newline = text.indexOf('\n', Math.max(position, from[line]!));
      let end = line;
      if (newline < 0) end = count;
      else while (end < count && from[end]! < newline) end += 1;
      if (this.#canMatch(line, end)) yield [line, end];
      const isBlank = newline < 0 || /^[ \t\r]*\n/.test(text.slice(newline + 1, newline + 16));
      if (isBlank) {
        if (block < line && this.#canMatch(block, end)) yield [block, end];
        block = end;
      }
      position = newline + 1;
      line = end;
    }
    if (block > 0 && this.#canMatch(0, count)) yield [0, count];
  }

  #canMatch(from: number, to: number): boolean {
    return to - from >= MIN_WORDS * MIN_JACCARD && to - from <= this.#mostTokens;
  }

  /** False where even a problem that has all known words of the paragraph, and no others, would be too unlike it. */
  #isLikely({ kinds, hashes }: Tokens, from: number, to: number): boolean {
    this.#paragraph += 1;
    let [known, unknown] = [0, 0];
    for (let at = from; at < to; at += 1) {
      if (kinds[at] !== WORD) continue;
      const word = this.#wordOf[at]!;
      if (word < 0) {
        // Words in one slot count once, which errs towards comparing.
        const slot = hashes[at]! & (UNKNOWN_SLOTS - 1);
        if (this.#lastUnknown[slot] === this.#paragraph) continue;
        this.#lastUnknown[slot] = this.#paragraph;
        unknown += 1;
      } else if (this.#lastParagraph[word] !== this.#paragraph) {
        this.#lastParagraph[word] = this.#paragraph;
        known += 1;
      }
    }
    return known >= MIN_JACCARD * MIN_WORDS && known >= MIN_JACCARD * (known + unknown);
  }

  /** The signature of a paragraph, repeated words counting once as minima do. */
  #signature({ kinds, hashes }: Tokens, from: number, to: number): Signature {
    const signature = signatureOf([]);
    for (let at = from; at < to; at += 1) {
      if (kinds[at] !== WORD) continue;
      const word = this.#wordOf[at]!;
      if (word >= 0) lowerTo(signature, this.#values, word * FUNCTIONS);
      else lowerTo(signature, valuesOf(hashes[at]!), 0);
    }
    return signature;
  }

  #compare(tokens: Tokens, from: number, to: number): TextFind[] {
    if (!this.#isLikely(tokens, from, to)) return [];
    const signature = this.#signature(tokens, from, to);
    const finds: TextFind[] = [];
    for (const candidate of this.#bands.candidates(signature)) {
      const { entry, words: wanted, own, numbers, signature: other } = this.#sets[candidate]!;
      const error = Math.sqrt((MIN_JACCARD * (1 - MIN_JACCARD)) / FUNCTIONS);
      if (estimatedJaccard(signature, other) < MIN_JACCARD - ERRORS_ALLOWED * error) continue;
      const set = wordSetOf(tokens, from, to);
      const share = jaccard(set, wanted);
      const hasOwn = own.filter((word) => set.has(word)).length >= MIN_JACCARD * own.length;
      if (share >= MIN_JACCARD && hasOwn && includesAll(numbersOf(tokens, from, to), numbers))
        finds.push({ entry, level: 'reworded', share, from, to });
    }
    return finds;
  }
}

/** Size of the intersection over that of the union. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
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
export function includesAll(list: readonly number[], wanted: readonly number[]): boolean {
  const counts = new Map<number, number>();
  for (const element of list) counts.set(element, (counts.get(element) ?? 0) + 1);
  return wanted.every((element) => {
    const left = counts.get(element) ?? 0;
    counts.set(element, left - 1);
    return left > 0;
  });
}
