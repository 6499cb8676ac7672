/** What a decoder step must read and compute at least, and how long that takes a machine whose limits are known. */
import type { DecoderConfig } from '../checkpoint/config.js';
import {
  type BlockSize,
  blocksOf,
  fittingBlockSize,
  integerBytes,
  zeroPointBytes,
} from '../export/blocks.js';
import { precisionOf, type Quantization, type QuantizedDtype } from '../export/quantization.js';
import { EMBEDDING, HEAD, matrixShape, tensorShapes } from '../model/tensors.js';

/** How the weights of a product are stored: as float32, or quantized in blocks, as in `int8/128`. */
export type ProductFormat = 'fp32' | `${QuantizedDtype}/${BlockSize}`;

/** A number for some of the formats. */
export type ByFormat = Readonly<Partial<Record<ProductFormat, number>>>;

/** What a machine can do at best. */
export interface MachineLimits {
  /** Bytes a second that all threads together read from memory. */
  readonly readBytes: number;
  /** Operations a second of a large product, a multiplication and an addition being two. */
  readonly flops: ByFormat;
}

/** One step of a batch. */
export interface StepWork {
  /** Bytes of all matrices that a step multiplies by, scales and zero points included. */
  readonly weightBytes: number;
  /** Bytes of the keys and values that its rows attend to. */
  readonly cacheBytes: number;
  /** Operations by the format of the weights; those of attention, whose keys and values are float32, count as `fp32`. */
  readonly flops: ByFormat;
}

/** The least time of a step, and what sets it. */
export interface Bound {
  readonly ms: number;
  readonly by: 'memory' | 'arithmetic';
}

const FLOAT_BYTES = 4;

/**
 * The work of `rows` rows that attend to `positions` positions each, of which all rows share `sharedPositions`. A matrix is read
 * once a step, however many rows there are; keys and values once for each row, or once for all that share them. A matrix of n weights takes 2n operations a row; attention takes 2 for the score
 * and 2 for the mixing of each element of the queries and each position. Normalisations, activations, rotary embedding and
 * sampling count nothing, so that the bound is one of below.
 */
export function stepWork(
  config: DecoderConfig,
  quantization: Quantization | null,
  rows: number,
  positions: number,
  sharedPositions = 0,
): StepWork {
  const { layers, heads, kvHeads, headDim } = config;
  const flops = new Map<ProductFormat, number>();
  const count = (format: ProductFormat, operations: number) =>
    flops.set(format, (flops.get(format) ?? 0) + operations);
  let weightBytes = 0;
  for (const name of multiplied(config)) {
    const [outputs, inputs] = matrixShape(config, name);
    const { format, bytes } = storedAs(config, quantization, name);
    count(format, 2 * rows * outputs * inputs);
    weightBytes += bytes;
  }
  if (positions > 0) count('fp32', 4 * rows * positions * layers * heads * headDim);
  const stored = sharedPositions + rows * (positions - sharedPositions);
  const cacheBytes = 2 * stored * layers * kvHeads * headDim * FLOAT_BYTES;
  return { weightBytes, cacheBytes, flops: Object.fromEntries(flops) };
}

/**
 * The roofline (Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009): a step takes at least as long as
 * its bytes take to be read and at least as long as its operations take, products of each format at their own speed.
 * @throws RangeError for a format whose limit was not measured
 */
export function boundOf(work: StepWork, limits: MachineLimits): Bound {
  const memoryMs = (1000 * (work.weightBytes + work.cacheBytes)) / limits.readBytes;
  let arithmeticMs = 0;
  for (const format of formatsOf(work)) {
    const limit = limits.flops[format];
    if (limit === undefined) throw new RangeError(`no limit of products in ${format} was measured`);
    arithmeticMs += (1000 * work.flops[format]!) / limit;
  }
  return memoryMs >= arithmeticMs ? { ms: memoryMs, by: 'memory' } : { ms: arithmeticMs, by: 'arithmetic' };
}

/** Formats of the products of a step. */
export function formatsOf({ flops }: Pick<StepWork, 'flops'>): ProductFormat[] {
  return Object.keys(flops) as ProductFormat[];
}

/** Names of the matrices that each step multiplies by. An embedding that is not the head, too, is only looked up. */
function multiplied(config: DecoderConfig): string[] {
  const projections = [...tensorShapes(config)]
    .filter(([name, shape]) => shape.length === 2 && name.includes('.layers.'))
    .map(([name]) => name.replace(/\.weight$/, ''));
  return [...projections, config.tieWordEmbeddings ? EMBEDDING : HEAD];
}

function storedAs(
  config: DecoderConfig,
  quantization: Quantization | null,
  name: string,
): { readonly format: ProductFormat; readonly bytes: number } {
  const [outputs, inputs] = matrixShape(config, name);
  // A tied head stands under the embedding's name, and has the precision of the head.
  const head = name === EMBEDDING ? HEAD : name;
  const precision = quantization && precisionOf(quantization, head, config.tieWordEmbeddings);
  if (quantization === null || precision === null || precision === 'float') {
    return { format: 'fp32', bytes: outputs * inputs * FLOAT_BYTES };
  }
  const blockSize = fittingBlockSize(inputs, quantization.blockSize);
  const rowFormat = { bits: precision === 'int8' ? 8 : 4, blockSize } as const;
  const scaleBytes = blocksOf(inputs, blockSize) * FLOAT_BYTES;
  const zeroBytes = quantization.symmetric ? 0 : zeroPointBytes(inputs, rowFormat);
  const bytes = outputs * (integerBytes(inputs, rowFormat) + scaleBytes + zeroBytes);
  return { format: `${precision}/${blockSize}`, bytes };
}
