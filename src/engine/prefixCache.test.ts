import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PrefixCache } from './prefixCache.js';

/** A block's content is the text of all tokens up to its end. */
const contents = (tokens: readonly number[], blockSize: number) =>
  Array.from({ length: Math.floor(tokens.length / blockSize) }, (_, at) =>
    tokens.slice(0, (at + 1) * blockSize).join(),
  );

function keep(cache: PrefixCache<string>, tokens: readonly number[], blockSize: number): number {
  const claim = cache.claim(tokens)!;
  claim.fill(contents(tokens, blockSize).slice(claim.found.length));
  return claim.found.length;
}

describe('PrefixCache', () => {
  test('finds the whole blocks that two prompts begin with', () => {
    const cache = new PrefixCache<string>({ blockSize: 2, capacity: 100 });
    expect(keep(cache, [1, 2, 3, 4, 5], 2)).toBe(0);
    expect(cache.size).toBe(2);
    expect(cache.claim([1, 2, 3, 4, 9, 9])!.found).toEqual(['1,2', '1,2,3,4']);
    expect(cache.find([1, 2, 3, 9])).toEqual(['1,2']);
    expect(cache.find([2, 2, 3, 4])).toEqual([]);
    // Numbers run together must not be taken for others.
    expect(cache.find([12, 3])).toEqual([]);
  });

  test('holds a prompt back while another computes what it begins with, and no longer', () => {
    const cache = new PrefixCache<string>({ blockSize: 2, capacity: 100 });
    const first = cache.claim([1, 2, 3, 4, 5, 6])!;
    expect(cache.claim([1, 2, 9, 9])).toBeNull();
    first.fill(['a']);
    expect(cache.claim([1, 2, 9, 9])!.found).toEqual(['a']);
    expect(cache.claim([1, 2, 3, 4])).toBeNull();
    first.drop();
    const second = cache.claim([1, 2, 3, 4])!;
    expect(second.found).toEqual(['a']);
    expect(first.fill(['b'])).toBe(0);
    expect(second.fill(['b'])).toBe(1);
    expect(cache.find([1, 2, 3, 4])).toEqual(['a', 'b']);
  });

  test('lets go of what was longest unused, ends first, and never of what is held', () => {
    const gone: string[] = [];
    const held = new Set(['1', '1,1']);
    const cache = new PrefixCache<string>({
      blockSize: 1,
      capacity: 4,
      evictable: (content) => !held.has(content),
      onEvict: (content) => gone.push(content),
    });
    keep(cache, [1, 1], 1);
    keep(cache, [2, 2], 1);
    keep(cache, [3], 1);
    expect(gone).toEqual(['2,2']);
    expect(cache.find([2])).toEqual(['2']);
    keep(cache, [4, 4], 1);
    expect(gone).toEqual(['2,2', '2', '3']);
    held.clear();
    expect(cache.evict()).toBe(true);
    expect(gone.at(-1)).toBe('1,1');
  });

  test('keeps nothing where there is room for nothing', () => {
    const cache = new PrefixCache<string>({ blockSize: 1, capacity: 0 });
    expect(keep(cache, [1, 2], 1)).toBe(0);
    expect(keep(cache, [1, 2], 1)).toBe(0);
    expect(cache.size).toBe(0);
  });

  test('never finds what belongs to other tokens, and never keeps more than it may', () => {
    const prompt = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(prompt, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(12),
        (prompts, blockSize, capacity) => {
          const cache = new PrefixCache<string>({ blockSize, capacity });
          for (const tokens of prompts) {
            const claim = cache.claim(tokens)!;
            const all = contents(tokens, blockSize);
            expect(claim.found).toEqual(all.slice(0, claim.found.length));
            claim.fill(all.slice(claim.found.length));
            expect(cache.size).toBeLessThanOrEqual(capacity);
            if (all.length <= capacity) expect(cache.find(tokens)).toEqual(all);
          }
          while (cache.evict());
          expect(cache.size).toBe(0);
        },
      ),
    );
  });
});
