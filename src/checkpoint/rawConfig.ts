/** `config.json` as transformers 4 and 5 write it: the fields that decide what a decoder computes. */
import { z } from 'zod';

const positiveInteger = z.int().positive();
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
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
  partial_rotary_factor: z.number().optional(),
});

/** Read first and alone: the other fields of an unknown architecture may mean anything. */
export const architectureField = z.looseObject({ architectures: z.array(z.string()).length(1) });

export const rawConfig = z.looseObject({
  vocab_size: positiveInteger,
  hidden_size: positiveInteger,
  intermediate_size: positiveInteger,
  num_hidden_layers: positiveInteger,
  num_attention_heads: positiveInteger,
  num_key_value_heads: positiveInteger.nullish(),
  head_dim: positiveInteger.nullish(),
  rms_norm_eps: z.number().positive(),
  max_position_embeddings: positiveInteger,
  hidden_act: z.string().default('silu'),
  // Left out where it has the architecture's default, which is false for every one of ours.
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSettings.nullish(),
  rope_parameters: ropeSettings.nullish(),
  partial_rotary_factor: z.number().optional(),
  layer_types: z.array(z.string()).nullish(),
  sliding_window: z.int().nullish(),
  use_sliding_window: z.boolean().default(false),
  // The default of transformers.
  max_window_layers: z.int().nonnegative().default(28),
  quantization_config: z.unknown().optional(),
  eos_token_id: tokenIds,
  pad_token_id: tokenId.nullish(),
});

export type RawConfig = z.output<typeof rawConfig>;
