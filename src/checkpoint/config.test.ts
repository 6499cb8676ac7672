import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BoxedError } from '../errors.js';
import { type DecoderConfig, readDecoderConfig } from './config.js';
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
      biases: ['q_proj', 'k_proj', 'v_proj'],
      qkNorm: false,
      ropeTheta: 1_000_000,
      ropeScaling: null,
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
    const config = await readWith({
      num_key_value_heads: null,
      eos_token_id: undefined,
      pad_token_id: -1,
      rope_theta: undefined,
    });
    expect(config).toMatchObject({
      kvHeads: 4,
      eosTokenIds: [],
      padTokenId: null,
      tieWordEmbeddings: false,
      ropeTheta: 10_000,
    });
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
    [{ use_sliding_window: true, sliding_window: 512, max_window_layers: 0 }],
    [{ use_sliding_window: true, sliding_window: 512, layer_types: ['sliding_attention'] }],
    [{ quantization_config: null }],
  ])('harmless %j is read', async (changes) => {
    expect((await readWith(changes)).layers).toBe(3);
  });
});

describe('refusals name the field', () => {
  test.each([
    [{ rope_scaling: { factor: 8 } }, 'rope_scaling', 'without a name'],
    [{ rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [2] } }, 'rope_scaling', 'longrope'],
    [{ rope_scaling: { type: 'su', factor: 2 } }, 'rope_scaling', 'su'],
    [{ rope_parameters: { rope_type: 'mrope', rope_theta: 10000 } }, 'rope_parameters', 'mrope'],
    [
      { rope_parameters: { full_attention: { rope_type: 'default', rope_theta: 1e6 } } },
      'rope_parameters.full_attention',
      'by type of layer',
    ],
    [
      { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } },
      'rope_parameters.partial_rotary_factor',
      '0.5',
    ],
    [{ partial_rotary_factor: 0.25 }, 'partial_rotary_factor', '0.25'],
    [{ use_sliding_window: true, sliding_window: 128, max_window_layers: 2 }, 'sliding_window', 'window'],
    [{ use_sliding_window: true, sliding_window: 511, max_window_layers: 0 }, 'sliding_window', '511'],
    [
      { use_sliding_window: true, sliding_window: 128, layer_types: ['full_attention', 'sliding_attention'] },
      'sliding_window',
      'window',
    ],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types', 'sliding_attention'],
    [{ layer_types: ['linear_attention'] }, 'layer_types', 'linear_attention'],
    [{ hidden_act: 'gelu' }, 'hidden_act', 'gelu'],
    [{ quantization_config: { quant_method: 'fp8' } }, 'quantization_config', 'quantized'],
  ])('%j', async (changes, field, found) => {
    await expect(readWith(changes)).rejects.toMatchObject({
      name: 'UnsupportedConfigError',
      message: expect.stringContaining(found),
      place: { file: expect.stringMatching(/config\.json$/), field },
    });
  });

  test('an unsupported rope type, with those there are', async () => {
    await expect(readWith({ rope_scaling: { type: 'longrope' } })).rejects.toMatchObject({
      hint: expect.stringContaining('default, linear, dynamic, yarn, llama3'),
    });
  });

  test.each(['Qwen3MoeForCausalLM', 'MixtralForCausalLM', 'DeepseekV3ForCausalLM', 'Qwen2Model'])(
    'the architecture %s',
    async (name) => {
      await expect(readWith({ architectures: [name] })).rejects.toMatchObject({
        name: 'UnsupportedArchitectureError',
        message: expect.stringContaining(name),
        hint: expect.stringMatching(/Qwen2ForCausalLM.*Qwen3.*Llama.*Mistral/),
      });
    },
  );

  test('a multimodal checkpoint', async () => {
    const config = {
      architectures: ['Mistral3ForConditionalGeneration'],
      text_config: { model_type: 'mistral' },
      vision_config: { model_type: 'pixtral' },
    };
    await expect(withFolder({ 'config.json': config }, readDecoderConfig)).rejects.toMatchObject({
      name: 'UnsupportedArchitectureError',
      message: expect.stringContaining('multimodal'),
      hint: expect.stringContaining('language model alone'),
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
    [{ rope_theta: 'large' }, 'rope_theta', 'number'],
    [{ rope_theta: 1 }, 'rope_theta', '>1'],
    [{ rope_scaling: { type: 'linear', factor: 1e5 } }, 'max_position_embeddings', '16777216'],
    [{ rope_scaling: { type: 'linear' } }, 'rope_scaling.factor', 'linear'],
    [{ rope_scaling: { type: 'yarn' } }, 'rope_scaling.factor', 'yarn'],
    [{ rope_parameters: { rope_type: 'dynamic' } }, 'rope_parameters.factor', 'dynamic'],
    [{ rope_scaling: { type: 'yarn', factor: -4 } }, 'rope_scaling.factor', ''],
    [
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1 } },
      'rope_scaling.high_freq_factor',
      'llama3',
    ],
    [
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 } },
      'rope_scaling.high_freq_factor',
      'not above',
    ],
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

