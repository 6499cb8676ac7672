/** The skeletons of problems, with the trigrams by which copies of each are recognised. */
import { skeletonOf } from './distinctGrams.js';
import { GramTable, gramHashes } from './gramTable.js';
import type { Entry } from './problemIndex.js';
import { NUMBER, type TokenList } from './tokens.js';

export const TRIGRAM = 3;
/** A trigram that more skeletons have says little, and costs time wherever it stands: "the number of". */
const MAX_SHARERS = 64;
/** Trigrams a problem must have to be searched for: fewer are in any text by chance. */
const MIN_TRIGRAMS = 8;
/** Of a template, in whose copies all numbers must be in their places, fewer tell enough. */
const MIN_TEMPLATE_TRIGRAMS = 5;
/** Texts with so many trigrams, and templates, count as copies from this share on; shorter ones need more of them. */
const LONG_TEXT = 24;
const TRIGRAM_SHARE = 0.6;
const SHORT_TEXT_SHARE = 0.8;
/** Length of the window over that of the problem: words that were put in make a copy longer. */
const STRETCH = 1.4;

/** The problems of one skeleton. */
export interface SkeletonClass {
  /** Those that are no templates. */
  readonly entries: readonly number[];
  readonly template: Template | null;
  /** Of one of them. */
  readonly tokens: TokenList;
  /** Its distinct trigrams that few others have: how many, and where each begins. */
  readonly positions: Int32Array;
  readonly windowTokens: number;
  readonly neededTrigrams: number;
}

/** Problems of a set that differ in numbers and variables alone. */
export interface Template {
  /** By the hash of their numbers in order. */
  readonly byNumbers: ReadonlyMap<number, readonly number[]>;
  /** Numbers that each has. */
  readonly numbers: number;
  /** Of each token how many numbers are before it, -1 where it is no number. */
  readonly ordinals: Int32Array;
  readonly neededTrigrams: number;
}

export interface SkeletonIndex {
  readonly classes: readonly SkeletonClass[];
  readonly table: GramTable;
  /** Of each posting of the table its class, and which of its trigrams it is. */
  readonly classOf: Int32Array;
  readonly trigramOf: Int32Array;
}

/** Hash of some numbers in a row, to which the next is added. */
export function addNumber(hash: number, number: number): number {
  return (Math.imul(hash, 0x2c1b3c6d) + number) | 0;
}

export function indexSkeletons(entries: readonly Entry[]): SkeletonIndex {
  const bySkeleton = new Map<string, number[]>();
  for (const [entry, { tokens }] of entries.entries()) {
    if (tokens.count < TRIGRAM) continue;
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
    const template = kept.length < MIN_TEMPLATE_TRIGRAMS ? null : templateOf(entries, alike, kept.length);
    const single = kept.length < MIN_TRIGRAMS ? [] : alike.filter((entry) => !entries[entry]!.isTemplate);
    if (single.length === 0 && template === null) continue;
    for (const [trigram, [hash]] of kept.entries()) {
      grams!.push(hash);
      classOf!.push(classes.length);
      trigramOf!.push(trigram);
    }
    classes.push({
      entries: single,
      template,
      tokens,
      positions: Int32Array.from(kept, ([, at]) => at),
      windowTokens: Math.ceil(STRETCH * tokens.count),
      neededTrigrams: Math.ceil(kept.length * (kept.length < LONG_TEXT ? SHORT_TEXT_SHARE : TRIGRAM_SHARE)),
    });
  }
  return {
    classes,
    table: new GramTable(TRIGRAM, Int32Array.from(grams!)),
    classOf: Int32Array.from(classOf!),
    trigramOf: Int32Array.from(trigramOf!),
  };
}

/** The templates of a skeleton; null where there are none, or where nothing but variables tells them apart. */
function templateOf(entries: readonly Entry[], alike: readonly number[], trigrams: number): Template | null {
  const templates = alike.filter((entry) => entries[entry]!.isTemplate);
  if (templates.length === 0) return null;
  const byNumbers = new Map<number, number[]>();
  const { kinds, count } = entries[templates[0]!]!.tokens;
  let numbers = 0;
  const ordinals = Int32Array.from(kinds.subarray(0, count), (kind) => (kind === NUMBER ? numbers++ : -1));
  if (numbers === 0) return null;
  for (const entry of templates) {
    const { hashes } = entries[entry]!.tokens;
    const key = hashes.filter((_, at) => ordinals[at]! >= 0).reduce(addNumber, 0);
    byNumbers.set(key, [...(byNumbers.get(key) ?? []), entry]);
  }
  return { byNumbers, numbers, ordinals, neededTrigrams: Math.ceil(trigrams * TRIGRAM_SHARE) };
}
