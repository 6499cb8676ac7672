/** Reads `config.json`: the shape of the decoder. */
import { join } from 'node:path';
import { type Architecture, architectureRow } from './architectures.js';
import { InvalidCheckpointFileError, UnsupportedConfigError } from './errors.js';
import { parseJson, readRequired, validate } from './jsonFile.js';
import { architectureField, type RawConfig, rawConfig } from './rawConfig.js';

/** The shape of a decoder. Sizes are in elements. */
export interface DecoderConfig {
  readonly architecture: Architecture;
  /** Rows of the embedding; often more than the tokenizer has tokens, as trainers pad it to a round number. */
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; divides `heads`. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
  /** Longest sequence the decoder was trained for, in tokens. */
  readonly maxPositions: number;
  readonly tieWordEmbeddings: boolean;
  /** Empty when the file names none. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | null;
}

/**
 * Reads and checks `config.json` in `folder`; nothing that would change the numbers is passed over.
 * @throws MissingCheckpointFileError, InvalidCheckpointFileError (field), UnsupportedArchitectureError,
 * UnsupportedConfigError (field)
 */
export async function readDecoderConfig(folder: string): Promise<DecoderConfig> {
  const file = join(folder, 'config.json');
  const json = parseJson(file, await readRequired(file));
  const row = architectureRow(file, validate(file, json, architectureField).architectures[0]!);
  const raw = validate(file, json, rawConfig);
  refuseVariants(file, raw, row.slides(raw));
  const config: DecoderConfig = {
    architecture: row.architecture,
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    kvHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headDim: raw.head_dim ?? row.headDim(raw),
    ropeTheta: ropeTheta(file, raw),
    rmsNormEps: raw.rms_norm_eps,
    maxPositions: raw.max_position_embeddings,
    tieWordEmbeddings: raw.tie_word_embeddings,
    eosTokenIds: raw.eos_token_id,
    padTokenId: raw.pad_token_id ?? null,
  };
  checkSizes(file, config);
  return config;
}

/** transformers 5 keeps the base under `rope_parameters`, transformers 4 beside the other fields. */
function ropeTheta(file: string, raw: RawConfig): number {
  const theta = raw.rope_parameters?.rope_theta ?? raw.rope_theta;
  if (theta !== undefined) return theta;
  throw invalid(file, 'rope_theta', 'this field is missing (nor is there rope_parameters.rope_theta)');
}

function refuseVariants(file: string, raw: RawConfig, slides: boolean): void {
  const refuse = (field: string, found: string, supported: string): never => {
    throw new UnsupportedConfigError(`${found} is not supported`, `Supported: ${supported}.`, {
      file,
      field,
    });
  };
  if (raw.hidden_act !== 'silu') refuse('hidden_act', `the activation ${raw.hidden_act}`, 'silu');
  for (const field of ['rope_parameters', 'rope_scaling'] as const) {
    const rope = raw[field];
    // Scaling that does not name its type is scaling all the same.
    const type = rope?.rope_type ?? rope?.type ?? (rope && 'factor' in rope ? 'without a name' : 'default');
    if (type !== 'default') refuse(field, `the rope type ${type}`, 'the type default, or no scaling');
    const share = rope?.partial_rotary_factor ?? 1;
    if (share !== 1) refuse(`${field}.partial_rotary_factor`, `rotation of a share ${share}`, '1, or none');
  }
  const share = raw.partial_rotary_factor ?? 1;
  if (share !== 1) refuse('partial_rotary_factor', `rotation of a share ${share}`, '1, or none');
  const layerType = raw.layer_types?.find((type) => type !== 'full_attention');
  if (layerType !== undefined) refuse('layer_types', layerType, 'full_attention');
  if (!raw.layer_types && slides) refuse('sliding_window', 'a sliding window', 'attention to all tokens');
  if (raw.quantization_config !== undefined && raw.quantization_config !== null)
    refuse('quantization_config', 'a quantized checkpoint', 'weights in fp32, fp16 or bf16');
}

function checkSizes(file: string, config: DecoderConfig): void {
  const { hiddenSize, heads, kvHeads, headDim, vocabSize } = config;
  if (!Number.isInteger(headDim))
    throw invalid(file, 'num_attention_heads', `${heads} heads do not divide hidden_size ${hiddenSize}`);
  // Rotary embedding turns pairs of elements.
  if (headDim % 2 !== 0) throw invalid(file, 'head_dim', `expected an even number, found ${headDim}`);
  if (heads % kvHeads !== 0)
    throw invalid(file, 'num_key_value_heads', `${kvHeads} does not divide num_attention_heads ${heads}`);
  const outside = config.eosTokenIds.find((id) => id >= vocabSize);
  if (outside !== undefined)
    throw invalid(file, 'eos_token_id', `the id ${outside} lies outside vocab_size ${vocabSize}`);
}

function invalid(file: string, field: string, what: string): InvalidCheckpointFileError {
  return new InvalidCheckpointFileError(
    what,
    'Mend this field, or fetch the file again from where the weights come from.',
    { file, field },
  );
}
