/** Worker of `runGraph`. */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GraphJob } from './runGraph.js';

const { file, feeds } = workerData as GraphJob;
const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [
  name,
  new Tensor(type, data as Float32Array, dims),
]);
const results = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
parentPort!.postMessage(
  Object.fromEntries(
    Object.entries(results).map(([name, { type, data, dims }]) => [name, { type, data, dims }]),
  ),
);
await session.release();
