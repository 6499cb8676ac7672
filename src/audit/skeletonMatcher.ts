/**
 * Finds edited copies: trigrams of a problem's skeleton, in which all numbers are alike and all names of variables, counted
 * exactly in a sliding window. Where the copy stands in the text, and how long the text is, does not matter.
 */
import type { TextFind } from './levels.js';
import type { Entry, ProblemIndex } from './problemIndex.js';
import { indexSkeletons, type SkeletonClass, type SkeletonIndex, TRIGRAM } from './skeletonIndex.js';
import { templateCopies } from './templateCopies.js';
import { NUMBER, type Tokens } from './tokens.js';
import { TrigramHits } from './trigramHits.js';

export class SkeletonMatcher {
  readonly #index: ProblemIndex;
  readonly #skeletons: SkeletonIndex;
  readonly #hits: TrigramHits;

  constructor(index: ProblemIndex) {
    this.#index = index;
    this.#skeletons = indexSkeletons(index.entries);
    this.#hits = new TrigramHits(this.#skeletons.classes.length);
  }

  /** What a text has: `near` where all numbers of the problem are there as well, `variant` where others are. */
  match(tokens: Tokens): TextFind[] {
    const { classes, table, classOf, trigramOf } = this.#skeletons;
    const hits = this.#hits;
    hits.clear();
    table.scan(tokens.masked, tokens.count, (first, at) => {
      for (let posting = first; posting >= 0; posting = table.next[posting]!)
        hits.add(classOf[posting]!, trigramOf[posting]!, at);
    });
    const { entries } = this.#index;
    return hits.touched.flatMap((number) => {
      const found = classes[number]!;
      const count = hits.counts[number]!;
      const first = hits.first[number]!;
      const { template } = found;
      const copies =
        template !== null && count >= template.neededTrigrams
          ? templateCopies(found, template, hits, first, entries, tokens)
          : [];
      if (found.entries.length === 0 || count < found.neededTrigrams) return copies;
      return [...this.#bestWindow(found, first, tokens), ...copies];
    });
  }

  /** Finds the window with the most distinct trigrams. */
  #bestWindow(found: SkeletonClass, first: number, tokens: Tokens): TextFind[] {
    const hits = this.#hits;
    const { at, trigram, next } = hits;
    const counts = new Int32Array(found.positions.length);
    let [distinct, most, from, to] = [0, 0, 0, 0];
    let oldest = first;
    for (let hit = first; hit >= 0; hit = next[hit]!) {
      if (!hits.isShared(hit, found, tokens)) continue;
      if (counts[trigram[hit]!]!++ === 0) distinct += 1;
      while (at[hit]! + TRIGRAM - at[oldest]! > found.windowTokens) {
        if (trigram[oldest]! >= 0 && --counts[trigram[oldest]!]! === 0) distinct -= 1;
        oldest = next[oldest]!;
      }
      if (distinct > most) [most, from, to] = [distinct, at[oldest]!, at[hit]! + TRIGRAM];
    }
    if (most < found.neededTrigrams) return [];
    const share = most / found.positions.length;
    return found.entries.map((entry) => {
      const level = this.#hasNumbers(this.#index.entries[entry]!, tokens, from, to) ? 'near' : 'variant';
      return { entry, level, share, from, to };
    });
  }

  /** Whether all numbers of a problem are in the window; the sentences may stand in another order. */
  #hasNumbers({ tokens: problem }: Entry, tokens: Tokens, from: number, to: number): boolean {
    const missing = new Map<number, number>();
    let left = 0;
    for (let at = 0; at < problem.count; at += 1)
      if (problem.kinds[at] === NUMBER) {
        const hash = problem.hashes[at]!;
        missing.set(hash, (missing.get(hash) ?? 0) + 1);
        left += 1;
      }
    // The window begins and ends with trigrams that are shared; a number may stand just outside.
    const [first, end] = [Math.max(0, from - TRIGRAM), Math.min(tokens.count, to + TRIGRAM)];
    for (let at = first; at < end && left > 0; at += 1) {
      const wanted = tokens.kinds[at] === NUMBER ? (missing.get(tokens.hashes[at]!) ?? 0) : 0;
      if (wanted === 0) continue;
      missing.set(tokens.hashes[at]!, wanted - 1);
      left -= 1;
    }
    return left === 0;
  }
}
