/** `config.json` of published checkpoints, the fields that this program reads, and what it makes of them. */
import { describe, expect, test } from '@jest/globals';
import { type DecoderConfig, readDecoderConfig } from './config.js';
import { withFolder } from './testing.js';

const QWEN2 = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  hidden_act: 'silu',
  initializer_range: 0.02,
  max_position_embeddings: 32768,
  model_type: 'qwen2',
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  torch_dtype: 'bfloat16',
  use_cache: true,
  use_sliding_window: false,
};
const SIZE_0_5B = {
  hidden_size: 896,
  intermediate_size: 4864,
  max_window_layers: 21,
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  sliding_window: 32768,
  vocab_size: 151936,
};
const SIZE_1_5B = {
  hidden_size: 1536,
  intermediate_size: 8960,
  max_window_layers: 21,
  num_attention_heads: 12,
  num_hidden_layers: 28,
  num_key_value_heads: 2,
  sliding_window: 32768,
  vocab_size: 151936,
};
const SIZE_7B = {
  hidden_size: 3584,
  intermediate_size: 18944,
  max_window_layers: 28,
  num_attention_heads: 28,
  num_hidden_layers: 28,
  num_key_value_heads: 4,
  sliding_window: 131072,
  vocab_size: 152064,
};
const SIZE_14B = {
  hidden_size: 5120,
  intermediate_size: 13824,
  max_window_layers: 70,
  num_attention_heads: 40,
  num_hidden_layers: 48,
  num_key_value_heads: 8,
  sliding_window: 131072,
  vocab_size: 152064,
};
const SIZE_32B = { ...SIZE_14B, intermediate_size: 27648, num_hidden_layers: 64 };

const QWEN3 = {
  ...QWEN2,
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  head_dim: 128,
  max_position_embeddings: 40960,
  model_type: 'qwen3',
  num_key_value_heads: 8,
  rope_scaling: null,
  sliding_window: null,
  vocab_size: 151936,
};

const LLAMA_3_1 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 8.0,
    low_freq_factor: 1.0,
    high_freq_factor: 4.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  vocab_size: 128256,
};
const LLAMA_3_1_SCALING = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalPositions: 8192,
};

const MISTRAL = {
  architectures: ['MistralForCausalLM'],
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  max_position_embeddings: 32768,
  model_type: 'mistral',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
};

/** Fields of a decoder, in the order of the rows below. */
function decoder(
  [layers, hiddenSize, intermediateSize, heads, kvHeads, headDim, vocabSize]: readonly number[],
  rest: Partial<DecoderConfig>,
): Record<string, unknown> {
  return { layers, hiddenSize, intermediateSize, heads, kvHeads, headDim, vocabSize, ...rest };
}

const QWEN2_BIASES = ['q_proj', 'k_proj', 'v_proj'] as const;
const plain = { ropeTheta: 1e6, maxPositions: 32768, ropeScaling: null, eosTokenIds: [151645] };
const qwen2 = { ...plain, architecture: 'qwen2', biases: QWEN2_BIASES, qkNorm: false } as const;
const qwen3 = { ...plain, architecture: 'qwen3', biases: [], qkNorm: true, maxPositions: 40960 } as const;
const TIED = { tie_word_embeddings: true };

