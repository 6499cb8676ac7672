/** Quantizes rows of a matrix in blocks, in the layout of onnxruntime's MatMulNBits and GatherBlockQuantized. */
import { roundToFloat16 } from '../onnx/float16.js';

export const BLOCK_SIZES = [32, 64, 128] as const;
export type BlockSize = (typeof BLOCK_SIZES)[number];

/** How numbers of a block become integers. */
export interface BlockFormat {
  readonly bits: 4 | 8;
  /** Numbers that share a scale. */
  readonly blockSize: BlockSize;
  /** True: a block's integers are centred on 2^(bits-1). False: each block has a zero point of its own. */
  readonly symmetric: boolean;
  /** Element type of the scales: that of the activations. */
  readonly scaleType: 'float32' | 'float16';
}

/** `rows` rows of `ceil(columns / blockSize)` blocks each. */
export interface QuantizedRows {
  /** `[rows, blocks, blockSize · bits / 8]`; of two 4-bit integers in a byte the first is the lower. Columns past the last are zero. */
  readonly integers: Uint8Array<ArrayBuffer>;
  /** `[rows, blocks]`, exact in the format's scale type. */
  readonly scales: Float32Array<ArrayBuffer>;
  /** `[rows, ceil(blocks · bits / 8)]`, `null` where they are all 2^(bits-1). */
  readonly zeroPoints: Uint8Array<ArrayBuffer> | null;
  /** Sum of the squared differences that quantizing made. */
  readonly squaredError: number;
  /** Sum of the squared numbers. */
  readonly squaredSum: number;
}

/**
 * Ranges tried for a block at 4 bits, as shares of the one that its extreme number asks for. With 16 steps it pays to cut
 * the extremes a little for finer steps (bench/README.md); with 256 there is little to gain.
 */
const RANGES = [1.05, 0.97, 0.88] as const;

/** The block size for rows of `columns` numbers: the largest up to `most` that fills them without a rest, else the smallest. */
export function fittingBlockSize(columns: number, most: BlockSize): BlockSize {
  return BLOCK_SIZES.findLast((size) => size <= most && columns % size === 0) ?? BLOCK_SIZES[0];
}

/** Blocks of a row. */
export const blocksOf = (columns: number, blockSize: number) => Math.ceil(columns / blockSize);

