/** The words of problems as sets, and those that tell a problem from others. */
import type { Entry } from './problemIndex.js';
import { NUMBER, type TokenList, WORD } from './tokens.js';

/** Problems of fewer different words are like others by chance. */
const MIN_WORDS = 12;
/**
 * Telling words are those that no other problem has, or, where these are too few, the rarest: so many, and this share of all. A
 * text must have most of them, or it may share boilerplate alone.
 */
export const MIN_TELLING = 3;
const RAREST_SHARE = 0.25;
export const NEEDED_SHARE = 0.6;

/** The words of one problem, by their hashes. */
export interface WordSet {
  readonly entry: number;
  readonly words: ReadonlySet<number>;
  readonly telling: readonly number[];
  readonly neededTelling: number;
  readonly numbers: readonly number[];
  /** Length of the problem in tokens. */
  readonly tokens: number;
}

/** Templates are left out: for them nearly the same words are not enough. */
export function wordSetsOf(entries: readonly Entry[]): WordSet[] {
  const wordSets = entries.map(({ tokens }) => wordSetOf(tokens, 0, tokens.count));
  const owners = new Map<number, number>();
  for (const words of wordSets) for (const word of words) owners.set(word, (owners.get(word) ?? 0) + 1);
  return entries.flatMap(({ tokens, isTemplate }, entry): WordSet[] => {
    const words = wordSets[entry]!;
    if (isTemplate || words.size < MIN_WORDS) return [];
    const telling = tellingWords(words, owners);
    const neededTelling = Math.ceil(NEEDED_SHARE * telling.length);
    const numbers = numbersOf(tokens, 0, tokens.count);
    return [{ entry, words, telling, neededTelling, numbers, tokens: tokens.count }];
  });
}

function tellingWords(words: ReadonlySet<number>, owners: ReadonlyMap<number, number>): number[] {
  const rarestFirst = [...words].sort((a, b) => owners.get(a)! - owners.get(b)! || a - b);
  const own = rarestFirst.filter((word) => owners.get(word) === 1);
  if (own.length >= MIN_TELLING) return own;
  return rarestFirst.slice(0, Math.max(MIN_TELLING, Math.ceil(RAREST_SHARE * words.size)));
}

/** Hashes of the words; numbers, signs and names of variables are none. */
export function wordSetOf({ kinds, hashes }: TokenList, from: number, to: number): Set<number> {
  const words = new Set<number>();
  for (let at = from; at < to; at += 1) if (kinds[at] === WORD) words.add(hashes[at]!);
  return words;
}

export function numbersOf({ kinds, hashes }: TokenList, from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let at = from; at < to; at += 1) if (kinds[at] === NUMBER) numbers.push(hashes[at]!);
  return numbers;
}

/** Jaccard index: size of the intersection over that of the union. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let common = 0;
  for (const element of a) if (b.has(element)) common += 1;
  return common / (a.size + b.size - common);
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
