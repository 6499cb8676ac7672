/** A problem's text as numbers: a few counts, and its words and pairs of words hashed into buckets. */

/** Enough that the few thousand words and pairs of a problem set seldom share a bucket. */
export const BUCKETS = 2048;

/** Counts of `countsOf`, by name, in order. */
export const COUNTS = ['characters', 'words', 'digits', 'longestNumber', 'operators', 'commands'] as const;

/** Words, LaTeX commands, numbers and single signs. */
const TOKEN = /\\[A-Za-z]+|[\p{L}]+|\d+|[^\s\p{L}\d]/gu;
const NUMBER = /^\d+$/;
const OPERATOR = /[+\-−*/^=<>!×÷·]/gu;
/** Longer texts are cut: no problem statement of a competition comes near it. */
const MAX_CHARACTERS = 100_000;

/** One entry of a sparse vector. */
export type Entry = readonly [at: number, value: number];

/** Logarithms of one plus each count of `COUNTS`. */
export function countsOf(text: string): readonly number[] {
  const tokens = text.slice(0, MAX_CHARACTERS).match(TOKEN) ?? [];
  const numbers = tokens.filter((token) => NUMBER.test(token));
  const counts = [
    Math.min(text.length, MAX_CHARACTERS),
    tokens.length,
    numbers.reduce((sum, number) => sum + number.length, 0),
    numbers.reduce((most, number) => Math.max(most, number.length), 0),
    text.slice(0, MAX_CHARACTERS).match(OPERATOR)?.length ?? 0,
    tokens.filter((token) => token.startsWith('\\') && token.length > 1).length,
  ];
  return counts.map(Math.log1p);
}

/** Words and pairs as a sparse vector of length 1 over `BUCKETS`; numbers count by their length, not their value. */
export function wordsOf(text: string): readonly Entry[] {
  const tokens = (text.slice(0, MAX_CHARACTERS).match(TOKEN) ?? []).map((token) =>
    NUMBER.test(token) ? `#${token.length}` : token.toLowerCase(),
  );
  const counts = new Map<number, number>();
  tokens.forEach((token, at) => {
    for (const term of at === 0 ? [token] : [token, `${tokens[at - 1]} ${token}`]) {
      const bucket = fnv1a(term) % BUCKETS;
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  });
  const norm = Math.sqrt([...counts.values()].reduce((sum, count) => sum + count, 0));
  return [...counts].map(([bucket, count]) => [bucket, Math.sqrt(count) / norm] as const);
}

/** FNV-1a, 32 bits (G. Fowler, L. C. Noll, K.-P. Vo), over UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
