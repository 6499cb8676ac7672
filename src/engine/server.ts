/** Serves an engine's requests over a message port: owns the session, runs the scheduler. */
import type { MessagePort } from 'node:worker_threads';
import { LoopSession } from './loopSession.js';
import { type FromWorker, now, type ToWorker, type WorkerSetup } from './protocol.js';
import { Scheduler } from './scheduler.js';
import type { Completion } from './types.js';

/** Totals are reported this often while no sample ends. */
const STATS_INTERVAL_MS = 100;

/** Opens the session and answers on `port` until told to close. Reports failures there, never by throwing. */
export async function serve(port: MessagePort, setup: WorkerSetup): Promise<void> {
  const post = (message: FromWorker) => port.postMessage(message);
  const fail = (error: unknown) =>
    post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  try {
    await start(port, setup, post, fail);
  } catch (error) {
    fail(error);
  }
}

async function start(
  port: MessagePort,
  { session: options, maxRows }: WorkerSetup,
  post: (message: FromWorker) => void,
  fail: (error: unknown) => void,
): Promise<void> {
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
