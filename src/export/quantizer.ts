/** Quantizes a checkpoint's matrices in the order in which they are written, on workers that run ahead of the writer. */
import type { Weights } from '../checkpoint/weights.js';
import { narrowToFloat16 } from '../onnx/float16.js';
import type { BlockJob, BlockPool } from './blockPool.js';
import type { BlockFormat, QuantizedRows } from './blocks.js';
import type { QuantizationReport } from './quantizationReport.js';

/** A matrix `[rows, columns]` of the checkpoint. */
export interface MatrixSource {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** Elements quantized by one job, 4 MiB of float32: long beside the time to hand it over, and few are under way. */
const PIECE_ELEMENTS = 2 ** 20;
/** Jobs begun for each worker: one under way, and others that wait so that the worker need not. */
const JOBS_A_WORKER = 3;

interface Matrix {
  readonly sources: readonly MatrixSource[];
  readonly format: BlockFormat;
}

interface Piece {
  readonly matrix: Matrix;
  readonly source: MatrixSource;
  readonly rows: QuantizedRows;
}

/** The parts of a quantized matrix. Integers come first: the others exist once those have been read to their end. */
export interface QuantizedParts {
  integers(): AsyncGenerator<Uint8Array>;
  scales(): Iterable<Uint8Array>;
  zeroPoints(): Iterable<Uint8Array>;
}

export class Quantizer {
  readonly #weights: Weights;
  readonly #pool: BlockPool;
  readonly #matrices: Matrix[] = [];
  readonly #sums = new Map<MatrixSource, { bits: 4 | 8; error: number; total: number }>();
  readonly #memory: ArrayBuffer[] = [];
  #pieces: AsyncGenerator<Piece> | null = null;

  constructor(weights: Weights, pool: BlockPool) {
    this.#weights = weights;
    this.#pool = pool;
  }

  /** Adds matrices, stacked into one. Their integers must be read in the order in which they were added. */
  add(sources: readonly MatrixSource[], format: BlockFormat): QuantizedParts {
    const matrix: Matrix = { sources, format };
    this.#matrices.push(matrix);
    const scales: Float32Array[] = [];
    const zeroPoints: Uint8Array[] = [];
    return {
      integers: () => this.#integers(matrix, scales, zeroPoints),
      *scales() {
        for (const piece of scales.splice(0)) yield bytesOf(piece, format.scaleType);
      },
      *zeroPoints() {
        yield* zeroPoints.splice(0);
      },
    };
  }

  /** What quantizing did so far, matrix by matrix in their order and in all. */
  get report(): QuantizationReport {
    const sums = [...this.#sums];
    return {
      relativeError: relative(
        sums.reduce((sum, [, { error }]) => sum + error, 0),
        sums.reduce((sum, [, { total }]) => sum + total, 0),
      ),
      matrices: sums.map(([{ name, rows, columns }, { bits, error, total }]) => ({
        name,
        bits,
        elements: rows * columns,
        relativeError: relative(error, total),
      })),
    };
  }

  async *#integers(
    matrix: Matrix,
    scales: Float32Array[],
    zeroPoints: Uint8Array[],
  ): AsyncGenerator<Uint8Array> {
    this.#pieces ??= this.#quantizeAll();
    let left = matrix.sources.reduce((sum, { rows }) => sum + rows, 0);
    while (left > 0) {
      const { value } = await this.#pieces.next();
      const piece = value as Piece;
      if (piece.matrix !== matrix) throw new Error(`${matrix.sources[0]!.name} was asked for out of turn`);
      const { integers, squaredError, squaredSum } = piece.rows;
      const sums = this.#sums.get(piece.source) ?? { bits: matrix.format.bits, error: 0, total: 0 };
      sums.error += squaredError;
      sums.total += squaredSum;
      this.#sums.set(piece.source, sums);
      scales.push(piece.rows.scales);
      if (piece.rows.zeroPoints) zeroPoints.push(piece.rows.zeroPoints);
      left -= piece.rows.scales.length / Math.ceil(piece.source.columns / matrix.format.blockSize);
      yield integers;
    }
  }

  /** All pieces of all matrices in order, with a few always under way. */
  async *#quantizeAll(): AsyncGenerator<Piece> {
    const ahead = JOBS_A_WORKER * this.#pool.size;
    const underWay: Promise<Piece>[] = [];
    for (const { matrix, source, firstRow, rows } of this.#parts()) {
      if (underWay.length >= ahead) yield await underWay.shift()!;
      const values = this.#memoryFor(rows * source.columns);
      const first = firstRow * source.columns;
      const shape = [source.rows, source.columns];
      const stored = await this.#weights.readStored(source.name, shape, first, values);
      const piece = this.#quantize(matrix, source, first, { values, stored });
      // It is awaited in its turn; until then a failure must not count as unhandled.
      piece.catch(() => undefined);
      underWay.push(piece);
    }
    for (const piece of underWay) yield await piece;
  }

  async #quantize(
    matrix: Matrix,
    source: MatrixSource,
    first: number,
    numbers: Pick<BlockJob, 'values' | 'stored'>,
  ): Promise<Piece> {
    const { columns, name } = source;
    const job = { ...numbers, columns, format: matrix.format };
    const { rows, nonFinite, memory } = await this.#pool.run(job);
    this.#memory.push(memory);
    if (nonFinite) throw this.#weights.nonFinite(name, first + nonFinite.at, nonFinite.value);
    return { matrix, source, rows };
  }

  /** Memory that the system has just handed out is slow to touch for the first time, so it goes round. */
  #memoryFor(elements: number): Float32Array<ArrayBuffer> {
    const memory = this.#memory.pop();
    const fits = memory !== undefined && memory.byteLength >= 4 * elements;
    return new Float32Array(
      fits ? memory : new ArrayBuffer(4 * Math.max(elements, PIECE_ELEMENTS)),
      0,
      elements,
    );
  }

  *#parts(): Generator<{ matrix: Matrix; source: MatrixSource; firstRow: number; rows: number }> {
    for (const matrix of this.#matrices) {
      for (const source of matrix.sources) {
        const step = Math.max(1, Math.floor(PIECE_ELEMENTS / source.columns));
        for (let firstRow = 0; firstRow < source.rows; firstRow += step)
          yield { matrix, source, firstRow, rows: Math.min(step, source.rows - firstRow) };
      }
    }
  }
}

const relative = (squaredError: number, squaredSum: number) =>
  squaredSum > 0 ? Math.sqrt(squaredError / squaredSum) : 0;

function bytesOf(values: Float32Array, type: BlockFormat['scaleType']): Uint8Array {
  if (type === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const halves = new Uint16Array(values.length);
  narrowToFloat16(values, halves);
  return new Uint8Array(halves.buffer);
}
