/**
 * Finds edited copies of templates. Since other problems of the set differ in numbers alone, a copy must have the same numbers in
 * the same order, next to the same words: in a list of problems of one kind the last number of one and the first of the next may
 * be those of a third.
 */
import type { TextFind } from './levels.js';
import type { Entry } from './problemIndex.js';
import { type SkeletonClass, type Template, TRIGRAM } from './skeletonIndex.js';
import { NUMBER, sameToken, type Tokens } from './tokens.js';

/** A trigram of a skeleton that a text has. */
export interface TrigramHit {
  readonly trigram: number;
  /** Token of the text at which it begins. */
  readonly at: number;
}

/** @param hits all of this skeleton in the text, compared word for word, in order */
export function templateCopies(
  { positions, tokens: { count }, windowTokens }: SkeletonClass,
  { byNumbers, numbers, ordinals, neededTrigrams }: Template,
  hits: readonly TrigramHit[],
  entries: readonly Entry[],
  tokens: Tokens,
): TextFind[] {
  const slack = windowTokens - count;
  const best = new Map<number, TextFind>();
  const tried = new Set<number>();
  for (const { trigram, at } of hits)
    for (let offset = 0; offset < TRIGRAM; offset += 1) {
      const position = positions[trigram]! + offset;
      if (ordinals[position]! < 0) continue;
      const places = numbersAround(tokens, at + offset, ordinals[position]!, numbers, windowTokens);
      if (places === null || tried.has(places[0]!)) continue;
      const alike = byNumbers.get(places.map((place) => tokens.hashes[place]).join(' '));
      if (alike === undefined) continue;
      tried.add(places[0]!);
      const start = at + offset - position;
      const within = hits.filter((hit) => hit.at >= start - slack && hit.at < start + count + slack);
      const distinct = new Set(within.map((hit) => hit.trigram)).size;
      if (distinct < neededTrigrams) continue;
      const share = distinct / positions.length;
      const from = Math.min(within[0]!.at, places[0]!);
      const to = Math.max(within.at(-1)!.at + TRIGRAM, places.at(-1)! + 1);
      for (const entry of alike)
        if (share > (best.get(entry)?.share ?? 0) && hasNumbersAt(entries[entry]!, ordinals, tokens, places))
          best.set(entry, { entry, level: 'near', share, from, to });
    }
  return [...best.values()];
}

/** Where `count` numbers in a row stand, of which the one at token `at` has `ordinal` before it; null if some are too far away. */
function numbersAround(
  { kinds, count: end }: Tokens,
  at: number,
  ordinal: number,
  count: number,
  reach: number,
): number[] | null {
  const places = [at];
  for (let place = at - 1; place >= Math.max(0, at - reach) && places.length <= ordinal; place -= 1)
    if (kinds[place] === NUMBER) places.unshift(place);
  if (places.length <= ordinal) return null;
  for (let place = at + 1; place < Math.min(end, at + reach) && places.length < count; place += 1)
    if (kinds[place] === NUMBER) places.push(place);
  return places.length < count ? null : places;
}

/** Equal hashes alone prove nothing. */
function hasNumbersAt(
  { tokens: problem }: Entry,
  ordinals: Int32Array,
  tokens: Tokens,
  places: readonly number[],
): boolean {
  return ordinals.every(
    (ordinal, position) => ordinal < 0 || sameToken(problem, position, tokens, places[ordinal]!),
  );
}
