/** The decoders that can be built, and what differs between them in how `config.json` is read. */
import { UnsupportedArchitectureError } from './errors.js';
import type { RawConfig } from './rawConfig.js';

/** A decoder that can be built, by the name that `model/` knows it by. */
export const DECODERS = ['qwen2', 'qwen3', 'llama', 'mistral'] as const;
export type Architecture = (typeof DECODERS)[number];

/** The linear maps of a layer, by their names in checkpoints. */
export const PROJECTIONS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type Projection = (typeof PROJECTIONS)[number];

const QKV = ['q_proj', 'k_proj', 'v_proj'] as const;
const ATTENTION = [...QKV, 'o_proj'] as const;
const MLP = ['gate_proj', 'up_proj', 'down_proj'] as const;

/** One row for each architecture; what the rows do not say is common to all of them. */
export interface ArchitectureRow {
  readonly architecture: Architecture;
  /** `head_dim` when the file leaves it out, in elements. */
  readonly headDim: (config: RawConfig) => number;
  /** Projections that add a bias. */
  readonly biases: (config: RawConfig) => readonly Projection[];
  /** Whether queries and keys are normalised, each head by itself. */
  readonly qkNorm: boolean;
  /** Last tokens that a layer sees, where some layer sees no more than a window of them. */
  readonly window: (config: RawConfig) => number | null;
  /**
   * What a window does that is shorter than the positions there are. In Mistral it ends them: up to there it hides
   * nothing. Qwen's is off in all published checkpoints, so whoever turned it on wants what lies beyond.
   */
  readonly shortWindow: 'ends positions' | 'is refused';
}

const sharedHeadDim = (config: RawConfig) => config.hidden_size / config.num_attention_heads;

/** Some layers of Qwen see a window if it is on; `layer_types` says which, else the layers from `max_window_layers` on. */
function qwenWindow(config: RawConfig): number | null {
  if (!config.use_sliding_window || typeof config.sliding_window !== 'number') return null;
  const slides = config.layer_types
    ? config.layer_types.includes('sliding_attention')
    : config.max_window_layers < config.num_hidden_layers;
  return slides ? config.sliding_window : null;
}

/** Rows by the name that stands under `architectures` in `config.json`. */
const ARCHITECTURES: Readonly<Record<string, ArchitectureRow>> = {
  Qwen2ForCausalLM: {
    architecture: 'qwen2',
    headDim: sharedHeadDim,
    biases: () => QKV,
    qkNorm: false,
    window: qwenWindow,
    shortWindow: 'is refused',
  },
  Qwen3ForCausalLM: {
    architecture: 'qwen3',
    headDim: () => 128,
    biases: (config) => (config.attention_bias ? ATTENTION : []),
    qkNorm: true,
    window: qwenWindow,
    shortWindow: 'is refused',
  },
  LlamaForCausalLM: {
    architecture: 'llama',
    headDim: sharedHeadDim,
    biases: (config) => [...(config.attention_bias ? ATTENTION : []), ...(config.mlp_bias ? MLP : [])],
    qkNorm: false,
    window: () => null,
    shortWindow: 'ends positions',
  },
  MistralForCausalLM: {
    architecture: 'mistral',
    headDim: sharedHeadDim,
    biases: () => [],
    qkNorm: false,
    window: (config) => (config.sliding_window === undefined ? 4096 : config.sliding_window),
    shortWindow: 'ends positions',
  },
};

/** The row of the architecture that `file` names. @throws UnsupportedArchitectureError listing those there are. */
export function architectureRow(file: string, name: string, multimodal: boolean): ArchitectureRow {
  if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name]!;
  const supported = `Supported: ${Object.keys(ARCHITECTURES).join(', ')}.`;
  throw new UnsupportedArchitectureError(
    `there is no decoder for ${name}${multimodal ? ', which is multimodal' : ''}`,
    multimodal
      ? `${supported} Its language model alone must be saved as a checkpoint of its own.`
      : supported,
    { file, field: 'architectures' },
  );
}