/** Bytes that the integers of a row take. */
export const integerBytes = (columns: number, { bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>) =>
  (blocksOf(columns, blockSize) * blockSize * bits) / 8;

/** Bytes that the zero points of a row take. */
export const zeroPointBytes = (
  columns: number,
  { bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>,
) => Math.ceil((blocksOf(columns, blockSize) * bits) / 8);

/**
 * Quantizes `values [rows, columns]`. A number x becomes the integer nearest to x / scale + zero point. Of the ranges tried
 * the block keeps the one whose squared error is least when its scale is fitted by least squares:
 * for integers q (zero point taken off) that scale is Σxq / Σq², and the error Σx² - (Σxq)² / Σq².
 */
export function quantizeRows(values: Float32Array, columns: number, format: BlockFormat): QuantizedRows {
  const { bits, blockSize, symmetric, scaleType } = format;
  const rows = values.length / columns;
  const blocks = blocksOf(columns, blockSize);
  const rowBytes = integerBytes(columns, format);
  const zeroBytes = zeroPointBytes(columns, format);
  const integers = new Uint8Array(rows * rowBytes);
  const scales = new Float32Array(rows * blocks);
  const zeroPoints = symmetric ? null : new Uint8Array(rows * zeroBytes);
  const store = bits === 4 ? storeNibbles : storeBytes;
  const fit: Fit = { scale: 0, zero: 0 };
  const sums = new Float64Array(2);
  for (let row = 0; row < rows; row += 1) {
    for (let at = 0; at < blocks; at += 1) {
      const start = row * columns + at * blockSize;
      const end = Math.min(start + blockSize, (row + 1) * columns);
      fitBlock(values, start, end, bits, symmetric, fit);
      const { zero } = fit;
      const scale = scaleType === 'float16' ? roundToFloat16(fit.scale) : Math.fround(fit.scale);
      scales[row * blocks + at] = scale;
      const place = row * rowBytes + (at * blockSize * bits) / 8;
      store(values, start, end, scale, zero, integers, place, sums);
      // Columns past the last are zero: they meet none of the activations, but rows of an embedding are read whole.
      if (end - start < blockSize) fillBlock(integers, place, end - start, blockSize, bits, zero);
      if (zeroPoints && bits === 8) zeroPoints[row * zeroBytes + at] = zero;
      else if (zeroPoints) zeroPoints[row * zeroBytes + (at >> 1)]! |= zero << (4 * (at & 1));
    }
  }
  const [squaredError, squaredSum] = [sums[0]!, sums[1]!];
  return { integers, scales, zeroPoints, squaredError, squaredSum };
}

/** How a block is stored, `zero` being the integer that stands for 0. */
interface Fit {
  scale: number;
  zero: number;
}

function fitBlock(
  values: Float32Array,
  start: number,
  end: number,
  bits: 4 | 8,
  symmetric: boolean,
  fit: Fit,
): void {
  let low = 0;
  let high = 0;
  for (let i = start; i < end; i += 1) {
    const x = values[i]!;
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  const most = (1 << bits) - 1;
  const half = 1 << (bits - 1);
  // Symmetric integers reach one step further down than up, so the extreme number is put there, by a negative scale if need be.
  const step = symmetric ? (high > -low ? -high : -low) / half : (high - low) / most;
  fit.scale = step;
  fit.zero = symmetric || step === 0 ? half : Math.round(-low / step);
  if (bits === 8 || step === 0) return;
  // All three in one pass: each is a chain of dependent additions, and three chains at once take hardly longer than one.
  const inverseA = 1 / (step * RANGES[0]);
  const inverseB = 1 / (step * RANGES[1]);
  const inverseC = 1 / (step * RANGES[2]);
  const zeroA = symmetric ? half : Math.min(most, Math.round(-low * inverseA));
  const zeroB = symmetric ? half : Math.min(most, Math.round(-low * inverseB));
  const zeroC = symmetric ? half : Math.min(most, Math.round(-low * inverseC));
  let [productsA, productsB, productsC] = [0, 0, 0];
  let [squaresA, squaresB, squaresC] = [0, 0, 0];
  for (let i = start; i < end; i += 1) {
    const x = values[i]!;
    const levelA = clamp((x * inverseA + zeroA + 0.5) | 0, most) - zeroA;
    const levelB = clamp((x * inverseB + zeroB + 0.5) | 0, most) - zeroB;
    const levelC = clamp((x * inverseC + zeroC + 0.5) | 0, most) - zeroC;
    productsA += x * levelA;
    productsB += x * levelB;
    productsC += x * levelC;
    squaresA += Math.imul(levelA, levelA);
    squaresB += Math.imul(levelB, levelB);
    squaresC += Math.imul(levelC, levelC);
  }
  let best = keepBetter(fit, 0, productsA, squaresA, zeroA);
  best = keepBetter(fit, best, productsB, squaresB, zeroB);
  keepBetter(fit, best, productsC, squaresC, zeroC);
}

/** Takes a range's fit if it explains more of Σx² than the `best` so far; returns the larger of both. */
function keepBetter(fit: Fit, best: number, products: number, squares: number, zero: number): number {
  const explained = (products * products) / squares;
  if (!(explained > best)) return best;
  fit.scale = products / squares;
  fit.zero = zero;
  return explained;
}

/** Writes the level nearest to each number, a byte each; adds the squared errors and the squares to `sums`. */
function storeBytes(
  values: Float32Array,
  start: number,
  end: number,
  scale: number,
  zero: number,
  target: Uint8Array,
  place: number,
  sums: Float64Array,
): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  const offset = zero + 0.5;
  const shift = place - start;
  let squaredError = 0;
  let squaredSum = 0;
  for (let i = start; i < end; i += 1) {
    const x = values[i]!;
    const nearest = (x * inverse + offset) | 0;
    const level = clamp(nearest, 255);
    target[i + shift] = level;
    const difference = x - (level - zero) * scale;
    squaredError += difference * difference;
    squaredSum += x * x;
  }
  sums[0]! += squaredError;
  sums[1]! += squaredSum;
}

/** The same with two levels in a byte, the first in its lower half. */
function storeNibbles(
  values: Float32Array,
  start: number,
  end: number,
  scale: number,
  zero: number,
  target: Uint8Array,
  place: number,
  sums: Float64Array,
): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  const offset = zero + 0.5;
  let squaredError = 0;
  let squaredSum = 0;
  let byte = place;
  for (let i = start; i < end; i += 2) {
    const x = values[i]!;
    const level = clamp((x * inverse + offset) | 0, 15);
    const difference = x - (level - zero) * scale;
    // A row of an odd number of columns ends in the middle of a byte; what lies behind it is the next row's.
    const y = i + 1 < end ? values[i + 1]! : 0;
    const nextLevel = clamp((y * inverse + offset) | 0, 15);
    const nextDifference = y - (nextLevel - zero) * scale;
    target[byte] = level | (nextLevel << 4);
    byte += 1;
    squaredError += difference * difference + nextDifference * nextDifference;
    squaredSum += x * x + y * y;
  }
  sums[0]! += squaredError;
  sums[1]! += squaredSum;
}

/** `value` within 0 and `most`, without a branch: which numbers are cut is as good as random, and a guess by the processor costs more. */
function clamp(value: number, most: number): number {
  const room = most - value;
  const capped = value + (room & (room >> 31));
  return capped & ~(capped >> 31);
}

function fillBlock(
  target: Uint8Array,
  place: number,
  from: number,
  blockSize: number,
  bits: 4 | 8,
  zero: number,
): void {
  for (let at = from; at < blockSize; at += 1) {
    if (bits === 8) target[place + at] = zero;
    else if ((at & 1) === 0) target[place + (at >> 1)] = zero | (zero << 4);
  }
}
