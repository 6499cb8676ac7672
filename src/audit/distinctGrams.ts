/**
 * Which n-grams tell a problem from the others of its set. Two kinds do not: boilerplate, which several problems have word for
 * word ("where m and n are relatively prime positive integers"), and templates, which several have with other numbers. GPT-3
 * (arXiv 2005.14165, appendix C) leaves out n-grams that many training documents have; judged by the set, a problem that was
 * copied often is still found.
 */
import { gramHashes } from './gramTable.js';
import { NUMBER, type TokenList, VARIABLE, wordsOf } from './tokens.js';

/** Owner of an n-gram that two problems or more have word for word. */
const SEVERAL = -1;

interface SeenSkeleton {
  readonly entry: number;
  readonly gram: number;
  /** Whether two problems have it with different numbers or variables. */
  isTemplate: boolean;
}

/**
 * Clears, in `distinct`, the n-grams that tell nothing.
 * @param entries the indices of one set's texts in `lists` and `distinct`
 */
export function distinctGrams(
  lists: readonly TokenList[],
  entries: readonly number[],
  n: number,
  distinct: readonly Uint8Array[],
): void {
  const skeletons = new Map<number, SeenSkeleton>();
  const ownerOf = new Map<number, number>();
  const keysOf = entries.map((entry) => {
    const { hashes, masked, count } = lists[entry]!;
    return { entry, grams: wideHashes(hashes, count, n), skeletonGrams: wideHashes(masked, count, n) };
  });
  for (const { entry, grams, skeletonGrams } of keysOf) {
    for (const [at, gram] of grams.entries()) {
      const skeleton = skeletonGrams[at]!;
      const seen = skeletons.get(skeleton);
      if (!seen) skeletons.set(skeleton, { entry, gram, isTemplate: false });
      else if (seen.entry !== entry && seen.gram !== gram) seen.isTemplate = true;
      const owner = ownerOf.get(gram) ?? entry;
      ownerOf.set(gram, owner === entry ? entry : SEVERAL);
    }
  }
  for (const { entry, grams, skeletonGrams } of keysOf)
    for (const [at, gram] of grams.entries())
      if (skeletons.get(skeletonGrams[at]!)!.isTemplate || ownerOf.get(gram) === SEVERAL)
        distinct[entry]![at] = 0;
}

/** The texts of a set that differ from another one in nothing but numbers and names of variables. */
export function templatesOf(lists: readonly TokenList[], entries: readonly number[]): number[] {
  const bySkeleton = new Map<string, number[]>();
  for (const entry of entries) {
    const key = skeletonOf(lists[entry]!);
    bySkeleton.set(key, [...(bySkeleton.get(key) ?? []), entry]);
  }
  return [...bySkeleton.values()].filter((alike) => alike.length > 1).flat();
}

/** The words of a text with `#` for numbers and `*` for variables. */
export function skeletonOf(tokens: TokenList): string {
  const words = wordsOf(tokens);
  return words
    .map((word, at) => (tokens.kinds[at] === NUMBER ? '#' : tokens.kinds[at] === VARIABLE ? '*' : word))
    .join(' ');
}

/** Hashes of 53 bits: among millions of n-grams two of 32 bits would often be equal. */
function wideHashes(hashes: Int32Array, count: number, n: number): Float64Array {
  const low = gramHashes(hashes, count, n);
  const high = gramHashes(
    hashes.map((hash) => Math.imul(hash ^ (hash >>> 15), 0x2545f491)),
    count,
    n,
  );
  return Float64Array.from(low, (hash, at) => (hash >>> 0) * 2 ** 21 + (high[at]! >>> 11));
}
