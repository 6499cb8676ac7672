import { describe, expect, test } from '@jest/globals';
import { readDecoderConfig } from './config.js';
import { PEBBLE, SHARDED, TIED, withFolder } from './testing.js';

const SOUND = {
  architectures: ['Qwen2ForCausalLM'],
  vocab_size: 320,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  max_position_embeddings: 512,
  rope_theta: 10000,
  eos_token_id: 2,
};

/** Reads `SOUND` with some fields changed; `undefined` removes one. */
function readWith(changes: object) {
  return withFolder({ 'config.json': { ...SOUND, ...changes } }, readDecoderConfig);
}

describe('layouts', () => {
  test('transformers 4: rope_theta beside the other fields, head_dim computed', async () => {
    expect(await readDecoderConfig(SHARDED)).toEqual({
      architecture: 'qwen2',
      vocabSize: 320,
      hiddenSize: 64,
      intermediateSize: 160,
      layers: 3,
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      ropeTheta: 1_000_000,
      rmsNormEps: 1e-6,
      maxPositions: 512,
      tieWordEmbeddings: false,
      eosTokenIds: [2],
      padTokenId: 0,
    });
  });

  test('transformers 5: rope_parameters', async () => {
    expect(await readDecoderConfig(TIED)).toMatchObject({ ropeTheta: 10_000, tieWordEmbeddings: true });
  });

  test('a bundled checkpoint with its own head_dim', async () => {
    expect(await readDecoderConfig(PEBBLE)).toMatchObject({
      headDim: 32,
      layers: 4,
      vocabSize: 512,
      eosTokenIds: [0],
    });
  });

  test('what may be left out', async () => {
    const config = await readWith({ num_key_value_heads: null, eos_token_id: undefined });
    expect(config).toMatchObject({ kvHeads: 4, eosTokenIds: [], padTokenId: null, tieWordEmbeddings: false });
  });

  test('several end tokens, and a head_dim that is not hidden_size / heads', async () => {
    expect(await readWith({ eos_token_id: [2, 7], head_dim: 128 })).toMatchObject({
      eosTokenIds: [2, 7],
      headDim: 128,
    });
  });

  test.each([
    [{ rope_scaling: null }],
    [{ rope_scaling: { rope_type: 'default' } }],
    [{ use_sliding_window: false, sliding_window: 4096 }],
    [{ use_sliding_window: true, sliding_window: 128, max_window_layers: 3 }],
    [{ use_sliding_window: true, sliding_window: null, max_window_layers: 0 }],
    [{ use_sliding_window: true, sliding_window: 128, layer_types: ['full_attention'] }],
    [{ quantization_config: null }],
  ])('harmless %j is read', async (changes) => {
    expect((await readWith(changes)).layers).toBe(3);
  });
});

describe('refusals name the field', () => {
  test.each([
    [{ rope_scaling: { type: 'yarn', factor: 4 } }, 'rope_scaling', 'yarn'],
    [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, 'rope_scaling', 'llama3'],
    [{ rope_scaling: { factor: 8 } }, 'rope_scaling', 'without a name'],
    [{ rope_parameters: { rope_type: 'linear', rope_theta: 10000 } }, 'rope_parameters', 'linear'],
    [
      { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } },
      'rope_parameters.partial_rotary_factor',
      '0.5',
    ],
    [{ partial_rotary_factor: 0.25 }, 'partial_rotary_factor', '0.25'],
    [{ use_sliding_window: true, sliding_window: 128, max_window_layers: 2 }, 'sliding_window', 'window'],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types', 'sliding_attention'],
    [{ hidden_act: 'gelu' }, 'hidden_act', 'gelu'],
    [{ quantization_config: { quant_method: 'fp8' } }, 'quantization_config', 'quantized'],
  ])('%j', async (changes, field, found) => {
    await expect(readWith(changes)).rejects.toMatchObject({
      name: 'UnsupportedConfigError',
      message: expect.stringContaining(found),
      place: { file: expect.stringMatching(/config\.json$/), field },
    });
  });

  test('an unknown architecture, whatever its other fields are', async () => {
    const gemma = withFolder({ 'config.json': { architectures: ['GemmaForCausalLM'] } }, readDecoderConfig);
    await expect(gemma).rejects.toMatchObject({
      name: 'UnsupportedArchitectureError',
      message: expect.stringContaining('GemmaForCausalLM'),
      hint: expect.stringContaining('Qwen2ForCausalLM'),
    });
    await expect(readWith({ architectures: ['constructor'] })).rejects.toMatchObject({
      name: 'UnsupportedArchitectureError',
    });
  });

  test.each([
    [{ hidden_size: undefined }, 'hidden_size', 'missing'],
    [{ architectures: undefined }, 'architectures', 'missing'],
    [{ architectures: [] }, 'architectures', ''],
    [{ num_hidden_layers: 0 }, 'num_hidden_layers', ''],
    [{ vocab_size: '320' }, 'vocab_size', 'number'],
    [{ rms_norm_eps: -1 }, 'rms_norm_eps', ''],
    [{ rope_theta: undefined }, 'rope_theta', 'missing'],
    [{ num_attention_heads: 3, num_key_value_heads: 3 }, 'num_attention_heads', 'hidden_size 64'],
    [{ num_key_value_heads: 3 }, 'num_key_value_heads', 'does not divide'],
    [{ head_dim: 15 }, 'head_dim', 'even'],
    [{ eos_token_id: 'two' }, 'eos_token_id', 'token id'],
    [{ eos_token_id: [2, 320] }, 'eos_token_id', '320'],
  ])('%j', async (changes, field, what) => {
    await expect(readWith(changes)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      message: expect.stringContaining(what),
      place: { file: expect.stringMatching(/config\.json$/), field },
    });
  });
});

describe('files', () => {
  test('bad JSON is named by file and line', async () => {
    const text = '{\n "architectures": ["Qwen2ForCausalLM"],\n "hidden_size": 64,,\n}';
    await expect(withFolder({ 'config.json': text }, readDecoderConfig)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      place: { file: expect.stringMatching(/config\.json$/), line: 3 },
    });
  });

  test('a file cut short is bad JSON on its last line', async () => {
    await expect(withFolder({ 'config.json': '{\n "a": [1,\n' }, readDecoderConfig)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      place: { line: 3 },
    });
  });

  test('no config.json, no folder', async () => {
    await expect(withFolder({}, readDecoderConfig)).rejects.toMatchObject({
      name: 'MissingCheckpointFileError',
      message: expect.stringContaining('config.json'),
    });
    const removed = await withFolder({}, async (folder) => folder);
    await expect(readDecoderConfig(removed)).rejects.toMatchObject({ name: 'FileAccessError' });
  });
});
