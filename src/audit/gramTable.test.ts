import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GramTable, gramHashes } from './gramTable.js';

const hashes = fc
  .array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 })
  .map((list) => Int32Array.from(list));

test('finds exactly the n-grams that it has, with all their postings in order', () => {
  fc.assert(
    fc.property(hashes, hashes, fc.integer({ min: 1, max: 9 }), (known, text, n) => {
      const grams = gramHashes(known, known.length, n);
      const table = new GramTable(n, grams);
      const found: [number, number][] = [];
      table.scan(text, text.length, (first, at) => {
        for (let posting = first; posting >= 0; posting = table.next[posting]!) found.push([posting, at]);
      });
      const same = (a: number, b: number) =>
        known.subarray(a, a + n).every((hash, offset) => hash === text[b + offset]);
      const expected: [number, number][] = [];
      for (let at = 0; at + n <= text.length; at += 1)
        for (let posting = 0; posting < grams.length; posting += 1)
          if (same(posting, at)) expected.push([posting, at]);
      expect(found).toEqual(expected);
    }),
  );
});
