/** Runs chunks on a model in a worker, for tests that look below the engine. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LoopSessionOptions } from '../../src/engine/loopSession.js';
import type { Chunk, ChunkOptions, RowInput } from '../../src/engine/types.js';
import type { ExportedModel } from '../../src/export/manifest.js';
import { MODEL_FILE } from '../../src/onnx/writer.js';

export interface SessionJob {
  readonly options: LoopSessionOptions;
  readonly prompts: readonly (readonly number[])[];
  readonly chunks: readonly { readonly rows: readonly RowInput[]; readonly chunk: ChunkOptions }[];
}

/** Runs each chunk on rows that hold `prompts` and nothing else. */
export async function runChunks(
  model: ExportedModel,
  prompts: SessionJob['prompts'],
  chunks: SessionJob['chunks'],
): Promise<Chunk[]> {
  const { config } = model.manifest;
  const options: LoopSessionOptions = {
    modelFile: join(model.folder, MODEL_FILE),
    limits: { vocabSize: config.vocabSize, maxPositions: config.maxPositions },
    shape: { layers: config.layers, kvHeads: config.kvHeads, headDim: config.headDim },
    maxRows: prompts.length,
    threads: 2,
  };
  const job: SessionJob = { options, prompts, chunks };
  const worker = new Worker(new URL('./sessionWorker.js', import.meta.url), { workerData: job });
  const results: Chunk[] = [];
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (chunk: Chunk) => results.push(chunk));
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
  return results;
}
