import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { divergence } from './divergence.js';

const logits = (size: number) =>
  fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: size, maxLength: size });
const pairs = fc
  .integer({ min: 2, max: 40 })
  .chain((size) => fc.tuple(logits(size), logits(size), fc.nat(size - 1)));

function probabilities(values: readonly number[]): number[] {
  const sum = values.reduce((total, value) => total + Math.exp(value), 0);
  return values.map((value) => Math.exp(value) / sum);
}

test('is the sum of p ln(p / q), and the losses are those of the next token', () => {
  fc.assert(
    fc.property(pairs, ([a, b, next]) => {
      const [p, q] = [probabilities(a), probabilities(b)];
      const expected = p.reduce(
        (sum, share, at) => (share > 0 ? sum + share * Math.log(share / q[at]!) : sum),
        0,
      );
      const found = divergence(Float32Array.from(a), Float32Array.from(b), next);
      expect(found.kl).toBeCloseTo(Math.max(0, expected), 8);
      expect(found.kl).toBeGreaterThanOrEqual(0);
      expect(found.referenceLoss).toBeCloseTo(-Math.log(p[next]!), 8);
      expect(found.candidateLoss).toBeCloseTo(-Math.log(q[next]!), 8);
    }),
  );
});

test('does not see a constant added to all logits', () => {
  const a = Float32Array.of(1, 2, 0.5);
  const found = divergence(
    a,
    a.map((value) => value + 4),
    1,
  );
  expect(found.kl).toBeLessThan(1e-12);
  expect(found.sameBest).toBe(true);
  expect(divergence(a, Float32Array.of(3, 2, 0.5), 1).sameBest).toBe(false);
});

test('stands logits whose exponentials would overflow', () => {
  const found = divergence(Float32Array.of(1000, 0), Float32Array.of(1001, 0), 0);
  expect(found).toEqual({ kl: 0, sameBest: true, referenceLoss: 0, candidateLoss: 0 });
});
