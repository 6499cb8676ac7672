/** Every tensor that a decoder has, by its name in Hugging Face checkpoints: the one place for names and shapes. */
import { PROJECTIONS, type Projection } from '../checkpoint/architectures.js';
import type { DecoderConfig } from '../checkpoint/config.js';

export const EMBEDDING = 'model.embed_tokens';
export const FINAL_NORM = 'model.norm';
export const HEAD = 'lm_head';

const PROJECTION_PARTS = [
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'mlp.gate_proj',
  'mlp.up_proj',
  'mlp.down_proj',
];

/** Name of a part of a layer, such as `self_attn.q_proj`, without `.weight` and `.bias`. */
export const layerPart = (layer: number, part: string) => `model.layers.${layer}.${part}`;

/** `[outputs, inputs]` of a projection, whose name may be that of a part of a layer. */
export function projectionShape(
  config: DecoderConfig,
  name: string,
): readonly [outputs: number, inputs: number] {
  const { heads, kvHeads, headDim, hiddenSize, intermediateSize } = config;
  const projection = projectionOf(name);
  switch (projection) {
    case 'q_proj':
      return [heads * headDim, hiddenSize];
    case 'k_proj':
    case 'v_proj':
      return [kvHeads * headDim, hiddenSize];
    case 'o_proj':
      return [hiddenSize, heads * headDim];
    case 'gate_proj':
    case 'up_proj':
      return [intermediateSize, hiddenSize];
    case 'down_proj':
      return [hiddenSize, intermediateSize];
  }
}

/** `[rows, columns]` of any matrix: a projection, the embedding or the head. */
export function matrixShape(config: DecoderConfig, name: string): readonly [rows: number, columns: number] {
  if (name === EMBEDDING || name === HEAD) return [config.vocabSize, config.hiddenSize];
  return projectionShape(config, name);
}

/** Whether a projection adds a bias. */
export function hasBias(config: DecoderConfig, name: string): boolean {
  return config.biases.includes(projectionOf(name));
}

/** Shapes of all tensors by name, in the order of the layers. A tied head is not among them. */
export function tensorShapes(config: DecoderConfig): Map<string, readonly number[]> {
  const { vocabSize, hiddenSize, headDim } = config;
  const shapes = new Map<string, readonly number[]>([[`${EMBEDDING}.weight`, [vocabSize, hiddenSize]]]);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const vector = (part: string, size: number) => shapes.set(`${layerPart(layer, part)}.weight`, [size]);
    vector('input_layernorm', hiddenSize);
    for (const part of PROJECTION_PARTS) {
      const name = layerPart(layer, part);
      const shape = projectionShape(config, name);
      shapes.set(`${name}.weight`, shape);
      if (hasBias(config, name)) shapes.set(`${name}.bias`, [shape[0]]);
    }
    if (config.qkNorm) for (const norm of ['q_norm', 'k_norm']) vector(`self_attn.${norm}`, headDim);
    vector('post_attention_layernorm', hiddenSize);
  }
  shapes.set(`${FINAL_NORM}.weight`, [hiddenSize]);
  if (!config.tieWordEmbeddings) shapes.set(`${HEAD}.weight`, [vocabSize, hiddenSize]);
  return shapes;
}

function projectionOf(name: string): Projection {
  const last = name.split('.').at(-1);
  const projection = PROJECTIONS.find((candidate) => candidate === last);
  if (projection === undefined) throw new RangeError(`${name} is no projection of a decoder`);
  return projection;
}
