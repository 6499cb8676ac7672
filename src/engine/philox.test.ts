import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SampleNoise } from './noise.js';
import { philox4x32 } from './philox.js';

const ONES = 0xffffffff;

describe('philox4x32', () => {
  // Known answers of the Random123 library (kat_vectors, philox4x32 with 10 rounds).
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [ONES, ONES, ONES, ONES],
      key: [ONES, ONES],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('gives the published words for $counter', ({ counter, key, words }) => {
    const out = new Uint32Array(4);
    const [c0, c1, c2, c3] = counter as [number, number, number, number];
    philox4x32(out, c0, c1, c2, c3, key[0]!, key[1]!);
    expect([...out]).toEqual(words);
  });
});

describe('SampleNoise', () => {
  test('is a function of seed, request, index and position', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.string(),
        fc.nat(1000),
        fc.array(fc.nat(10_000), { minLength: 1 }),
        (seed, id, index, positions) => {
          const forward = new SampleNoise(seed, id, index);
          const values = positions.map((position) => forward.at(position));
          const backward = new SampleNoise(seed, id, index);
          const again = [...positions].reverse().map((position) => backward.at(position));
          expect(again.reverse()).toEqual(values);
          for (const value of values)
            expect(value >= 0 && value < 1 && Math.fround(value) === value).toBe(true);
        },
      ),
    );
  });

  test('differs between seeds, requests, indices and positions', () => {
    const first = (seed: number, id: string, index: number, position: number) =>
      new SampleNoise(seed, id, index).at(position);
    const values = [
      first(1, 'a', 0, 0),
      first(2, 'a', 0, 0),
      first(2 ** 40 + 1, 'a', 0, 0),
      first(1, 'b', 0, 0),
      first(1, 'a', 1, 0),
      first(1, 'a', 0, 1),
      first(1, 'a', 0, 4),
    ];
    expect(new Set(values).size).toBe(values.length);
  });

  test('is uniform: 64 bins of 65,536 draws pass a chi-square test', () => {
    const bins = new Array<number>(64).fill(0);
    for (let index = 0; index < 256; index += 1) {
      const noise = new SampleNoise(7, 'uniform', index);
      for (let position = 0; position < 256; position += 1) bins[Math.floor(noise.at(position) * 64)]! += 1;
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1024) ** 2 / 1024, 0);
    // 63 degrees of freedom: 99.9 % of uniform generators stay below 103.4.
    expect(chiSquare).toBeLessThan(103.4);
  });
});
