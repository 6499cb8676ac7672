/** Runs chunks on a model in a worker, for tests that look below the engine. */
import { Worker } from 'node:worker_threads';
import { type SessionSetup, sessionSetup } from '../../src/engine/openSession.js';
import type { Chunk, ChunkOptions, RowInput } from '../../src/engine/types.js';
import type { ExportedModel } from '../../src/export/manifest.js';

export interface SessionJob {
  readonly setup: SessionSetup;
  readonly prompts: readonly (readonly number[])[];
  readonly chunks: readonly { readonly rows: readonly RowInput[]; readonly chunk: ChunkOptions }[];
}

/** Runs each chunk on rows that hold `prompts` and nothing else. */
export async function runChunks(
  model: ExportedModel,
  prompts: SessionJob['prompts'],
  chunks: SessionJob['chunks'],
): Promise<Chunk[]> {
  const setup = sessionSetup(model, { maxRows: prompts.length, threads: 2, kvMemoryBytes: 2 ** 28 });
  const job: SessionJob = { setup, prompts, chunks };
  const worker = new Worker(new URL('./sessionWorker.js', import.meta.url), { workerData: job });
  const results: Chunk[] = [];
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (chunk: Chunk) => results.push(chunk));
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
  return results;
}
