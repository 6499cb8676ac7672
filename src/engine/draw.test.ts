import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Sampling } from '../core.js';
import { drawCandidate } from './draw.js';

const PLAIN: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** Index drawn from all probabilities at once, as the definitions of top-k, top-p and min-p say. */
function drawByDefinition(probabilities: readonly number[], sampling: Sampling, uniform: number): number {
  const ranked = sampling.topK > 0 ? probabilities.slice(0, sampling.topK) : probabilities;
  const mass = ranked.length < probabilities.length ? ranked.reduce((sum, p) => sum + p, 0) : 1;
  const kept: number[] = [];
  let before = 0;
  for (const probability of ranked) {
    if (sampling.topP < 1 && before >= sampling.topP * mass) break;
    if (probability < sampling.minP * probabilities[0]!) break;
    kept.push(probability);
    before += probability;
  }
  const total = kept.reduce((sum, p) => sum + p, 0);
  let gathered = 0;
  const index = kept.findIndex((probability) => {
    gathered += probability;
    return gathered > uniform * total;
  });
  return index < 0 ? kept.length - 1 : index;
}

/** Multiples of 2^-12 that sum to 1, so that no sum is rounded. */
const distribution = fc
  .uniqueArray(fc.integer({ min: 1, max: 4095 }), { maxLength: 30 })
  .map((cuts) => [0, ...cuts.sort((a, b) => a - b), 4096])
  .map((cuts) => cuts.slice(1).map((cut, at) => (cut - cuts[at]!) / 4096))
  .map((probabilities) => probabilities.sort((a, b) => b - a));

const settings = fc.record({
  topK: fc.nat(35),
  topP: fc.constantFrom(0.1, 0.5, 0.9, 0.99, 1),
  minP: fc.constantFrom(0, 0.05, 0.3),
});

test('draws by the definitions, and with few candidates the same as with all or not at all', () => {
  fc.assert(
    fc.property(distribution, settings, fc.nat(2 ** 24 - 1), fc.nat(), (all, changes, bits, cut) => {
      const sampling = { ...PLAIN, ...changes };
      const uniform = bits / 2 ** 24;
      const expected = drawByDefinition(all, sampling, uniform);
      expect(drawCandidate(Float32Array.from(all), sampling, uniform, all.length)).toBe(expected);
      const few = Float32Array.from(all).subarray(0, 1 + (cut % all.length));
      expect([expected, null]).toContain(drawCandidate(few, sampling, uniform, all.length));
    }),
    { numRuns: 2000 },
  );
});

test('asks for more candidates only where they could be drawn', () => {
  const few = Float32Array.of(0.5, 0.25);
  const drawn = (changes: Partial<Sampling>, uniform: number) =>
    drawCandidate(few, { ...PLAIN, ...changes }, uniform, 100);
  expect(drawn({}, 0.7)).toBe(1);
  expect(drawn({}, 0.75)).toBeNull();
  expect(drawn({ topP: 0.7 }, 0.99)).toBe(1);
  expect(drawn({ topP: 0.8 }, 0)).toBeNull();
  expect(drawn({ topK: 2 }, 0.99)).toBe(1);
  expect(drawn({ topK: 3 }, 0)).toBeNull();
  expect(drawn({ topK: 3, topP: 0.5 }, 0)).toBeNull();
  expect(drawn({ minP: 0.6 }, 0.99)).toBe(0);
  expect(drawn({ minP: 0.1 }, 0)).toBeNull();
});

test('takes the likeliest if greedy, and where the numbers are none', () => {
  expect(drawCandidate(Float32Array.of(0.4, 0.3), { ...PLAIN, greedy: true }, 0.99, 100)).toBe(0);
  expect(drawCandidate(Float32Array.of(Number.NaN, Number.NaN), PLAIN, 0.5, 100)).toBe(0);
});
