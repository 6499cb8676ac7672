/** Entry of a worker of the audit: pieces in, what was found in them out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromAuditor, ToAuditor, WorkerSettings } from './auditPool.js';
import { CorpusFault } from './errors.js';
import { auditPiece } from './pieceAudit.js';
import { indexProblems } from './problemIndex.js';
import { TextMatcher } from './textMatcher.js';

const port = parentPort!;
const { sets, fields } = workerData as WorkerSettings;
const matcher = new TextMatcher(indexProblems(sets));
const send = (message: FromAuditor) => port.postMessage(message);

port.on('message', async ({ number, piece }: ToAuditor) => {
  try {
    const result = await auditPiece(piece, matcher, fields, (count) => send({ type: 'bytes', count }));
    send({ type: 'done', number, result });
  } catch (error) {
    // Anything else ends the worker, which the pool reports.
    if (!(error instanceof CorpusFault)) throw error;
    send({ type: 'fault', number, fault: error.data });
  }
});
