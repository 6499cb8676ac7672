/** How an engine reaches its session: in a worker, or in its own thread. */
import { MessageChannel, Worker } from 'node:worker_threads';
import '../onnx/noTelemetry.js';
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.js';

/** The other end, as the engine sees it. */
export interface Link {
  post(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once with the reason when the other end is gone. */
  onExit(listener: (reason: string) => void): void;
  terminate(): Promise<unknown>;
}

/** Starts a worker. */
export function linkToWorker(setup: WorkerSetup): Link {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup });
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onExit: (listener) => {
      worker.once('error', (error) => listener(error.message));
      worker.once('exit', (code) => listener(`its worker ended with code ${code}`));
    },
    terminate: () => worker.terminate(),
  };
}

/** Serves from this thread, which computing then blocks. */
export async function linkInThread(setup: WorkerSetup): Promise<Link> {
  // Loaded only here: everywhere else the runtime lives in the worker alone.
  const { serve } = await import('./server.js');
  const { port1: here, port2: there } = new MessageChannel();
  void serve(there, setup);
  return {
    post: (message) => here.postMessage(message),
    onMessage: (listener) => here.on('message', listener),
    onExit: (listener) => here.once('close', () => listener('its port was closed')),
    terminate: async () => here.close(),
  };
}
