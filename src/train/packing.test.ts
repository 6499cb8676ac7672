import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seededBits } from '../score/random.js';
import { BatchBuffers } from './batch.js';
import { packTexts } from './packing.js';
import { learningRateAt } from './schedule.js';
import { rowShapes } from './sft.js';

describe('packTexts', () => {
  test('has every text once, in a row of the shortest length that holds it, and none too full', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1024 }), { maxLength: 700 }),
        fc.integer(),
        (lengths, seed) => {
          const shapes = rowShapes(4096, 1024);
          const batches = packTexts(lengths, shapes, seededBits(seed));
          const placed = batches.flatMap(({ rows }) => rows.flat());
          expect([...placed].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
          for (const { shape, rows } of batches) {
            expect(rows.length).toBeLessThanOrEqual(shape.rows);
            const shorter = Math.max(
              0,
              ...shapes.map(({ length }) => length).filter((length) => length < shape.length),
            );
            for (const row of rows) {
              expect(row.reduce((sum, text) => sum + lengths[text]!, 0)).toBeLessThanOrEqual(shape.length);
              for (const text of row) expect(lengths[text]).toBeGreaterThan(shorter);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('leaves little room unused', () => {
    const bits = seededBits(3);
    const lengths = Array.from({ length: 3000 }, () => 20 + (bits() % 200));
    const rows = packTexts(lengths, [{ rows: 16, length: 256 }], bits).flatMap((batch) => batch.rows);
    const filled = lengths.reduce((sum, length) => sum + length, 0);
    expect(filled / (256 * rows.length)).toBeGreaterThan(0.95);
  });

  test('orders by the seed alone', () => {
    const lengths = Array.from({ length: 100 }, (_, at) => 1 + ((at * 37) % 250));
    const pack = (seed: number) => packTexts(lengths, rowShapes(1024, 256), seededBits(seed));
    expect(pack(1)).toEqual(pack(1));
    expect(pack(2)).not.toEqual(pack(1));
  });
});

describe('BatchBuffers', () => {
  test('lays texts side by side, each with its own positions, and learns completions alone', () => {
    const buffers = new BatchBuffers({ rows: 2, length: 6 });
    const texts = [
      { tokens: [5, 6, 7], learnFrom: 1 },
      { tokens: [8, 9, 10, 11], learnFrom: 3 },
    ];
    const batch = { shape: buffers.shape, rows: [[1, 0]] };
    for (let again = 0; again < 2; again += 1) {
      const places = buffers.fill(batch, texts, 0.5);
      expect(places).toEqual([
        { text: 1, first: 2, count: 1 },
        { text: 0, first: 3, count: 2 },
      ]);
      const half = (array: BigInt64Array) => [...array].map(Number).slice(0, 6);
      expect(half(buffers.tokens)).toEqual([8, 9, 10, 5, 6, 0]);
      expect(half(buffers.targets)).toEqual([9, 10, 11, 6, 7, 0]);
      expect(half(buffers.positions)).toEqual([0, 1, 2, 0, 1, 0]);
      expect(half(buffers.segments)).toEqual([0, 0, 0, 1, 1, -1]);
      expect([...buffers.weights].slice(0, 6)).toEqual([0, 0, 0.5, 0.5, 0.5, 0]);
      expect([...buffers.weights].slice(6)).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test('gives each token that is learnt its policy terms', () => {
    const buffers = new BatchBuffers({ rows: 1, length: 6 });
    const text = {
      tokens: [1, 2, 3, 4],
      learnFrom: 2,
      advantage: -2,
      oldLogprobs: [-1, -2],
      referenceLogprobs: [-3, -4],
    };
    buffers.fillPolicy({ shape: buffers.shape, rows: [[0]] }, [text], 1);
    expect([...buffers.advantages]).toEqual([0, -2, -2, 0, 0, 0]);
    expect([...buffers.oldLogprobs]).toEqual([0, -1, -2, 0, 0, 0]);
    expect([...buffers.referenceLogprobs]).toEqual([0, -3, -4, 0, 0, 0]);
  });
});

test('the learning rate warms up, falls by a cosine and ends at the floor', () => {
  const schedule = { peak: 2, warmUpSteps: 10, totalSteps: 101, floor: 0.1 };
  const rates = Array.from({ length: 101 }, (_, at) => learningRateAt(at + 1, schedule));
  expect(rates[0]).toBeCloseTo(0.2, 3);
  expect(Math.max(...rates)).toBeGreaterThan(1.9);
  expect(rates[50]).toBeCloseTo(2 * (0.1 + 0.9 * 0.5), 6);
  expect(rates[100]).toBeCloseTo(0.2, 6);
});
