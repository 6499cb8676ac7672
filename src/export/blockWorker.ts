/** Entry of a worker of the pool: rows in, integers and scales out, buffers handed over instead of copied. */
import { parentPort } from 'node:worker_threads';
import { firstNonFinite, widenInPlace } from '../checkpoint/floats.js';
import type { BlockResult, NumberedJob, NumberedResult } from './blockPool.js';
import { quantizeRows } from './blocks.js';

const port = parentPort!;

port.on('message', ({ id, values, stored, columns, format }: NumberedJob) => {
  widenInPlace(values, stored);
  const rows = quantizeRows(values, columns, format);
  const { integers, scales, zeroPoints, squaredSum } = rows;
  // A sum of squares of float32 numbers fits a double, so it is finite exactly if they are.
  if (!Number.isFinite(squaredSum)) {
    const at = firstNonFinite(values);
    send(id, { nonFinite: { at, value: values[at]! } }, values.buffer, []);
    return;
  }
  const parts = [integers, scales, ...(zeroPoints ? [zeroPoints] : [])];
  send(
    id,
    { rows },
    values.buffer,
    parts.map(({ buffer }) => buffer),
  );
});

function send(id: number, result: BlockResult, memory: ArrayBuffer, others: ArrayBuffer[]): void {
  const message: NumberedResult = { id, result, memory };
  port.postMessage(message, [memory, ...others]);
}
