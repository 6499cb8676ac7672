/** Writes a graph as `model.onnx` with its weights streamed into `model.onnx.data`. */
import { join } from 'node:path';
import { BoxedError } from '../errors.js';
import { writeSynced } from './dataFile.js';
import type { Alias, Blank, Graph, Weight } from './graph.js';
import {
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  encodeModel,
  type GraphMessage,
  type ModelMessage,
  type TensorMessage,
} from './schema.js';

export const MODEL_FILE = 'model.onnx';
export const WEIGHTS_FILE = 'model.onnx.data';

/** The IR version and operator sets that every graph of this program declares. */
const IR_VERSION = 10;
export const OPSETS = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
];

/** Weights start at multiples of a page, so that the runtime can map them instead of copying them. */
const WEIGHT_ALIGNMENT_BYTES = 4096;

/** A weight whose bytes do not fill its declared shape. */
export class WeightSizeError extends BoxedError {
  override readonly name = 'WeightSizeError';
}

export interface WriteOptions {
  /** Called after each piece of a weight with the bytes written so far and in all. */
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
  /** Version of this program, recorded in the file. */
  readonly producerVersion: string;
}

/**
 * Writes `graph` into `folder`. Of each weight one piece is in memory at a time.
 * @throws FileAccessError when a file cannot be written, WeightSizeError when a weight's bytes do not fit its shape.
 */
export async function writeModel(graph: Graph, folder: string, options: WriteOptions): Promise<void> {
  const file = join(folder, WEIGHTS_FILE);
  const weights = [...graph.weights.values()];
  const places = placeWeights(weights);
  const pieces = weightPieces(file, weights, places, options.onProgress);
  const holes = [...graph.blanks.values()].map((blank) => aligned(places.totalBytes) + weightBytes(blank));
  await writeSynced(file, pieces, Math.max(0, ...holes));
  await writeSynced(join(folder, MODEL_FILE), [encodeGraph(externalGraph(graph), options.producerVersion)]);
}

/** The model file of a graph. */
export function encodeGraph(graph: GraphMessage, producerVersion: string): Uint8Array {
  return encodeModel({
    ir_version: IR_VERSION,
    producer_name: 'boxed',
    producer_version: producerVersion,
    graph,
    opset_import: OPSETS,
  });
}

/** The model file of `graph` whose weights are those that `model` has in its data file, by their names. */
export function encodeOver(graph: Graph, model: ModelMessage, producerVersion: string): Uint8Array {
  const tensors = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const message = graph.toMessage();
  for (const name of [...graph.weights.keys(), ...graph.aliases.keys()]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`the model has no weight ${name}`);
    message.initializer.push(tensor);
  }
  return encodeGraph(message, producerVersion);
}

/** Bytes that the data file of `graph` takes on disk. */
export function dataFileBytes(graph: Graph): number {
  return placeWeights([...graph.weights.values()]).totalBytes;
}

/** The message of `graph` with each weight, alias and blank as a place in the data file; blanks share one. */
export function externalGraph(graph: Graph): GraphMessage {
  const weights = [...graph.weights.values()];
  const { offsets, totalBytes } = placeWeights(weights);
  const offsetOf = new Map(weights.map((weight, at) => [weight.name, offsets[at]!]));
  const message = graph.toMessage();
  message.initializer.push(
    ...weights.map((weight) => externalTensor(weight, offsetOf.get(weight.name)!)),
    ...[...graph.aliases.values()].map((alias) => externalTensor(alias, offsetOf.get(alias.of.name)!)),
    ...[...graph.blanks.values()].map((blank) => externalTensor(blank, aligned(totalBytes))),
  );
  return message;
}

/** Bytes of a tensor in the external file. */
export function weightBytes({ type, dims }: Weight | Alias | Blank): number {
  return dims.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / WEIGHT_ALIGNMENT_BYTES) * WEIGHT_ALIGNMENT_BYTES;
}

interface Places {
  offsets: number[];
  totalBytes: number;
}

function placeWeights(weights: readonly Weight[]): Places {
  const offsets: number[] = [];
  let end = 0;
  for (const weight of weights) {
    const start = aligned(end);
    offsets.push(start);
    end = start + weightBytes(weight);
  }
  return { offsets, totalBytes: end };
}

function externalTensor(tensor: Weight | Alias | Blank, offset: number): TensorMessage {
  return {
    name: tensor.name,
    dims: [...tensor.dims],
    data_type: ELEMENT_TYPES[tensor.type],
    data_location: 1,
    external_data: [
      { key: 'location', value: WEIGHTS_FILE },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(weightBytes(tensor)) },
    ],
  };
}

async function* weightPieces(
  file: string,
  weights: readonly Weight[],
  places: Places,
  onProgress: WriteOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  let end = 0;
  for (const [at, weight] of weights.entries()) {
    const start = places.offsets[at]!;
    if (start > end) yield new Uint8Array(start - end);
    end = start;
    for await (const piece of weight.chunks()) {
      yield piece;
      end += piece.byteLength;
      onProgress?.(end, places.totalBytes);
    }
    if (end - start !== weightBytes(weight)) {
      throw new WeightSizeError(
        `${end - start} bytes for shape [${weight.dims.join(', ')}] of ${weight.type}`,
        'This is a fault of the exporter; please report it with the checkpoint used.',
        { file, field: weight.name },
      );
    }
  }
}
