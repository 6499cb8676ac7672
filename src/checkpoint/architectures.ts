/** The decoders that can be built, and what differs between them in how `config.json` is read. */
import { UnsupportedArchitectureError } from './errors.js';
import type { RawConfig } from './rawConfig.js';

/** One row for each architecture; what the rows do not say is common to all of them. */
interface ArchitectureRow {
  /** The name by which `model/` knows the decoder. */
  readonly architecture: string;
  /** `head_dim` when the file leaves it out, in elements. */
  readonly headDim: (config: RawConfig) => number;
  /** Whether the layers would see only a window of the last tokens, should `layer_types` not say so itself. */
  readonly slides: (config: RawConfig) => boolean;
}

/** Rows by the name that stands under `architectures` in `config.json`. */
export const ARCHITECTURES = {
  Qwen2ForCausalLM: {
    architecture: 'qwen2',
    headDim: (config) => config.hidden_size / config.num_attention_heads,
    slides: (config) =>
      config.use_sliding_window &&
      typeof config.sliding_window === 'number' &&
      config.max_window_layers < config.num_hidden_layers,
  },
} as const satisfies Readonly<Record<string, ArchitectureRow>>;

type ArchitectureName = keyof typeof ARCHITECTURES;

/** A decoder that can be built. */
export type Architecture = (typeof ARCHITECTURES)[ArchitectureName]['architecture'];

/** The row of the architecture that `file` names. @throws UnsupportedArchitectureError listing those there are. */
export function architectureRow(file: string, name: string): (typeof ARCHITECTURES)[ArchitectureName] {
  if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name as ArchitectureName];
  throw new UnsupportedArchitectureError(
    `there is no decoder for ${name}`,
    `Supported: ${Object.keys(ARCHITECTURES).join(', ')}.`,
    { file, field: 'architectures' },
  );
}
