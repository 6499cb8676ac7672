/** Continuations drawn by the engine from weights in training. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointDigest } from '../checkpoint/digest.js';
import { Engine } from '../engine/engine.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import { exportCheckpoint } from '../export/exporter.js';
import { type Tensors, writeModelFolder } from './modelFolder.js';

export interface RolloutOptions {
  /** Checkpoint whose configuration and tokenizer the weights go with. */
  readonly like: string;
  readonly rows: number;
  readonly threads: number;
}

/**
 * All samples of `requests`, drawn from `tensors` as they are now: an export of them lives as long as this call.
 * @throws the errors of `exportCheckpoint` and `Engine`
 */
export async function drawSamples(
  tensors: Tensors,
  requests: readonly GenerateRequest[],
  { like, rows, threads }: RolloutOptions,
): Promise<Completion[]> {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-rollout-'));
  try {
    const checkpoint = join(folder, 'checkpoint');
    await writeModelFolder(checkpoint, tensors, like);
    const { digest } = await checkpointDigest(checkpoint);
    const target = { dtype: 'fp32', device: 'cpu', digest } as const;
    const engine = await Engine.open(await exportCheckpoint(checkpoint, join(folder, 'onnx'), target), {
      rows,
      threads,
    });
    try {
      const drawn: Completion[] = [];
      await engine.generate(requests, { onSample: (completion) => drawn.push(completion) });
      return drawn;
    } finally {
      await engine.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