describe('families', () => {
  const ALL = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
  const MLP = ['gate_proj', 'up_proj', 'down_proj'];

  test.each([
    // Qwen2 and Mistral have no such fields: a file that has them means nothing by it.
    ['Qwen2ForCausalLM', { attention_bias: false, mlp_bias: true }, ['q_proj', 'k_proj', 'v_proj']],
    ['Qwen3ForCausalLM', {}, []],
    ['Qwen3ForCausalLM', { attention_bias: true, mlp_bias: true }, ALL],
    ['LlamaForCausalLM', {}, []],
    ['LlamaForCausalLM', { attention_bias: true }, ALL],
    ['LlamaForCausalLM', { mlp_bias: true }, MLP],
    ['LlamaForCausalLM', { attention_bias: true, mlp_bias: true }, [...ALL, ...MLP]],
    ['MistralForCausalLM', { attention_bias: true, sliding_window: null }, []],
  ])('biases of %s with %j', async (name, fields, biases) => {
    expect((await readWith({ architectures: [name], ...fields })).biases).toEqual(biases);
  });

  test.each([
    ['Qwen2ForCausalLM', 16, false],
    ['Qwen3ForCausalLM', 128, true],
    ['LlamaForCausalLM', 16, false],
    ['MistralForCausalLM', 16, false],
  ])('head_dim left out in %s, and norms of queries and keys', async (name, headDim, qkNorm) => {
    expect(await readWith({ architectures: [name] })).toMatchObject({ headDim, qkNorm });
  });

  test.each([
    [{ sliding_window: 128 }, 128],
    [{ sliding_window: 512 }, 512],
    [{ sliding_window: null }, 512],
    // The default of transformers, 4,096.
    [{ max_position_embeddings: 8192 }, 4096],
    [{ sliding_window: 600, rope_scaling: { type: 'linear', factor: 2 } }, 600],
  ])('Mistral with %j runs as far as its window', async (fields, maxPositions) => {
    const config = await readWith({ architectures: ['MistralForCausalLM'], ...fields });
    expect(config.maxPositions).toBe(maxPositions);
  });

  test('Llama has no window', async () => {
    const config = await readWith({ architectures: ['LlamaForCausalLM'], sliding_window: 128 });
    expect(config.maxPositions).toBe(512);
  });
});

