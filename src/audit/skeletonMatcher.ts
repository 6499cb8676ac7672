/**
 * Finds edited copies: trigrams of a problem's skeleton, in which all numbers are alike and all names of variables, counted
 * exactly in a sliding window. Where the copy stands in the text, and how long the text is, does not matter.
 */
import { skeletonOf } from './distinctGrams.js';
import { GramTable, gramHashes } from './gramTable.js';
import type { TextFind } from './levels.js';
import type { Entry, ProblemIndex } from './problemIndex.js';
import { NUMBER, sameMaskedToken, type TokenList, type Tokens } from './tokens.js';

const TRIGRAM = 3;
/** A trigram that more problems have says little, and costs time wherever it stands: "the number of". */
const MAX_SHARERS = 64;
/** Trigrams a problem must have to be searched for: fewer are in any text by chance. */
const MIN_TRIGRAMS = 8;
/** Texts with so many trigrams count as copies from this share on; shorter ones need more of them. */
const LONG_TEXT = 24;
const LONG_TEXT_SHARE = 0.6;
const SHORT_TEXT_SHARE = 0.8;
/** Length of the window over that of the problem: words that were put in make a copy longer. */
const STRETCH = 1.4;

/** The problems of one skeleton. */
interface SkeletonClass {
  readonly entries: readonly number[];
  readonly tokens: TokenList;
  /** Its distinct trigrams that few other problems have: how many, and where each begins. */
  readonly positions: Int32Array;
  readonly windowTokens: number;
  readonly neededTrigrams: number;
}

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
      if (this.#hitCounts[number]! >= found.neededTrigrams) finds.push(...this.#judge(number, found, tokens));
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
    if (most < found.neededTrigrams) return [];
    const share = most / found.positions.length;
    return found.entries.map((entry) => {
      const level = this.#hasNumbers(this.#index.entries[entry]!, tokens, from, to) ? 'near' : 'variant';
      return { entry, level, share, from, to };
    });
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

/**
 * Templates are left out: problems of the set that differ in numbers alone say that other numbers make another problem, and
 * then only the exact text is one.
 */
function indexSkeletons(entries: readonly Entry[]) {
  const bySkeleton = new Map<string, number[]>();
  for (const [entry, { tokens, isTemplate }] of entries.entries()) {
    if (isTemplate || tokens.count < TRIGRAM) continue;
    const key = skeletonOf(tokens);
    bySkeleton.set(key, [...(bySkeleton.get(key) ?? []), entry]);
  }
  const groups = [...bySkeleton.values()].map((alike) => {
    const { tokens } = entries[alike[0]!]!;
    const hashes = gramHashes(tokens.masked, tokens.count, TRIGRAM);
    return {
      alike,
      tokens,
      firsts: new Map([...hashes.entries()].reverse().map(([at, hash]) => [hash, at])),
    };
  });
  const sharers = new Map<number, number>();
  for (const { firsts } of groups)
    for (const hash of firsts.keys()) sharers.set(hash, (sharers.get(hash) ?? 0) + 1);
  const classes: SkeletonClass[] = [];
  const [grams, classOf, trigramOf]: number[][] = [[], [], []];
  for (const { alike, tokens, firsts } of groups) {
    const kept = [...firsts].filter(([hash]) => sharers.get(hash)! <= MAX_SHARERS);
    if (kept.length < MIN_TRIGRAMS) continue;
    for (const [trigram, [hash]] of kept.entries()) {
      grams!.push(hash);
      classOf!.push(classes.length);
      trigramOf!.push(trigram);
    }
    classes.push({
      entries: alike,
      tokens,
      positions: Int32Array.from(kept, ([, at]) => at),
      windowTokens: Math.ceil(STRETCH * tokens.count),
      neededTrigrams: Math.ceil(kept.length * (kept.length < LONG_TEXT ? SHORT_TEXT_SHARE : LONG_TEXT_SHARE)),
    });
  }
  return {
    classes,
    table: new GramTable(TRIGRAM, Int32Array.from(grams!)),
    classOf: Int32Array.from(classOf!),
    trigramOf: Int32Array.from(trigramOf!),
  };
}

function growHits(hits: HitLists): void {
  for (const list of ['at', 'trigram', 'next'] as const) {
    const larger = new Int32Array(2 * hits[list].length);
    larger.set(hits[list]);
    hits[list] = larger;
  }
}
