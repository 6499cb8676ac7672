/** Models for tests: bundled checkpoints and golden ones, exported into a temporary folder. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Sampling } from '../../src/core.js';
import { exportCheckpoint } from '../../src/export/exporter.js';
import type { ExportedModel } from '../../src/export/manifest.js';

export const GREEDY: Sampling = {
  greedy: true,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** A new folder below the system's temporary one. */
export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'boxed-test-'));

/** Exports a checkpoint for a test. */
export async function exportForTest(
  checkpoint: string,
  logits = false,
  dtype: 'fp32' | 'int8' | 'int4' = 'fp32',
): Promise<ExportedModel> {
  const target = join(await temporaryFolder(), 'export');
  return exportCheckpoint(resolve(checkpoint), target, {
    dtype,
    device: 'cpu',
    digest: 'test',
    logits,
  });
}

/** Positions of a block in tests, so that a prompt has several: the fewest there can be. */
export const TEST_BLOCK_SIZE = 32;

/** The same for WebGPU. */
export async function exportForWebgpu(
  checkpoint: string,
  logits = false,
  blockSize = TEST_BLOCK_SIZE,
): Promise<ExportedModel> {
  const target = join(await temporaryFolder(), 'export');
  return exportCheckpoint(resolve(checkpoint), target, {
    dtype: 'fp16',
    device: 'webgpu',
    digest: 'test',
    logits,
    blockSize,
  });
}

/** Outputs of PyTorch transformers on a golden checkpoint. */
export interface Golden {
  readonly prompts: readonly (readonly number[])[];
  /** Logits after each prompt. */
  readonly logits: readonly (readonly number[])[];
  /** 48 greedy tokens after each prompt. */
  readonly greedy: readonly (readonly number[])[];
}

/** Checkpoints that hold every family and rope type. */
export const GOLDEN_CASES = [
  'qwen2-tied-fp32',
  'qwen2-untied-bf16-sharded',
  'llama3-ropescaled-fp32',
  'qwen3-qknorm-fp16',
  'llama-biases-yarn-bf16',
  'llama-linear-fp16',
  'llama-dynamic-fp16',
  'mistral-window-bf16',
  'qwen3-biases-yarn-fp16',
];

export const goldenFolder = (name: string) => join('test', 'fixtures', 'golden', name);

export async function readGolden(name: string): Promise<Golden> {
  return JSON.parse(await readFile(join(goldenFolder(name), 'expected.json'), 'utf8')) as Golden;
}
