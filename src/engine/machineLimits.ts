/** Measures what this machine can do at best, through the runtime itself: reading memory, and products of each format. */
import { BLOCK_SIZES, type BlockSize } from '../export/blocks.js';
import { Graph, MICROSOFT, type Value } from '../onnx/graph.js';
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import { ELEMENT_TYPES, type TensorMessage } from '../onnx/schema.js';
import { encodeGraph } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import type { MachineLimits, ProductFormat } from './roofline.js';

/** Numbers read in one go, as rows for the threads to share: 512 MiB, far more than any cache holds. */
const READ = { rows: 1024, columns: 2 ** 17 };
/** A product that fills the processors: as wide as matrices of small models, with more rows than any batch here. */
const PRODUCT = { rows: 512, inputs: 2048, outputs: 4096 };
/** Each measurement is repeated for at least this long; the fastest run counts. */
const MEASURE_MS = 500;

/** Takes about a second for each format and one for reading, in this thread. */
export async function measureLimits(
  formats: readonly ProductFormat[],
  threads: number,
): Promise<MachineLimits> {
  const flops: Partial<Record<ProductFormat, number>> = {};
  for (const format of formats) flops[format] = await measureProduct(format, threads);
  return { readBytes: await measureReading(threads), flops };
}

/** The better of each: a limit is what the machine does at its best moment. */
export function bestLimits(a: MachineLimits, b: MachineLimits): MachineLimits {
  const flops = { ...a.flops };
  for (const [format, speed] of Object.entries(b.flops) as [ProductFormat, number][])
    flops[format] = Math.max(speed, flops[format] ?? 0);
  return { readBytes: Math.max(a.readBytes, b.readBytes), flops };
}

/** Bytes a second, by the largest number of each row: a comparison for four bytes, so that memory is what it waits for. */
async function measureReading(threads: number): Promise<number> {
  const graph = new Graph('reading');
  const dims = [READ.rows, READ.columns];
  const x = graph.input('x', 'float32', dims);
  const maxima = graph.op('ReduceMax', [x, graph.int64([1])], { attributes: { keepdims: 0 } });
  graph.output(maxima, 'float32', [READ.rows], 'y');
  // Written to, so that every page is memory of its own and not the system's page of zeros.
  const numbers = new Float32Array(READ.rows * READ.columns).fill(1);
  const model = encodeGraph(graph.toMessage(), VERSION);
  const seconds = await fastest(model, new Tensor('float32', numbers, dims), threads);
  return numbers.byteLength / seconds;
}

/** Operations a second, two for each weight and row. */
async function measureProduct(format: ProductFormat, threads: number): Promise<number> {
  const { rows, inputs, outputs } = PRODUCT;
  const graph = new Graph('product');
  const x = graph.input('x', 'float32', [rows, inputs]);
  const constants: TensorMessage[] = [];
  const constant = (name: string, dims: number[], data: Float32Array | Uint8Array): Value => {
    const type = data instanceof Uint8Array ? ELEMENT_TYPES.uint8 : ELEMENT_TYPES.float32;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    constants.push({ name, dims, data_type: type, raw_data: raw });
    return name as Value;
  };
  // What the numbers are does not matter for the time, as long as none is so small that it is computed another way.
  const ones = (count: number) => new Float32Array(count).fill(1);
  const quantized = quantizedFormat(format);
  let y: Value;
  if (quantized === null) {
    y = graph.op('MatMul', [x, constant('matrix', [inputs, outputs], ones(inputs * outputs))]);
  } else {
    const { bits, blockSize } = quantized;
    const blocks = inputs / blockSize;
    const blockBytes = (blockSize * bits) / 8;
    const integers = new Uint8Array(outputs * blocks * blockBytes).fill(0x9a);
    const matrix = [
      constant('integers', [outputs, blocks, blockBytes], integers),
      constant('scales', [outputs, blocks], ones(outputs * blocks)),
    ];
    y = graph.op('MatMulNBits', [x, ...matrix], {
      domain: MICROSOFT,
      // As exports for the CPU have it: sums of products of bytes.
      attributes: { K: inputs, N: outputs, bits, block_size: blockSize, accuracy_level: 4 },
    });
  }
  // One row is enough of an answer: results are copied.
  const firstRow = [[0], [1], [0]].map((numbers) => graph.int64(numbers));
  graph.output(graph.op('Slice', [y, ...firstRow]), 'float32', [1, outputs], 'y');
  const message = graph.toMessage();
  message.initializer.push(...constants);
  const input = new Tensor('float32', ones(rows * inputs), [rows, inputs]);
  const seconds = await fastest(encodeGraph(message, VERSION), input, threads);
  return (2 * rows * inputs * outputs) / seconds;
}

/** `null` for float32. */
function quantizedFormat(format: ProductFormat): { bits: 4 | 8; blockSize: BlockSize } | null {
  const blockSize = BLOCK_SIZES.find((size) => format.endsWith(`/${size}`));
  if (blockSize === undefined) return null;
  return { bits: format.startsWith('int8') ? 8 : 4, blockSize };
}

/** Seconds that the fastest run of a model takes. */
async function fastest(model: Uint8Array, x: Tensor, threads: number): Promise<number> {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    let bestMs = Number.POSITIVE_INFINITY;
    const end = performance.now() + MEASURE_MS;
    while (performance.now() < end) {
      const start = performance.now();
      await session.run({ x });
      bestMs = Math.min(bestMs, performance.now() - start);
    }
    return bestMs / 1000;
  } finally {
    await session.release();
  }
}
