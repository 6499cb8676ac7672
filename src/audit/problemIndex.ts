/** What is looked for: the distinct texts of all problems with their n-grams. It is small; a corpus streams past it. */
import type { Problem } from '../core.js';
import { distinctGrams, templatesOf } from './distinctGrams.js';
import { GramTable, gramHashes } from './gramTable.js';
import { LONG_GRAM, MIN_TOKENS, SHORT_GRAM } from './levels.js';
import { type TokenList, Tokens, wordsOf } from './tokens.js';

/** A problem set as the audit takes it. */
export interface AuditedSet {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** A text that one or more problems have. */
export interface Entry {
  readonly tokens: TokenList;
  /** Whether each 8-gram, by where it begins, tells this problem from the others of its set. */
  readonly distinctShort: Uint8Array;
  /** The same for each 13-gram. */
  readonly distinctLong: Uint8Array;
  /** Other problems of its set differ from it in nothing but numbers and names of variables. */
  readonly isTemplate: boolean;
}

/** Grams of one length and where they are. */
export interface GramIndex {
  readonly table: GramTable;
  /** Of each posting of the table. */
  readonly entryOf: Int32Array;
  readonly positionOf: Int32Array;
}

export interface ProblemIndex {
  readonly entries: readonly Entry[];
  /** For each set and each of its problems the entry of its text, -1 where it is too short to be searched for. */
  readonly entryOfProblem: readonly Int32Array[];
  /** 8-grams of texts that are at least as long. */
  readonly grams: GramIndex;
  /** Whole texts of fewer than 8 tokens, by length. */
  readonly wholes: readonly GramIndex[];
}

/** Reads the problems' texts into an index. */
export function indexProblems(sets: readonly AuditedSet[]): ProblemIndex {
  const texts = new DistinctTexts();
  const entryOfProblem = sets.map(({ problems }) =>
    Int32Array.from(problems, ({ text }) => texts.entryOf(text)),
  );
  const lists = texts.lists;
  const distinct = (n: number) =>
    lists.map(({ count }) => new Uint8Array(Math.max(0, count - n + 1)).fill(1));
  const [short, long] = [distinct(SHORT_GRAM), distinct(LONG_GRAM)];
  const templates = new Set<number>();
  // Sets are judged one by one: that another set has nearly the same problem does not make it a template.
  for (const members of entryOfProblem) {
    const entries = [...new Set(members)].filter((entry) => entry >= 0);
    distinctGrams(lists, entries, SHORT_GRAM, short);
    distinctGrams(lists, entries, LONG_GRAM, long);
    for (const entry of templatesOf(lists, entries)) templates.add(entry);
  }
  const entries = lists.map(
    (tokens, entry): Entry => ({
      tokens,
      distinctShort: short[entry]!,
      distinctLong: long[entry]!,
      isTemplate: templates.has(entry),
    }),
  );
  return { entries, entryOfProblem, grams: indexGrams(entries), wholes: indexWholes(entries) };
}

class DistinctTexts {
  readonly lists: TokenList[] = [];
  readonly #entryOf = new Map<string, number>();
  readonly #tokens = new Tokens();

  entryOf(text: string): number {
    this.#tokens.read(text);
    if (this.#tokens.count < MIN_TOKENS) return -1;
    const key = wordsOf(this.#tokens).join(' ');
    const known = this.#entryOf.get(key);
    if (known !== undefined) return known;
    this.#entryOf.set(key, this.lists.length);
    return this.lists.push(this.#tokens.list()) - 1;
  }
}

/** A posting is an entry and a position in it. */
class Postings {
  readonly #hashes: number[] = [];
  readonly #entries: number[] = [];
  readonly #positions: number[] = [];

  add(hash: number, entry: number, position: number): void {
    this.#hashes.push(hash);
    this.#entries.push(entry);
    this.#positions.push(position);
  }

  index(n: number): GramIndex {
    return {
      table: new GramTable(n, Int32Array.from(this.#hashes)),
      entryOf: Int32Array.from(this.#entries),
      positionOf: Int32Array.from(this.#positions),
    };
  }
}

/**
 * The 8-grams that matter: distinct ones, and one in each distinct 13-gram. A text without any gets one as well, so that it can
 * be found as a whole. A gram that a text has twice stands once, or `0 0 0 …` would cost the square of its length.
 */
function indexGrams(entries: readonly Entry[]): GramIndex {
  const hashesOf = entries.map(({ tokens }) => gramHashes(tokens.hashes, tokens.count, SHORT_GRAM));
  const sharers = new Map<number, number>();
  for (const hashes of hashesOf)
    for (const hash of new Set(hashes)) sharers.set(hash, (sharers.get(hash) ?? 0) + 1);
  const postings = new Postings();
  for (const [entry, hashes] of hashesOf.entries()) {
    const counts = Int32Array.from(hashes, (hash) => sharers.get(hash)!);
    const seen = new Set<number>();
    for (const [position, isWanted] of wantedGrams(entries[entry]!, counts).entries()) {
      const hash = hashes[position]!;
      if (!isWanted || seen.has(hash)) continue;
      seen.add(hash);
      postings.add(hash, entry, position);
    }
  }
  return postings.index(SHORT_GRAM);
}

/** Marks 8-grams by where they begin. Where there is a choice it is the one that the fewest texts have, which is looked up least. */
function wantedGrams({ distinctShort, distinctLong }: Entry, sharers: Int32Array): Uint8Array {
  const wanted = distinctShort.slice();
  const want = (from: number, end: number) => {
    if (wanted.subarray(from, end).includes(1)) return;
    let rarest = from;
    for (let at = from; at < end; at += 1) if (sharers[at]! < sharers[rarest]!) rarest = at;
    wanted[rarest] = 1;
  };
  for (const [start, isDistinct] of distinctLong.entries())
    if (isDistinct) want(start, start + LONG_GRAM - SHORT_GRAM + 1);
  if (wanted.length > 0) want(0, wanted.length);
  return wanted;
}

function indexWholes(entries: readonly Entry[]): GramIndex[] {
  const postings = new Map<number, Postings>();
  for (const [entry, { tokens }] of entries.entries()) {
    if (tokens.count >= SHORT_GRAM) continue;
    const ofLength = postings.get(tokens.count) ?? new Postings();
    postings.set(tokens.count, ofLength);
    ofLength.add(gramHashes(tokens.hashes, tokens.count, tokens.count)[0]!, entry, 0);
  }
  return [...postings].map(([n, ofLength]) => ofLength.index(n));
}
