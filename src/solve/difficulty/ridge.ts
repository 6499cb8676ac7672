/** Ridge regression on sparse rows, solved by conjugate gradients. */
import type { Entry } from './words.js';

export type Row = readonly Entry[];

/** The residual's norm is down by this: far below the noise of what is fitted. */
const TOLERANCE = 1e-6;
/** Squared norms below this are 0: products of such numbers vanish, and quotients of them are none. */
const NOTHING = 1e-200;
/** Conjugate gradients end after as many steps as there are rows, but for rounding. */
const STEPS_PER_ROW = 2;

/** The weights w that minimise |rows w - targets|^2 + penalty |w|^2, `penalty` > 0. */
export function ridge(
  rows: readonly Row[],
  targets: readonly number[],
  penalty: number,
  width: number,
): Float64Array {
  const weights = new Float64Array(width);
  const residual = transposedTimes(rows, targets, width);
  const direction = residual.slice();
  let size = dot(residual, residual);
  const enough = Math.max(NOTHING, size * TOLERANCE ** 2);
  for (let step = 0; size > enough && step < STEPS_PER_ROW * rows.length; step += 1) {
    const image = transposedTimes(
      rows,
      rows.map((row) => times(row, direction)),
      width,
    );
    for (let at = 0; at < width; at += 1) image[at]! += penalty * direction[at]!;
    const length = size / dot(direction, image);
    for (let at = 0; at < width; at += 1) {
      weights[at]! += length * direction[at]!;
      residual[at]! -= length * image[at]!;
    }
    const next = dot(residual, residual);
    for (let at = 0; at < width; at += 1) direction[at] = residual[at]! + (next / size) * direction[at]!;
    size = next;
  }
  return weights;
}

/** Inner product of a sparse row and a vector. */
export function times(row: Row, vector: ArrayLike<number>): number {
  return row.reduce((sum, [at, value]) => sum + value * vector[at]!, 0);
}

function transposedTimes(rows: readonly Row[], values: readonly number[], width: number): Float64Array {
  const sums = new Float64Array(width);
  rows.forEach((row, at) => {
    for (const [column, value] of row) sums[column]! += value * values[at]!;
  });
  return sums;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}
