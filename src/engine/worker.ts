/** Entry of the worker that owns the session: `run()` blocks its thread, so nothing else may live there. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './protocol.js';
import { serve } from './server.js';

await serve(parentPort!, workerData as WorkerSetup);
