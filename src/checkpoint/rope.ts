/** The rotary embedding as `config.json` asks for it: its base, how it is stretched, and how far that reaches. */
import { z } from 'zod';
import { invalidConfig, refuseConfig } from './errors.js';
import type { RawConfig } from './rawConfig.js';

const originalPositions = z.int().positive();
const factor = z.number().positive();

/** How frequencies are changed for longer sequences than the decoder was first trained on. */
export const ropeScaling = z.discriminatedUnion('type', [
  /** All frequencies divided by `factor`. */
  z.object({ type: z.literal('linear'), factor }),
  /** Frequencies by their wavelength: long ones divided by `factor`, short ones kept, a ramp between (Llama 3.1). */
  z.object({
    type: z.literal('llama3'),
    factor,
    lowFrequencyFactor: z.number().positive(),
    highFrequencyFactor: z.number().positive(),
    originalPositions,
  }),
  /** As `llama3`, with the ramp between two numbers of turns, and cosines and sines times a factor (arXiv 2309.00071). */
  z.object({
    type: z.literal('yarn'),
    factor,
    attentionFactor: z.number().positive(),
    betaFast: z.number().positive(),
    betaSlow: z.number().positive(),
    truncate: z.boolean(),
    originalPositions,
  }),
]);
export type RopeScaling = z.output<typeof ropeScaling>;

const SUPPORTED = 'default, linear, dynamic, yarn, llama3';
/** The base where a file names none, in every version of transformers and for all of its architectures here. */
const DEFAULT_THETA = 10_000;

type RopeSettings = NonNullable<RawConfig['rope_scaling']>;

export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling | null;
  /** Positions that the embedding is made for. */
  readonly positions: number;
}

/**
 * Reads `rope_scaling` and `rope_theta` (transformers 4) or `rope_parameters` (5); the former go first where there are
 * both, as in either version. Follows modeling_rope_utils.py of transformers 5.18, where `factor` is taken as it stands.
 * @throws UnsupportedConfigError, InvalidCheckpointFileError
 */
export function readRope(file: string, raw: RawConfig): Rope {
  const field =
    raw.rope_scaling && Object.keys(raw.rope_scaling).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const settings: RopeSettings = raw[field] ?? {};
  for (const [place, share] of [
    [`${field}.partial_rotary_factor`, settings.partial_rotary_factor],
    ['partial_rotary_factor', raw.partial_rotary_factor],
  ] as const)
    if ((share ?? 1) !== 1) refuseConfig(file, place, `rotation of a share ${share}`, '1, or none');
  for (const [key, value] of Object.entries(settings))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      refuseConfig(file, `${field}.${key}`, 'a rotary embedding by type of layer', 'one for all layers');
  return {
    theta: settings.rope_theta ?? raw.rope_theta ?? DEFAULT_THETA,
    ...scalingOf(file, field, settings, raw),
  };
}

function scalingOf(
  file: string,
  field: string,
  settings: RopeSettings,
  raw: RawConfig,
): Pick<Rope, 'scaling' | 'positions'> {
  const positions = raw.max_position_embeddings;
  // Scaling that does not name its type is scaling all the same.
  const unnamed = 'factor' in settings ? 'without a name' : 'default';
  const type = settings.rope_type ?? settings.type ?? unnamed;
  const originalPositions =
    raw.original_max_position_embeddings ?? settings.original_max_position_embeddings ?? positions;
  const required = (name: 'factor' | 'low_freq_factor' | 'high_freq_factor') =>
    settings[name] ?? invalidConfig(file, `${field}.${name}`, `rope type ${type} needs this field`);
  // Most files keep the length before stretching in max_position_embeddings, some the one after.
  const stretched = (from: number, by: number) => Math.max(positions, Math.floor(from * by));
  switch (type) {
    case 'default':
      return { scaling: null, positions };
    case 'dynamic':
      // Up to max_position_embeddings this is no scaling. Beyond, frequencies change with the longest sequence of a batch
      // while cached keys keep the old ones, so what a sequence comes to would depend on its neighbours: we end there.
      required('factor');
      return { scaling: null, positions };
    case 'linear': {
      const factor = required('factor');
      return { scaling: { type, factor }, positions: stretched(positions, factor) };
    }
    case 'llama3': {
      const [low, high] = [required('low_freq_factor'), required('high_freq_factor')];
      if (high <= low)
        invalidConfig(file, `${field}.high_freq_factor`, `${high} is not above low_freq_factor ${low}`);
      const factor = required('factor');
      return {
        scaling: { type, factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions },
        positions,
      };
    }
    case 'yarn': {
      const factor = settings.factor === null ? positions / originalPositions : required('factor');
      return {
        scaling: {
          type,
          factor,
          attentionFactor: settings.attention_factor ?? yarnAttentionFactor(factor, settings),
          betaFast: settings.beta_fast || 32,
          betaSlow: settings.beta_slow || 1,
          truncate: settings.truncate ?? true,
          originalPositions,
        },
        positions: stretched(originalPositions, factor),
      };
    }
    default:
      return refuseConfig(file, field, `the rope type ${type}`, SUPPORTED);
  }
}

/** Section 3.4 of the YaRN paper; DeepSeek's `mscale` and `mscale_all_dim` make it a quotient of two. */
function yarnAttentionFactor(factor: number, { mscale, mscale_all_dim }: RopeSettings): number {
  const scale = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && mscale_all_dim ? scale(mscale) / scale(mscale_all_dim) : scale(1);
}
