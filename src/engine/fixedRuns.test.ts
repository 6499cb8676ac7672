import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { piecesOf, spareBlocks, spareRows } from './fixedRuns.js';

const PIECE = 64;
const SPARE = [90, 91, 92];

describe('runs in fixed shapes', () => {
  test('have as many tokens each, and end at the same positions whatever was there before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 300 }), (pieces, length) => {
        const past = pieces * PIECE;
        const tokens = Array.from({ length }, (_, at) => past + at);
        const runs = piecesOf({ tokens, past, blocks: [1, 2] }, PIECE, SPARE);
        expect(runs.flatMap(([piece]) => piece!.tokens)).toEqual(tokens);
        for (const [piece, spare, ...more] of runs) {
          expect(more).toEqual([]);
          expect(piece).toEqual({ tokens: piece!.tokens, past: piece!.tokens[0]!, blocks: [1, 2] });
          const end = piece!.past + piece!.tokens.length;
          expect(end === past + length || end % PIECE === 0).toBe(true);
          expect(piece!.tokens.length + spare!.tokens.length).toBe(PIECE + 4);
          expect(spare!.tokens.length).toBeLessThanOrEqual(spareBlocks(PIECE, 32) * 32);
          expect([spare!.past, spare!.blocks]).toEqual([0, SPARE]);
        }
      }),
    );
  });

  test('go on from the middle of a piece to its end', () => {
    const runs = piecesOf({ tokens: new Array<number>(100).fill(1), past: 50, blocks: [] }, PIECE, SPARE);
    expect(runs.map(([piece]) => [piece!.past, piece!.tokens.length])).toEqual([
      [50, 14],
      [64, 64],
      [128, 22],
    ]);
  });

  test('fill a tile of rows', () => {
    expect(spareRows(4, SPARE)).toEqual([]);
    expect(spareRows(6, SPARE)).toEqual(new Array(2).fill({ tokens: [0], past: 0, blocks: SPARE }));
  });
});
