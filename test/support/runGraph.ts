/** Runs a graph in a worker: onnxruntime refuses the typed arrays of jest's realm. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Graph } from '../../src/onnx/graph.js';
import { MODEL_FILE, writeModel } from '../../src/onnx/writer.js';
import { temporaryFolder } from './models.js';

/** A tensor as it crosses to the worker and back. */
export interface PlainTensor {
  readonly type: 'float32' | 'int64';
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}
export type PlainTensors = Readonly<Record<string, PlainTensor>>;

export interface GraphJob {
  readonly file: string;
  /** One run each. */
  readonly feeds: readonly PlainTensors[];
}

/** The outputs of `graph` for `feeds`. */
export async function runGraph(graph: Graph, feeds: PlainTensors): Promise<PlainTensors> {
  return (await runGraphOn(graph, [feeds]))[0]!;
}

/** The outputs of `graph` for each of `feeds`. */
export async function runGraphOn(graph: Graph, feeds: readonly PlainTensors[]): Promise<PlainTensors[]> {
  const folder = await temporaryFolder();
  await writeModel(graph, folder, { producerVersion: 'test' });
  return runModelOn(join(folder, MODEL_FILE), feeds);
}

/** The outputs of a model file. */
export async function runModel(file: string, feeds: PlainTensors): Promise<PlainTensors> {
  return (await runModelOn(file, [feeds]))[0]!;
}

async function runModelOn(file: string, feeds: readonly PlainTensors[]): Promise<PlainTensors[]> {
  const job: GraphJob = { file, feeds };
  const worker = new Worker(new URL('./graphWorker.js', import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
