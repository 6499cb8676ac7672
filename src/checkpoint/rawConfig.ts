/** `config.json` as transformers 4 and 5 write it: the fields that decide what a decoder computes. */
import { z } from 'zod';

const positiveInteger = z.int().positive();
const positive = z.number().positive();
/** The base of the rotary embedding: its powers must grow, and stay in float32. */
const theta = z.number().gt(1).max(1e15);
/** Settings of its scaling: far more than any checkpoint has, and too little to leave float32. */
const ratio = z.number().min(1e-6).max(1e6);
const ratioOrOff = z.union([z.literal(0), ratio]);
const tokenId = z.int().nonnegative();

/** An id, a list of ids, or nothing; read as a list. */
export const tokenIds = z
  .union([tokenId.transform((id) => [id]), z.array(tokenId)], {
    error: 'expected a token id or a list of them',
  })
  .nullish()
  .transform((ids) => ids ?? []);

/** `rope_scaling` (transformers 4) and `rope_parameters` (5); the former called its type `type` at first. */
const ropeSettings = z.looseObject({
  rope_theta: theta.nullish(),
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  partial_rotary_factor: z.number().nullish(),
  factor: ratio.nullish(),
  original_max_position_embeddings: positiveInteger.nullish(),
  // llama3
  low_freq_factor: ratio.nullish(),
  high_freq_factor: ratio.nullish(),
  // yarn
  attention_factor: ratio.nullish(),
  beta_fast: ratioOrOff.nullish(),
  beta_slow: ratioOrOff.nullish(),
  mscale: ratioOrOff.nullish(),
  mscale_all_dim: ratioOrOff.nullish(),
  truncate: z.boolean().nullish(),
});

/** Read first and alone: the other fields of an unknown architecture may mean anything. */
export const architectureField = z.looseObject({
  architectures: z.array(z.string()).length(1),
  // Parts of a multimodal model.
  text_config: z.unknown().optional(),
  vision_config: z.unknown().optional(),
});

export const rawConfig = z.looseObject({
  vocab_size: positiveInteger,
  hidden_size: positiveInteger,
  intermediate_size: positiveInteger,
  num_hidden_layers: positiveInteger,
  num_attention_heads: positiveInteger,
  num_key_value_heads: positiveInteger.nullish(),
  head_dim: positiveInteger.nullish(),
  rms_norm_eps: positive,
  max_position_embeddings: positiveInteger,
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  // Left out where it has the architecture's default, which is false for every one of ours.
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: theta.nullish(),
  rope_scaling: ropeSettings.nullish(),
  rope_parameters: ropeSettings.nullish(),
  original_max_position_embeddings: positiveInteger.nullish(),
  partial_rotary_factor: z.number().nullish(),
  layer_types: z.array(z.string()).nullish(),
  sliding_window: positiveInteger.nullish(),
  use_sliding_window: z.boolean().default(false),
  // The default of transformers.
  max_window_layers: z.int().nonnegative().default(28),
  quantization_config: z.unknown().optional(),
  eos_token_id: tokenIds,
  // Early Llama files have -1 for none.
  pad_token_id: z
    .int()
    .nullish()
    .transform((id) => (id === undefined || id === null || id < 0 ? null : id)),
});

export type RawConfig = z.output<typeof rawConfig>;
