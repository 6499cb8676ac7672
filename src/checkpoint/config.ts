/** Reads `config.json`: the shape of the decoder. */
import { join } from 'node:path';
import { refuseAdapter } from './adapter.js';
import {
  type Architecture,
  type ArchitectureRow,
  architectureRow,
  type Projection,
} from './architectures.js';
import { invalidConfig, refuseConfig } from './errors.js';
import { parseJson, readRequired, validate } from './jsonFile.js';
import { architectureField, type RawConfig, rawConfig } from './rawConfig.js';
import { type RopeScaling, readRope } from './rope.js';

/** Positions that float32, in which angles are computed, tells apart. */
const MAX_POSITIONS = 2 ** 24;

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
  /** Projections that add a bias. */
  readonly biases: readonly Projection[];
  /** Whether queries and keys are normalised before the rotary embedding, each head by itself. */
  readonly qkNorm: boolean;
  readonly ropeTheta: number;
  /** `null`: frequencies as they follow from `ropeTheta`. */
  readonly ropeScaling: RopeScaling | null;
  readonly rmsNormEps: number;
  /**
   * Longest sequence, in tokens: what the rotary embedding is made for and, where layers see a window of the last tokens
   * only, no more than that window.
   */
  readonly maxPositions: number;
  readonly tieWordEmbeddings: boolean;
  /** Empty when the file names none. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | null;
}

/**
 * Reads and checks `config.json` in `folder`; nothing that would change the numbers is passed over.
 * @throws MissingCheckpointFileError, AdapterOnlyError, InvalidCheckpointFileError (field), UnsupportedArchitectureError,
 * UnsupportedConfigError (field)
 */
export async function readDecoderConfig(folder: string): Promise<DecoderConfig> {
  const file = join(folder, 'config.json');
  await refuseAdapter(folder);
  const json = parseJson(file, await readRequired(file));
  const { architectures, text_config, vision_config } = validate(file, json, architectureField);
  const row = architectureRow(file, architectures[0]!, (text_config ?? vision_config) !== undefined);
  const raw = validate(file, json, rawConfig);
  refuseVariants(file, raw, row);
  const rope = readRope(file, raw);
  const config: DecoderConfig = {
    architecture: row.architecture,
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    kvHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headDim: raw.head_dim ?? row.headDim(raw),
    biases: row.biases(raw),
    qkNorm: row.qkNorm,
    ropeTheta: rope.theta,
    ropeScaling: rope.scaling,
    rmsNormEps: raw.rms_norm_eps,
    maxPositions: positionsInWindow(file, row, rope.positions, row.window(raw)),
    tieWordEmbeddings: raw.tie_word_embeddings,
    eosTokenIds: raw.eos_token_id,
    padTokenId: raw.pad_token_id,
  };
  checkSizes(file, config);
  return config;
}

function refuseVariants(file: string, raw: RawConfig, row: ArchitectureRow): void {
  if (raw.hidden_act !== 'silu') refuseConfig(file, 'hidden_act', `the activation ${raw.hidden_act}`, 'silu');
  const known = row.window(raw) === null ? ['full_attention'] : ['full_attention', 'sliding_attention'];
  const layerType = raw.layer_types?.find((type) => !known.includes(type));
  if (layerType !== undefined) refuseConfig(file, 'layer_types', layerType, known.join(', '));
  if (raw.quantization_config !== undefined && raw.quantization_config !== null)
    refuseConfig(file, 'quantization_config', 'a quantized checkpoint', 'weights in fp32, fp16 or bf16');
}

/** Positions up to which a window of the last tokens, if there is one, hides nothing. */
function positionsInWindow(
  file: string,
  row: ArchitectureRow,
  positions: number,
  window: number | null,
): number {
  if (window === null || window >= positions) return positions;
  if (row.shortWindow === 'is refused')
    refuseConfig(file, 'sliding_window', `a sliding window of ${window} tokens`, 'attention to all tokens');
  return window;
}

function checkSizes(file: string, config: DecoderConfig): void {
  const { hiddenSize, heads, kvHeads, headDim, vocabSize, maxPositions } = config;
  if (!Number.isInteger(headDim))
    invalidConfig(file, 'num_attention_heads', `${heads} heads do not divide hidden_size ${hiddenSize}`);
  // Rotary embedding turns pairs of elements.
  if (headDim % 2 !== 0) invalidConfig(file, 'head_dim', `expected an even number, found ${headDim}`);
  if (heads % kvHeads !== 0)
    invalidConfig(file, 'num_key_value_heads', `${kvHeads} does not divide num_attention_heads ${heads}`);
  if (maxPositions > MAX_POSITIONS)
    invalidConfig(
      file,
      'max_position_embeddings',
      `${maxPositions} positions are more than ${MAX_POSITIONS}`,
    );
  const outside = config.eosTokenIds.find((id) => id >= vocabSize);
  if (outside !== undefined)
    invalidConfig(file, 'eos_token_id', `the id ${outside} lies outside vocab_size ${vocabSize}`);
}
