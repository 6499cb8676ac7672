import { cp, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { DecoderConfig } from '../checkpoint/config.js';
import { inspectModel, weightMemory } from './inspection.js';
import { resolveModel } from './resolve.js';

const BUNDLED = join('models', 'pebble-sft');
const COMPANIONS = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

async function copyOfBundled(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-inspect-'));
  for (const name of COMPANIONS) await cp(join(BUNDLED, name), join(folder, name));
  return folder;
}

describe('a checkpoint', () => {
  test('whole, then exported, then its export', async () => {
    const folder = await copyOfBundled();
    const before = await inspectModel(folder);
    expect(before).toMatchObject({ exports: [], exportFolder: join(folder, 'onnx'), faults: [] });
    expect(before.config?.architecture).toBe('qwen2');
    const { parameters, bytes, dtypes } = before.weights!;
    expect(dtypes).toEqual(['F32']);
    expect(bytes).toBe(4 * parameters);
    expect(before.memory!.fp32).toBe(bytes);
    const { layers, kvHeads, headDim } = before.config!;
    expect(before.cacheBytesPerToken).toBe(2 * layers * kvHeads * headDim * 4);

    const exported = await resolveModel(folder, { device: 'cpu', dtype: 'fp32' });
    const found = { folder: exported.folder, device: 'cpu', dtype: 'fp32' };
    expect((await inspectModel(folder)).exports).toEqual([found]);
    const ofExport = await inspectModel(exported.folder);
    expect(ofExport).toMatchObject({ weights: null, memory: null, exports: [found], faults: [] });
    expect(ofExport.config).toEqual(before.config);
  });

  test('an export that lacks its weights does not count', async () => {
    const folder = await copyOfBundled();
    const exported = await resolveModel(folder, { device: 'cpu', dtype: 'fp32' });
    await rm(join(exported.folder, 'model.onnx.data'));
    expect((await inspectModel(folder)).exports).toEqual([]);
  });

  test('what is wrong is named, all of it, and the rest still told', async () => {
    const folder = await copyOfBundled();
    await truncate(join(folder, 'model.safetensors'), 100_000);
    await writeFile(join(folder, 'tokenizer.json'), '{');
    const { config, weights, memory, faults } = await inspectModel(folder);
    expect(config?.architecture).toBe('qwen2');
    expect([weights, memory]).toEqual([null, null]);
    expect(faults.map(({ name }) => name)).toEqual(['TruncatedWeightsError', 'InvalidCheckpointFileError']);
    expect(faults.every(({ message, hint }) => message.includes(folder) && hint.length > 0)).toBe(true);
  });

  test('a folder that is not there', async () => {
    const folder = join(tmpdir(), 'boxed-nothing-is-here');
    const { config, weights, exports, faults } = await inspectModel(folder);
    expect([config, weights, exports]).toEqual([null, null, []]);
    expect(faults.length).toBeGreaterThan(0);
  });
});

test('memory by dtype: quantized matrices have scales, an embedding that is no head stays', () => {
  const shape = { vocabSize: 100, hiddenSize: 32 };
  const tied = { ...shape, tieWordEmbeddings: true } as DecoderConfig;
  expect(weightMemory(tied, 32_000)).toEqual({ fp32: 128_000, fp16: 64_000, int8: 36_000, int4: 20_000 });
  const untied = { ...shape, tieWordEmbeddings: false } as DecoderConfig;
  expect(weightMemory(untied, 35_200)).toEqual({
    fp32: 140_800,
    fp16: 70_400,
    int8: 36_000 + 12_800,
    int4: 20_000 + 12_800,
  });
});
