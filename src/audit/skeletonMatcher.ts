/**
 * Finds edited copies: trigrams of a problem's skeleton, in which all numbers are alike and all names of variables, counted
 * exactly in a sliding window. Where the copy stands in the text, and how long the text is, does not matter.
 */
import type { GramTable } from './gramTable.js';
import type { TextFind } from './levels.js';
import type { Entry, ProblemIndex } from './problemIndex.js';
import { indexSkeletons, type SkeletonClass, TRIGRAM } from './skeletonIndex.js';
import { type TrigramHit, templateCopies } from './templateCopies.js';
import { NUMBER, sameMaskedToken, type Tokens } from './tokens.js';

/** Trigram hits in the text at hand, as linked lists in order, one a class. */
interface HitLists {
  at: Int32Array;
  trigram: Int32Array;
  next: Int32Array;
  count: number;
}

export class SkeletonMatcher {
  readonly #index: ProblemIndex;
  readonly #classes: readonly SkeletonClass[];
  readonly #table: GramTable;
  readonly #classOf: Int32Array;
  readonly #trigramOf: Int32Array;
  readonly #hits: HitLists = {
    at: new Int32Array(1024),
    trigram: new Int32Array(1024),
    next: new Int32Array(1024),
    count: 0,
  };
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #hitCounts: Int32Array;
  #touched: number[] = [];

  constructor(index: ProblemIndex) {
    this.#index = index;
    const { classes, table, classOf, trigramOf } = indexSkeletons(index.entries);
    this.#classes = classes;
    this.#table = table;
    this.#classOf = classOf;
    this.#trigramOf = trigramOf;
    this.#first = new Int32Array(classes.length);
    this.#last = new Int32Array(classes.length);
    this.#hitCounts = new Int32Array(classes.length);
  }

  /** What a text has: `near` where all numbers of the problem are there as well, `variant` where others are. */
  match(tokens: Tokens): TextFind[] {
    this.#touched = [];
    this.#hits.count = 0;
    const { next } = this.#table;
    this.#table.scan(tokens.masked, tokens.count, (first, at) => {
      for (let posting = first; posting >= 0; posting = next[posting]!)
        this.#hit(this.#classOf[posting]!, this.#trigramOf[posting]!, at);
    });
    const finds: TextFind[] = [];
    for (const number of this.#touched) {
      const found = this.#classes[number]!;
      const needed = Math.min(found.neededTrigrams, found.template?.neededTrigrams ?? Infinity);
      if (this.#hitCounts[number]! >= needed) finds.push(...this.#judge(number, found, tokens));
      this.#hitCounts[number] = 0;
    }
    return finds;
  }

  #hit(number: number, trigram: number, at: number): void {
    const hits = this.#hits;
    if (hits.count === hits.at.length) growHits(hits);
    const hit = hits.count++;
    hits.at[hit] = at;
    hits.trigram[hit] = trigram;
    hits.next[hit] = -1;
    if (this.#hitCounts[number]! === 0) {
      this.#touched.push(number);
      this.#first[number] = hit;
    } else hits.next[this.#last[number]!] = hit;
    this.#last[number] = hit;
    this.#hitCounts[number]! += 1;
  }

  /** Finds the window with the most distinct trigrams. */
  #judge(number: number, found: SkeletonClass, tokens: Tokens): TextFind[] {
    const { at, trigram, next } = this.#hits;
    const counts = new Int32Array(found.positions.length);
    let [distinct, most, from, to] = [0, 0, 0, 0];
    let oldest = this.#first[number]!;
    for (let hit = oldest; hit >= 0; hit = next[hit]!) {
      // Equal hashes of different words are no hits.
      if (!this.#isShared(found, trigram[hit]!, tokens, at[hit]!)) {
        trigram[hit] = -1;
        continue;
      }
      if (counts[trigram[hit]!]!++ === 0) distinct += 1;
      while (at[hit]! + TRIGRAM - at[oldest]! > found.windowTokens) {
        if (trigram[oldest]! >= 0 && --counts[trigram[oldest]!]! === 0) distinct -= 1;
        oldest = next[oldest]!;
      }
      if (distinct > most) [most, from, to] = [distinct, at[oldest]!, at[hit]! + TRIGRAM];
    }
    const share = most / found.positions.length;
    const { entries } = this.#index;
    const finds: TextFind[] = [];
    if (most >= found.neededTrigrams)
      for (const entry of found.entries) {
        const level = this.#hasNumbers(entries[entry]!, tokens, from, to) ? 'near' : 'variant';
        finds.push({ entry, level, share, from, to });
      }
    const { template } = found;
    if (template !== null && most >= template.neededTrigrams)
      finds.push(...templateCopies(found, template, this.#sharedHits(number), entries, tokens));
    return finds;
  }

  #sharedHits(number: number): TrigramHit[] {
    const { at, trigram, next } = this.#hits;
    const shared: TrigramHit[] = [];
    for (let hit = this.#first[number]!; hit >= 0; hit = next[hit]!)
      if (trigram[hit]! >= 0) shared.push({ trigram: trigram[hit]!, at: at[hit]! });
    return shared;
  }

  #isShared(
    { tokens: problem, positions }: SkeletonClass,
    trigram: number,
    tokens: Tokens,
    at: number,
  ): boolean {
    const position = positions[trigram]!;
    for (let offset = 0; offset < TRIGRAM; offset += 1)
      if (!sameMaskedToken(problem, position + offset, tokens, at + offset)) return false;
    return true;
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

function growHits(hits: HitLists): void {
  for (const list of ['at', 'trigram', 'next'] as const) {
    const larger = new Int32Array(2 * hits[list].length);
    larger.set(hits[list]);
    hits[list] = larger;
  }
}
