/** Writes a graph as `model.onnx` with its weights streamed into `model.onnx.data`. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { BoxedError } from '../errors.js';
import { accessError } from '../files.js';
import type { Graph, Weight } from './graph.js';
import { ELEMENT_BYTES, ELEMENT_TYPES, encodeModel, type TensorMessage } from './schema.js';

export const MODEL_FILE = 'model.onnx';
export const WEIGHTS_FILE = 'model.onnx.data';

/** The IR version and operator sets that every graph of this program declares. */
const IR_VERSION = 10;
const OPSETS = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
];

/** Weights start at multiples of a page, so that the runtime can map them instead of copying them. */
const WEIGHT_ALIGNMENT_BYTES = 4096;

/** Bytes given to one write call: the system takes at most 2 GiB at once. */
const WRITE_BYTES = 1 << 30;

/** A weight whose bytes do not fill its declared shape. */
export class WeightSizeError extends BoxedError {
  override readonly name = 'WeightSizeError';
}

export interface WriteOptions {
  /** Called after each weight with the bytes written so far and in all. */
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
  /** Version of this program, recorded in the file. */
  readonly producerVersion: string;
}

/**
 * Writes `graph` into `folder`. One weight is in memory at a time.
 * @throws FileAccessError when a file cannot be written, WeightSizeError when a weight's bytes do not fit its shape.
 */
export async function writeModel(graph: Graph, folder: string, options: WriteOptions): Promise<void> {
  const weights = [...graph.weights.values()];
  const places = placeWeights(weights);
  const message = graph.toMessage();
  message.initializer.push(...weights.map((weight, at) => externalTensor(weight, places.offsets[at]!)));
  await writeWeights(join(folder, WEIGHTS_FILE), weights, places, options.onProgress);
  const model = encodeModel({
    ir_version: IR_VERSION,
    producer_name: 'boxed',
    producer_version: options.producerVersion,
    graph: message,
    opset_import: OPSETS,
  });
  await writeSynced(join(folder, MODEL_FILE), [model]);
}

/** Bytes of a weight in the external file. */
export function weightBytes(weight: Weight): number {
  return weight.dims.reduce((product, size) => product * size, ELEMENT_BYTES[weight.type]);
}

interface Places {
  offsets: number[];
  totalBytes: number;
}

function placeWeights(weights: readonly Weight[]): Places {
  const offsets: number[] = [];
  let end = 0;
  for (const weight of weights) {
    const start = Math.ceil(end / WEIGHT_ALIGNMENT_BYTES) * WEIGHT_ALIGNMENT_BYTES;
    offsets.push(start);
    end = start + weightBytes(weight);
  }
  return { offsets, totalBytes: end };
}

function externalTensor(weight: Weight, offset: number): TensorMessage {
  return {
    name: weight.name,
    dims: [...weight.dims],
    data_type: ELEMENT_TYPES[weight.type],
    data_location: 1,
    external_data: [
      { key: 'location', value: WEIGHTS_FILE },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(weightBytes(weight)) },
    ],
  };
}

async function writeWeights(
  file: string,
  weights: readonly Weight[],
  places: Places,
  onProgress: WriteOptions['onProgress'],
): Promise<void> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let end = 0;
    for (const [at, weight] of weights.entries()) {
      const bytes = await weight.load();
      if (bytes.byteLength !== weightBytes(weight)) {
        throw new WeightSizeError(
          `${bytes.byteLength} bytes for shape [${weight.dims.join(', ')}] of ${weight.type}`,
          'This is a fault of the exporter; please report it with the checkpoint used.',
          { file, field: weight.name },
        );
      }
      const start = places.offsets[at]!;
      if (start > end) yield new Uint8Array(start - end);
      yield bytes;
      end = start + bytes.byteLength;
      onProgress?.(end, places.totalBytes);
    }
  }
  await writeSynced(file, chunks());
}

async function writeSynced(
  file: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    const handle = await open(file, 'w');
    try {
      for await (const chunk of chunks) {
        let written = 0;
        while (written < chunk.byteLength) {
          const length = Math.min(chunk.byteLength - written, WRITE_BYTES);
          written += (await handle.write(chunk, written, length)).bytesWritten;
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof BoxedError ? error : accessError('write', file, error);
  }
}
