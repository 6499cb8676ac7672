import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CurvePoint, smooth, smoothingSteps, thin } from './curves.js';

const curve = fc
  .array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 })
  .map((values) => values.map((y, x): CurvePoint => ({ x, y })));

describe('smooth', () => {
  test('takes means about each point, of fewer at the ends', () => {
    const points = [3, 0, 6, 9, 0].map((y, x) => ({ x, y }));
    expect(smooth(points, 3).map(({ y }) => y)).toEqual([3, 3, 5, 5, 0]);
  });

  test('keeps a straight line, and every curve within its bounds', () => {
    fc.assert(
      fc.property(curve, fc.nat(20), (points, half) => {
        const heights = points.map(({ y }) => y);
        for (const { y } of smooth(points, 2 * half + 1)) {
          expect(y).toBeGreaterThanOrEqual(Math.min(...heights) - 1e-6);
          expect(y).toBeLessThanOrEqual(Math.max(...heights) + 1e-6);
        }
        const straight = points.map(({ x }) => ({ x, y: 2 * x + 1 }));
        for (const { x, y } of smooth(straight, 2 * half + 1)) expect(y).toBeCloseTo(2 * x + 1, 8);
      }),
    );
  });

  test('has an odd width of about a fortieth of the steps', () => {
    expect([1, 24, 400, 2000].map(smoothingSteps)).toEqual([1, 1, 11, 51]);
  });
});

describe('thin', () => {
  test('leaves what a plot shows: order, lowest and highest point, and no more than asked for', () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 2, max: 40 }), (points, most) => {
        const kept = thin(points, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(most, 2));
        for (const [at, point] of kept.entries()) {
          expect(points).toContain(point);
          if (at > 0) expect(point.x).toBeGreaterThan(kept[at - 1]!.x);
        }
        const heights = (of: readonly CurvePoint[]) => of.map(({ y }) => y);
        expect(Math.min(...heights(kept))).toBe(Math.min(...heights(points)));
        expect(Math.max(...heights(kept))).toBe(Math.max(...heights(points)));
      }),
    );
  });
});
