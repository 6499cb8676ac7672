/** Worker of `runGraph`. */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from '../../src/onnx/runtime.js';
import type { GraphJob, PlainTensors } from './runGraph.js';

const { file, feeds } = workerData as GraphJob;
const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
const all: PlainTensors[] = [];
for (const one of feeds) {
  const tensors = Object.entries(one).map(([name, { type, data, dims }]) => [
    name,
    new Tensor(type, data as Float32Array, dims),
  ]);
  const results = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
  all.push(
    Object.fromEntries(
      Object.entries(results).map(([name, { type, data, dims }]) => [name, { type, data, dims }]),
    ) as PlainTensors,
  );
}
parentPort!.postMessage(all);
await session.release();
