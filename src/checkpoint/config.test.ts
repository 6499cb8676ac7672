import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readDecoderConfig, UnsupportedArchitectureError } from './config.js';
import { readGenerationDefaults } from './generation.js';
import { BadCheckpointFileError } from './json.js';
import { folderWith } from './safetensors.fixture.js';

const goldenConfig = async (name: string) =>
  JSON.parse(await readFile(join('test', 'fixtures', 'golden', name, 'config.json'), 'utf8')) as object;
const read = async (config: object) =>
  readDecoderConfig(await folderWith({ 'config.json': JSON.stringify(config) }));

describe('readDecoderConfig', () => {
  test('reads the layouts of transformers 4 and 5', async () => {
    const five = await readDecoderConfig(join('test', 'fixtures', 'golden', 'qwen2-tied-fp32'));
    const four = await readDecoderConfig(join('test', 'fixtures', 'golden', 'qwen2-untied-bf16-sharded'));
    expect(five).toEqual({
      architecture: 'qwen2',
      vocabSize: 320,
      hiddenSize: 64,
      intermediateSize: 160,
      layers: 3,
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      ropeTheta: 10_000,
      rmsNormEps: 1e-6,
      maxPositions: 512,
      tieWordEmbeddings: true,
      eosTokenIds: [2],
      padTokenId: 0,
    });
    expect(four).toEqual({ ...five, ropeTheta: 1_000_000, tieWordEmbeddings: false });
  });

  test('takes several end tokens', async () => {
    expect(
      (await read({ ...(await goldenConfig('qwen2-tied-fp32')), eos_token_id: [2, 7] })).eosTokenIds,
    ).toEqual([2, 7]);
  });

  test.each<[string, object, string]>([
    [
      'an architecture',
      { architectures: ['MambaForCausalLM'] },
      'architectures: MambaForCausalLM is not supported',
    ],
    [
      'a rope type',
      { rope_parameters: { rope_type: 'yarn', rope_theta: 1 } },
      'rope_parameters.rope_type: rope type yarn',
    ],
    ['a rope type of the older layout', { rope_scaling: { type: 'linear', factor: 2 } }, 'rope type linear'],
    ['a sliding window', { use_sliding_window: true }, 'use_sliding_window'],
    ['an activation', { hidden_act: 'gelu' }, 'hidden_act: gelu'],
  ])('refuses %s it cannot compute, by name', async (_, changes, message) => {
    const reading = read({ ...(await goldenConfig('qwen2-tied-fp32')), ...changes });
    await expect(reading).rejects.toThrow(UnsupportedArchitectureError);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ hint: expect.stringContaining('Supported: ') });
  });

  test.each<[string, object, string]>([
    ['a missing size', { hidden_size: undefined }, 'hidden_size'],
    ['a size that is none', { num_hidden_layers: 0 }, 'num_hidden_layers'],
    ['heads that cannot share', { num_key_value_heads: 3 }, 'num_key_value_heads'],
    ['a head that cannot be rotated', { head_dim: 15 }, 'head_dim'],
  ])('refuses %s, naming the field', async (_, changes, field) => {
    const reading = read({ ...(await goldenConfig('qwen2-tied-fp32')), ...changes });
    await expect(reading).rejects.toThrow(BadCheckpointFileError);
    await expect(reading).rejects.toThrow(field);
  });

  test('names a missing file and one that is not JSON', async () => {
    await expect(readDecoderConfig(await folderWith({}))).rejects.toThrow('config.json: the file is missing');
    await expect(readDecoderConfig(await folderWith({ 'config.json': '{' }))).rejects.toThrow(
      'config.json: not JSON',
    );
  });
});

describe('readGenerationDefaults', () => {
  test('reads what a checkpoint says, and nothing where it says nothing', async () => {
    expect(await readGenerationDefaults('models/pebble-sft')).toEqual({
      eosTokenIds: [0],
      sampling: { temperature: 1, topP: 0.9, minP: 0.05 },
      maxNewTokens: 512,
    });
    expect(await readGenerationDefaults(await folderWith({}))).toEqual({
      eosTokenIds: [],
      sampling: {},
      maxNewTokens: null,
    });
  });

  test('knows greedy checkpoints, lists of end tokens and penalties', async () => {
    const config = { do_sample: false, eos_token_id: [1, 2], repetition_penalty: 1.05, top_k: 20 };
    const folder = await folderWith({ 'generation_config.json': JSON.stringify(config) });
    expect(await readGenerationDefaults(folder)).toEqual({
      eosTokenIds: [1, 2],
      sampling: { greedy: true, topK: 20, repetitionPenalty: 1.05 },
      maxNewTokens: null,
    });
  });

  test('names the field that is wrong', async () => {
    const folder = await folderWith({ 'generation_config.json': '{"top_p": 3}' });
    await expect(readGenerationDefaults(folder)).rejects.toThrow('generation_config.json, top_p');
  });
});