const PUBLISHED: readonly (readonly [name: string, file: object, expected: Record<string, unknown>])[] = [
  [
    'Qwen2.5-0.5B-Instruct',
    { ...QWEN2, ...SIZE_0_5B, ...TIED },
    decoder([24, 896, 4864, 14, 2, 64, 151936], { ...qwen2, tieWordEmbeddings: true }),
  ],
  [
    'Qwen2.5-1.5B-Instruct',
    { ...QWEN2, ...SIZE_1_5B, ...TIED },
    decoder([28, 1536, 8960, 12, 2, 128, 151936], { ...qwen2, tieWordEmbeddings: true }),
  ],
  [
    'Qwen2.5-7B-Instruct',
    { ...QWEN2, ...SIZE_7B, tie_word_embeddings: false },
    decoder([28, 3584, 18944, 28, 4, 128, 152064], { ...qwen2, tieWordEmbeddings: false }),
  ],
  [
    'Qwen2.5-7B-Instruct with the YaRN of its model card',
    {
      ...QWEN2,
      ...SIZE_7B,
      rope_scaling: { factor: 4.0, original_max_position_embeddings: 32768, type: 'yarn' },
    },
    decoder([28, 3584, 18944, 28, 4, 128, 152064], {
      ...qwen2,
      maxPositions: 131072,
      ropeScaling: {
        type: 'yarn',
        factor: 4,
        attentionFactor: 0.1 * Math.log(4) + 1,
        betaFast: 32,
        betaSlow: 1,
        truncate: true,
        originalPositions: 32768,
      },
    }),
  ],
  [
    'Qwen2.5-14B-Instruct',
    { ...QWEN2, ...SIZE_14B, tie_word_embeddings: false },
    decoder([48, 5120, 13824, 40, 8, 128, 152064], { ...qwen2, rmsNormEps: 1e-6 }),
  ],
  [
    'Qwen2.5-32B-Instruct',
    { ...QWEN2, ...SIZE_32B, tie_word_embeddings: false },
    decoder([64, 5120, 27648, 40, 8, 128, 152064], qwen2),
  ],
  [
    'Qwen2.5-Math-7B',
    {
      ...QWEN2,
      ...SIZE_7B,
      eos_token_id: 151643,
      max_position_embeddings: 4096,
      rope_theta: 10000,
      sliding_window: 4096,
      use_mrope: false,
    },
    decoder([28, 3584, 18944, 28, 4, 128, 152064], {
      ...qwen2,
      ropeTheta: 1e4,
      maxPositions: 4096,
      eosTokenIds: [151643],
    }),
  ],
  [
    'DeepSeek-R1-Distill-Qwen-1.5B',
    {
      ...QWEN2,
      ...SIZE_1_5B,
      bos_token_id: 151646,
      eos_token_id: 151643,
      max_position_embeddings: 131072,
      rope_theta: 10000,
      sliding_window: 4096,
      tie_word_embeddings: false,
      use_mrope: false,
    },
    decoder([28, 1536, 8960, 12, 2, 128, 151936], {
      ...qwen2,
      ropeTheta: 1e4,
      maxPositions: 131072,
      tieWordEmbeddings: false,
      eosTokenIds: [151643],
    }),
  ],
  [
    'DeepSeek-R1-Distill-Qwen-14B',
    {
      ...QWEN2,
      ...SIZE_14B,
      bos_token_id: 151646,
      eos_token_id: 151643,
      max_position_embeddings: 131072,
      max_window_layers: 48,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: false,
    },
    decoder([48, 5120, 13824, 40, 8, 128, 152064], {
      ...qwen2,
      rmsNormEps: 1e-5,
      maxPositions: 131072,
      eosTokenIds: [151643],
    }),
  ],
  [
    'OpenMath-Nemotron-14B',
    { ...QWEN2, ...SIZE_14B, max_position_embeddings: 131072, max_window_layers: 48, rms_norm_eps: 1e-5 },
    decoder([48, 5120, 13824, 40, 8, 128, 152064], { ...qwen2, maxPositions: 131072, rmsNormEps: 1e-5 }),
  ],
  [
    'Qwen3-0.6B',
    {
      ...QWEN3,
      ...TIED,
      hidden_size: 1024,
      intermediate_size: 3072,
      max_window_layers: 28,
      num_attention_heads: 16,
      num_hidden_layers: 28,
    },
    decoder([28, 1024, 3072, 16, 8, 128, 151936], { ...qwen3, tieWordEmbeddings: true }),
  ],
  [
    'Qwen3-4B',
    {
      ...QWEN3,
      ...TIED,
      hidden_size: 2560,
      intermediate_size: 9728,
      max_window_layers: 36,
      num_attention_heads: 32,
      num_hidden_layers: 36,
    },
    decoder([36, 2560, 9728, 32, 8, 128, 151936], { ...qwen3, tieWordEmbeddings: true }),
  ],
  [
    'Qwen3-32B',
    {
      ...QWEN3,
      hidden_size: 5120,
      intermediate_size: 25600,
      max_window_layers: 64,
      num_attention_heads: 64,
      num_hidden_layers: 64,
      tie_word_embeddings: false,
    },
    decoder([64, 5120, 25600, 64, 8, 128, 151936], { ...qwen3, tieWordEmbeddings: false }),
  ],
  [
    'Llama-3.1-8B-Instruct',
    LLAMA_3_1,
    decoder([32, 4096, 14336, 32, 8, 128, 128256], {
      architecture: 'llama',
      biases: [],
      qkNorm: false,
      ropeTheta: 5e5,
      maxPositions: 131072,
      rmsNormEps: 1e-5,
      ropeScaling: LLAMA_3_1_SCALING as DecoderConfig['ropeScaling'],
      tieWordEmbeddings: false,
      eosTokenIds: [128001, 128008, 128009],
    }),
  ],
  [
    'DeepSeek-R1-Distill-Llama-8B',
    { ...LLAMA_3_1, eos_token_id: 128001 },
    decoder([32, 4096, 14336, 32, 8, 128, 128256], {
      architecture: 'llama',
      ropeScaling: LLAMA_3_1_SCALING as DecoderConfig['ropeScaling'],
      eosTokenIds: [128001],
    }),
  ],
  [
    'Mistral-7B-Instruct-v0.3',
    { ...MISTRAL, rope_theta: 1000000.0, sliding_window: null, vocab_size: 32768 },
    decoder([32, 4096, 14336, 32, 8, 128, 32768], {
      architecture: 'mistral',
      biases: [],
      qkNorm: false,
      ropeTheta: 1e6,
      maxPositions: 32768,
      eosTokenIds: [2],
    }),
  ],
  [
    'Mistral-7B-v0.1, whose window ends its positions',
    { ...MISTRAL, rope_theta: 10000.0, sliding_window: 4096, vocab_size: 32000 },
    decoder([32, 4096, 14336, 32, 8, 128, 32000], { ropeTheta: 1e4, maxPositions: 4096 }),
  ],
];

describe('published checkpoints', () => {
  test.each(PUBLISHED)('%s', async (_, file, expected) => {
    expect(await withFolder({ 'config.json': file }, readDecoderConfig)).toMatchObject(expected);
  });
});
