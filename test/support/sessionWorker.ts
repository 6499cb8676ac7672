/** Worker that drives a session directly: onnxruntime refuses the typed arrays of jest's realm, a worker has its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSession } from '../../src/engine/openSession.js';
import type { SessionJob } from './session.js';

const { setup, prompts, chunks } = workerData as SessionJob;
const session = await openSession(setup);
const caches = await session.prefill(prompts);
for (const { rows, chunk } of chunks) {
  for (const [row, cache] of caches.entries()) session.seat(row, cache);
  parentPort!.postMessage(await session.decode(rows, chunk));
}
await session.close();
