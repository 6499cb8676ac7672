/** Worker threads that hold pieces of corpora against the problems; each takes the next piece when it is done with one. */
import { Worker } from 'node:worker_threads';
import type { Piece } from './corpusPieces.js';
import { AuditFailedError, type FaultData } from './errors.js';
import type { PieceResult } from './pieceAudit.js';
import type { AuditedSet } from './problemIndex.js';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly sets: readonly AuditedSet[];
  readonly fields: readonly string[] | null;
}

export interface ToAuditor {
  readonly number: number;
  readonly piece: Piece;
}

export type FromAuditor =
  | { readonly type: 'bytes'; readonly count: number }
  | { readonly type: 'done'; readonly number: number; readonly result: PieceResult }
  | { readonly type: 'fault'; readonly number: number; readonly fault: FaultData };

/** How a piece ended. */
export type PieceOutcome =
  | { readonly result: PieceResult; readonly fault?: never }
  | { readonly result?: never; readonly fault: FaultData };

/**
 * Audits all pieces and gives their outcomes in order. After a fault only the pieces under way and those before it are still
 * read, so that of several faults the first is known; the outcomes of others are missing.
 * @throws AuditFailedError when a worker breaks
 */
export async function auditPieces(
  pieces: readonly Piece[],
  settings: WorkerSettings,
  threads: number,
  onBytes: (count: number) => void,
): Promise<readonly (PieceOutcome | undefined)[]> {
  const outcomes: (PieceOutcome | undefined)[] = pieces.map(() => undefined);
  const workers: Worker[] = [];
  let next = 0;
  let isFaulty = false;
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        if (isFaulty || next === pieces.length) return resolve();
        const number = next++;
        const message: ToAuditor = { number, piece: pieces[number]! };
        worker.postMessage(message);
      };
      worker.on('message', (message: FromAuditor) => {
        if (message.type === 'bytes') return onBytes(message.count);
        if (message.type === 'done') outcomes[message.number] = { result: message.result };
        else {
          outcomes[message.number] = { fault: message.fault };
          isFaulty = true;
        }
        give();
      });
      worker.once('error', (error) => reject(failed(error.message)));
      worker.once('exit', (code) => reject(failed(`a worker ended with code ${code}`)));
      give();
    });
  try {
    const count = Math.min(threads, pieces.length);
    for (let started = 0; started < count; started += 1)
      workers.push(new Worker(new URL('./auditWorker.js', import.meta.url), { workerData: settings }));
    await Promise.all(workers.map(work));
    return outcomes;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function failed(reason: string): AuditFailedError {
  return new AuditFailedError(`the audit ended early: ${reason}`, 'Free some memory and audit again.');
}