describe('the rotary embedding', () => {
  const yarn = { type: 'yarn', factor: 4, betaFast: 32, betaSlow: 1, truncate: true, originalPositions: 512 };

  test.each([
    [{ rope_scaling: { type: 'linear', factor: 2.5 } }, { type: 'linear', factor: 2.5 }, 1280],
    // Equal to no scaling up to max_position_embeddings, where we end.
    [{ rope_scaling: { type: 'dynamic', factor: 4 } }, null, 512],
    [{ rope_scaling: { type: 'default', factor: 4 } }, null, 512],
    [{ rope_scaling: {}, rope_parameters: { rope_type: 'linear', factor: 2 } }, { type: 'linear' }, 1024],
    // transformers lets the older field go first.
    [
      { rope_scaling: { rope_type: 'linear', factor: 2 }, rope_parameters: { rope_type: 'default' } },
      { type: 'linear' },
      1024,
    ],
    [{ rope_scaling: { type: 'yarn', factor: 4 } }, yarn, 2048],
    [
      { rope_parameters: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 100 } },
      { ...yarn, originalPositions: 100 },
      512,
    ],
    [
      { rope_scaling: { type: 'yarn', factor: null, original_max_position_embeddings: 128 } },
      { ...yarn, originalPositions: 128 },
      512,
    ],
    [
      { original_max_position_embeddings: 256, rope_scaling: { type: 'yarn', factor: 4 } },
      { ...yarn, originalPositions: 256 },
      1024,
    ],
    [
      { rope_scaling: { type: 'yarn', factor: 4, beta_fast: 8, beta_slow: 2, truncate: false } },
      { ...yarn, betaFast: 8, betaSlow: 2, truncate: false },
      2048,
    ],
  ])('%j', async (fields, ropeScaling, maxPositions) => {
    const config = await readWith(fields);
    expect(config.maxPositions).toBe(maxPositions);
    if (ropeScaling === null) expect(config.ropeScaling).toBeNull();
    else expect(config.ropeScaling).toMatchObject(ropeScaling);
  });

  test('its base lies beside the other fields, or among the parameters', async () => {
    expect((await readWith({ rope_parameters: { rope_theta: 5e5, rope_type: 'default' } })).ropeTheta).toBe(
      5e5,
    );
    expect((await readWith({ rope_theta: 2e4, rope_scaling: { type: 'linear', factor: 2 } })).ropeTheta).toBe(
      2e4,
    );
  });

  // Values of transformers 5.18 for factor 40.
  test.each([
    [{}, 1.3688879454113936],
    [{ attention_factor: 1.5 }, 1.5],
    [{ mscale: 1, mscale_all_dim: 0.5 }, 1.1557219901962608],
    [{ mscale: 0.5 }, 1.3688879454113936],
  ])('the attention factor of yarn with %j', async (fields, expected) => {
    const { ropeScaling } = await readWith({ rope_scaling: { type: 'yarn', factor: 40, ...fields } });
    expect(ropeScaling).toMatchObject({ attentionFactor: expect.closeTo(expected, 12) });
  });

  test('yarn that shortens leaves cosines and sines as they are', async () => {
    const { ropeScaling } = await readWith({ rope_scaling: { type: 'yarn', factor: 0.5 } });
    expect(ropeScaling).toMatchObject({ attentionFactor: 1 });
  });
});

describe('any rotary settings', () => {
  // Mostly such as are accepted, so that many of them are together.
  const number = fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) },
    { weight: 6, arbitrary: fc.integer({ min: 2, max: 2 ** 17 }) },
    { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  const settings = fc.record(
    {
      type: fc.constantFrom('linear', 'dynamic', 'yarn', 'llama3', 'default', 'su'),
      rope_theta: number,
      factor: number,
      original_max_position_embeddings: number,
      low_freq_factor: number,
      high_freq_factor: number,
      attention_factor: number,
      beta_fast: number,
      beta_slow: number,
      mscale: number,
      mscale_all_dim: number,
      truncate: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  test('give a decoder of finite numbers, or an error that names the file', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (rope) => {
        const read = await readWith({ rope_scaling: rope }).catch((error: unknown) => error);
        if (read instanceof BoxedError) {
          expect(read.place.file).toMatch(/config\.json$/);
          return;
        }
        const { ropeTheta, ropeScaling, maxPositions } = read as DecoderConfig;
        for (const value of [ropeTheta, maxPositions, ...Object.values(ropeScaling ?? {})])
          if (typeof value === 'number') expect(Number.isFinite(value) && value > 0).toBe(true);
      }),
    );
  });
});

describe('files', () => {
  test.each([
    { 'adapter_config.json': { peft_type: 'LORA' }, 'adapter_model.safetensors': 'weights' },
    { 'adapter_config.json': { peft_type: 'LORA' }, 'config.json': SOUND },
    { 'adapter_model.bin': 'weights', 'tokenizer.json': {} },
  ])('a LoRA adapter alone (%#) is to be merged', async (files) => {
    await expect(withFolder(files, readDecoderConfig)).rejects.toMatchObject({
      name: 'AdapterOnlyError',
      message: expect.stringContaining('LoRA adapter'),
      hint: expect.stringContaining('Merge it'),
    });
  });

  test('an adapter beside the merged model does no harm', async () => {
    const files = { 'adapter_config.json': {}, 'model.safetensors': 'weights', 'config.json': SOUND };
    expect((await withFolder(files, readDecoderConfig)).layers).toBe(3);
  });

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
