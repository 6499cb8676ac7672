/** The shape of a decoder, from a checkpoint's `config.json` in either of the layouts of transformers 4 and 5. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BoxedError } from '../errors.js';
import { readText } from '../files.js';
import { tokenIdsSchema } from './generation.js';
import { BadCheckpointFileError, parseJsonFile } from './json.js';

/** A model that this program cannot run. */
export class UnsupportedArchitectureError extends BoxedError {
  override readonly name = 'UnsupportedArchitectureError';
}

/** Names in `architectures`, and what they are here. */
const ARCHITECTURES = { Qwen2ForCausalLM: 'qwen2' } as const;
export type Architecture = (typeof ARCHITECTURES)[keyof typeof ARCHITECTURES];

export interface DecoderConfig {
  readonly architecture: Architecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
  /** Prompt and continuation together, at most. */
  readonly maxPositions: number;
  readonly tieWordEmbeddings: boolean;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | null;
}

const size = z.int().positive();
const rope = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
});
const schema = z.looseObject({
  architectures: z.array(z.string()).min(1),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.optional(),
  head_dim: size.nullish(),
  rope_theta: z.number().positive().optional(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  rms_norm_eps: z.number().positive(),
  max_position_embeddings: size,
  hidden_act: z.string(),
  tie_word_embeddings: z.boolean().optional(),
  use_sliding_window: z.boolean().nullish(),
  eos_token_id: tokenIdsSchema,
  pad_token_id: z.int().nullish(),
});
type Source = z.infer<typeof schema>;

/** Where transformers leaves a field out, this is what it means (Qwen2Config). */
const DEFAULT_ROPE_THETA = 10_000;

/**
 * Reads and checks `config.json` in `folder`.
 * @throws FileAccessError, BadCheckpointFileError, UnsupportedArchitectureError; each names the field.
 */
export async function readDecoderConfig(folder: string): Promise<DecoderConfig> {
  const file = join(folder, 'config.json');
  if (!existsSync(file)) {
    throw new BadCheckpointFileError(
      'the file is missing',
      'Give a checkpoint folder in Hugging Face layout.',
      { file },
    );
  }
  const source = parseJsonFile(file, await readText(file), schema);
  const architecture = architectureOf(source, file);
  refuseUnsupported(source, file);
  const heads = source.num_attention_heads;
  const config: DecoderConfig = {
    architecture,
    vocabSize: source.vocab_size,
    hiddenSize: source.hidden_size,
    intermediateSize: source.intermediate_size,
    layers: source.num_hidden_layers,
    heads,
    kvHeads: source.num_key_value_heads ?? heads,
    headDim: source.head_dim ?? source.hidden_size / heads,
    ropeTheta: source.rope_parameters?.rope_theta ?? source.rope_theta ?? DEFAULT_ROPE_THETA,
    rmsNormEps: source.rms_norm_eps,
    maxPositions: source.max_position_embeddings,
    tieWordEmbeddings: source.tie_word_embeddings ?? false,
    eosTokenIds: source.eos_token_id,
    padTokenId: source.pad_token_id ?? null,
  };
  checkHeads(config, file);
  return config;
}

function architectureOf(source: Source, file: string): Architecture {
  const known = source.architectures.find(
    (name): name is keyof typeof ARCHITECTURES => name in ARCHITECTURES,
  );
  if (known) return ARCHITECTURES[known];
  throw new UnsupportedArchitectureError(
    `${source.architectures.join(', ')} is not supported`,
    `Supported: ${Object.keys(ARCHITECTURES).join(', ')}.`,
    { file, field: 'architectures' },
  );
}

/** Refuses by name what would silently compute something else. */
function refuseUnsupported(source: Source, file: string): void {
  const refuse = (field: string, what: string, supported: string) => {
    throw new UnsupportedArchitectureError(`${what} is not supported`, `Supported: ${supported}.`, {
      file,
      field,
    });
  };
  for (const field of ['rope_scaling', 'rope_parameters'] as const) {
    const type = source[field]?.rope_type ?? source[field]?.type ?? 'default';
    if (type !== 'default') refuse(`${field}.rope_type`, `rope type ${type}`, 'default');
  }
  if (source.use_sliding_window) refuse('use_sliding_window', 'a sliding window', 'full attention');
  if (source.hidden_act !== 'silu') refuse('hidden_act', source.hidden_act, 'silu');
}

function checkHeads({ heads, kvHeads, headDim }: DecoderConfig, file: string): void {
  const hint = 'Compare it with the file that was published.';
  if (heads % kvHeads !== 0) {
    const field = 'num_key_value_heads';
    throw new BadCheckpointFileError(`${heads} heads cannot share ${kvHeads} key heads`, hint, {
      file,
      field,
    });
  }
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    const field = 'head_dim';
    throw new BadCheckpointFileError(`a head of ${headDim} dimensions cannot be rotated`, hint, {
      file,
      field,
    });
  }
}
