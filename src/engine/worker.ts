/** Entry of the worker that owns the session: `run()` blocks its thread, so nothing else may live there. */
import { parentPort, workerData } from 'node:worker_threads';
import { LoopSession } from './loopSession.js';
import { type FromWorker, now, type ToWorker, type WorkerSetup } from './protocol.js';
import { Scheduler } from './scheduler.js';
import type { Completion } from './types.js';

/** Totals are reported this often while no sample ends. */
const STATS_INTERVAL_MS = 100;

const port = parentPort!;
const { session: options, maxRows } = workerData as WorkerSetup;
const post = (message: FromWorker) => port.postMessage(message);
const fail = (error: unknown) =>
  post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });

async function main(): Promise<void> {
  const session = await LoopSession.open(options);
  const ended: Completion[] = [];
  const scheduler = new Scheduler(session, {
    maxRows,
    now,
    onCompletion: (completion) => ended.push(completion),
  });
  let busyMs = 0;
  let reportedAt = 0;
  let working = false;
  let closing = false;

  const report = () => {
    const { promptTokens, drawnTokens, chunks, widenedChunks } = scheduler;
    const { runtimeMs } = session;
    const stats = { promptTokens, drawnTokens, chunks, widenedChunks, busyMs, runtimeMs };
    post({ type: 'news', stats, completions: ended.splice(0) });
    reportedAt = now();
  };
  const work = async () => {
    working = true;
    let since = now();
    while (!scheduler.idle && !closing) {
      await scheduler.turn();
      // A turn need not run the session; messages must come in all the same.
      await new Promise(setImmediate);
      const seen = now();
      busyMs += seen - since;
      since = seen;
      if (ended.length > 0 || since - reportedAt >= STATS_INTERVAL_MS) report();
    }
    working = false;
    if (closing) await close();
  };
  const close = async () => {
    await session.close();
    port.close();
  };

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'submit':
        scheduler.submit(message.request, message.deadlineMs);
        if (!working) work().catch(fail);
        break;
      case 'cancel':
        scheduler.cancel(message.id);
        break;
      case 'close':
        closing = true;
        if (!working) close().catch(fail);
        break;
      default:
        message satisfies never;
    }
  });
  post({ type: 'ready' });
}

main().catch(fail);
