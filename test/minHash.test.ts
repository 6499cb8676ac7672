/** MinHash as the recall table sets it beside counting. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BandIndex, estimatedJaccard, FUNCTIONS, signatureOf } from '../bench/minHash.js';
import { jaccard } from '../src/audit/wordSets.js';

/** Two sets of `size` elements with `common` in common; elements are hashes, as those of words. */
function sets(size: number, common: number, seed: number): readonly [Set<number>, Set<number>] {
  const element = (at: number) => Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  const range = (from: number, to: number) =>
    new Set(Array.from({ length: to - from }, (_, at) => element(from + at)));
  return [range(0, size), range(size - common, 2 * size - common)];
}

test.each([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])(
  'estimates a Jaccard index of %d without bias and within its error',
  (index) => {
    const TRIALS = 400;
    const SIZE = 60;
    const common = Math.round((2 * SIZE * index) / (1 + index));
    let [sum, squares, exact] = [0, 0, 0];
    for (let seed = 1; seed <= TRIALS; seed += 1) {
      const [a, b] = sets(SIZE, common, seed);
      exact = jaccard(a, b);
      const error = estimatedJaccard(signatureOf(a), signatureOf(b)) - exact;
      sum += error;
      squares += error ** 2;
    }
    const standardError = Math.sqrt((exact * (1 - exact)) / FUNCTIONS);
    expect(Math.abs(sum / TRIALS)).toBeLessThanOrEqual((5 * standardError) / Math.sqrt(TRIALS));
    expect(Math.sqrt(squares / TRIALS)).toBeLessThanOrEqual(1.2 * standardError);
  },
);

test('a signature depends on the set alone', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 50 }), (elements) => {
      const signature = signatureOf(elements);
      expect(signatureOf([...elements, ...elements].reverse())).toEqual(signature);
      expect(estimatedJaccard(signature, signatureOf(new Set(elements)))).toBe(1);
    }),
  );
});

test('bands find what is alike as often as they should', () => {
  const found = (size: number, common: number) => {
    let hits = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
      const [a, b] = sets(size, common, seed);
      const index = new BandIndex();
      index.add(signatureOf(a), 0);
      if (index.candidates(signatureOf(b)).has(0)) hits += 1;
    }
    return hits / 300;
  };
  // Jaccard indices of 1, 0.71 and 0.14: 1 - (1 - J^4)^16 is 1, 0.993 and 0.007.
  expect(found(60, 60)).toBe(1);
  expect(found(60, 50)).toBeGreaterThan(0.97);
  expect(found(60, 15)).toBeLessThan(0.05);
});
