/**
 * Finds edited copies of templates. Since other problems of the set differ in numbers alone, a copy must have the same numbers in
 * the same order, next to the same words: in a list of problems of one kind the last number of one and the first of the next may
 * be those of a third.
 */
import type { TextFind } from './levels.js';
import type { Entry } from './problemIndex.js';
import { addNumber, type SkeletonClass, type Template, TRIGRAM } from './skeletonIndex.js';
import { NUMBER, sameToken, type Tokens } from './tokens.js';
import type { TrigramHits } from './trigramHits.js';

/** @param first the first hit of the template's skeleton */
export function templateCopies(
  found: SkeletonClass,
  { byNumbers, numbers, ordinals, neededTrigrams }: Template,
  hits: TrigramHits,
  first: number,
  entries: readonly Entry[],
  tokens: Tokens,
): TextFind[] {
  const finds: TextFind[] = [];
  const { positions, windowTokens } = found;
  let lastRun = -1;
  for (let hit = first; hit >= 0; hit = hits.next[hit]!)
    for (let offset = 0; offset < TRIGRAM && hits.trigram[hit]! >= 0; offset += 1) {
      const position = positions[hits.trigram[hit]!]! + offset;
      if (ordinals[position]! < 0) continue;
      const number = hits.at[hit]! + offset;
      const run = runStart(tokens, number, ordinals[position]!, windowTokens);
      if (run < 0 || run === lastRun) continue;
      lastRun = run;
      const alike = byNumbers.get(hashOfRun(tokens, run, numbers, number + windowTokens));
      if (alike === undefined) continue;
      const window = sharedTrigrams(found, hits, first, number - position, tokens);
      if (window.trigrams < neededTrigrams) continue;
      const share = window.trigrams / positions.length;
      const from = Math.min(window.from, run);
      const places = numbersFrom(tokens, run, numbers);
      const to = Math.max(window.to, places.at(-1)! + 1);
      for (const entry of alike)
        if (hasNumbersAt(entries[entry]!, ordinals, tokens, places))
          finds.push({ entry, level: 'near', share, from, to });
    }
  return finds.length > 1 ? bestOfEach(finds) : finds;
}

/** Where the numbers begin of which the one at token `at` has `ordinal` before it; -1 if they are too far away. */
function runStart({ kinds }: Tokens, at: number, ordinal: number, reach: number): number {
  let start = at;
  for (let left = ordinal; left > 0; left -= 1) {
    start -= 1;
    while (start >= 0 && at - start <= reach && kinds[start] !== NUMBER) start -= 1;
    if (start < 0 || at - start > reach) return -1;
  }
  return start;
}

/** Hash of `wanted` numbers in a row from token `from` on, or of those that begin before token `end`. */
function hashOfRun({ kinds, hashes, count }: Tokens, from: number, wanted: number, end: number): number {
  const last = Math.min(count, end);
  let hash = 0;
  for (let [place, left] = [from, wanted]; place < last && left > 0; place += 1)
    if (kinds[place] === NUMBER) {
      hash = addNumber(hash, hashes[place]!);
      left -= 1;
    }
  return hash;
}

/** Where as many numbers in a row are, as far as the text has them. */
function numbersFrom({ kinds, count }: Tokens, from: number, wanted: number): number[] {
  const places: number[] = [];
  for (let place = from; place < count && places.length < wanted; place += 1)
    if (kinds[place] === NUMBER) places.push(place);
  return places;
}

/** How many distinct trigrams of a problem that seems to begin at token `start` the text has about there, and where these are. */
function sharedTrigrams(
  found: SkeletonClass,
  hits: TrigramHits,
  first: number,
  start: number,
  tokens: Tokens,
): { readonly trigrams: number; readonly from: number; readonly to: number } {
  const slack = found.windowTokens - found.tokens.count;
  const shared = new Set<number>();
  let [from, to] = [tokens.count, 0];
  for (
    let hit = first;
    hit >= 0 && hits.at[hit]! < start + found.tokens.count + slack;
    hit = hits.next[hit]!
  ) {
    if (hits.at[hit]! < start - slack || !hits.isShared(hit, found, tokens)) continue;
    shared.add(hits.trigram[hit]!);
    from = Math.min(from, hits.at[hit]!);
    to = hits.at[hit]! + TRIGRAM;
  }
  return { trigrams: shared.size, from, to };
}

/** Equal hashes alone prove nothing. */
function hasNumbersAt(
  { tokens: problem }: Entry,
  ordinals: Int32Array,
  tokens: Tokens,
  places: readonly number[],
): boolean {
  return ordinals.every(
    (ordinal, position) =>
      ordinal < 0 || (ordinal < places.length && sameToken(problem, position, tokens, places[ordinal]!)),
  );
}

function bestOfEach(finds: readonly TextFind[]): TextFind[] {
  const best = new Map<number, TextFind>();
  for (const find of finds) if (find.share > (best.get(find.entry)?.share ?? 0)) best.set(find.entry, find);
  return [...best.values()];
}
