/** Draws by the hundred thousand from one distribution. */
import { Worker } from 'node:worker_threads';
import type { Sampling } from '../../src/core.js';
import { type SessionSetup, sessionSetup } from '../../src/engine/openSession.js';
import type { ExportedModel } from '../../src/export/manifest.js';

export interface DrawJob {
  readonly setup: SessionSetup;
  /** Without a penalty: what a row drew would change what it draws next. */
  readonly sampling: Sampling;
  readonly candidates: number;
  readonly rows: number;
  /** `[steps, rows]`: one token for each number. */
  readonly uniform: Float32Array;
}

/** Tokens `[steps, rows]` of a model whose logits are the same whatever came before, in one run of the graph. */
export async function drawTokens(model: ExportedModel, job: Omit<DrawJob, 'setup'>): Promise<Int32Array> {
  const setup = sessionSetup(model, { maxRows: job.rows, threads: 2, kvMemoryBytes: 2 ** 28 });
  const worker = new Worker(new URL('./drawWorker.js', import.meta.url), { workerData: { ...job, setup } });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
