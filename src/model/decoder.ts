/** The one definition of the decoder. Attention and the storage of weights are parameters, so that every layout shares it. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { float, type Graph, MICROSOFT, type Value } from '../onnx/graph.js';

/** How a precision stores matrices. Names are those of the Hugging Face checkpoint, without `.weight` and `.bias`. */
export interface Parameters {
  /** Rows of the embedding for `tokens` of any shape `[…]`: `[…, hiddenSize]`. */
  embed(graph: Graph, tokens: Value): Value;
  /** `x · Wᵀ (+ b)` for one projection, or for several of the same input side by side: `[…, sum of their outputs]`. */
  linear(graph: Graph, x: Value, names: readonly string[]): Value;
  /** A vector of `size` elements, such as a normalisation's scale. */
  vector(graph: Graph, name: string, size: number): Value;
  /** Logits over the vocabulary. */
  head(graph: Graph, x: Value): Value;
}

/**
 * Attention of one layer over everything visible to its queries, rotary embedding included.
 * `qkv` holds queries, keys and values side by side: `[batch, tokens, (heads + 2 kvHeads) · headDim]`;
 * the result is `[batch, tokens, heads · headDim]`.
 */
export type Attention = (layer: number, qkv: Value) => Value;

/** Hidden states after the last layer, before the final normalisation, as a pair whose sum they are. */
export interface Residual {
  readonly stream: Value;
  readonly update: Value;
}

/** Builds all layers for `tokens [batch, tokens]`. Follows Qwen2 (arXiv 2407.10671): pre-norm, grouped queries, SwiGLU. */
export function buildLayers(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  attention: Attention,
  tokens: Value,
): Residual {
  let stream = parameters.embed(graph, tokens);
  let update: Value | null = null;
  for (let layer = 0; layer < config.layers; layer += 1) {
    const name = (part: string) => `model.layers.${layer}.${part}`;
    const norm = (part: string) => {
      const [normed, sum] = normalise(
        graph,
        config,
        stream,
        update,
        parameters.vector(graph, name(part), config.hiddenSize),
      );
      stream = sum;
      return normed;
    };
    const projections = ['q_proj', 'k_proj', 'v_proj'].map((part) => name(`self_attn.${part}`));
    const qkv = parameters.linear(graph, norm('input_layernorm'), projections);
    update = parameters.linear(graph, attention(layer, qkv), [name('self_attn.o_proj')]);
    const mlpInput = norm('post_attention_layernorm');
    const gate = parameters.linear(graph, mlpInput, [name('mlp.gate_proj')]);
    const up = parameters.linear(graph, mlpInput, [name('mlp.up_proj')]);
    const swish = graph.op('Mul', [gate, graph.op('Sigmoid', [gate])]);
    update = parameters.linear(graph, graph.op('Mul', [swish, up]), [name('mlp.down_proj')]);
  }
  return { stream, update: update! };
}

/** Final normalisation and logits of `residual` (of any leading shape): `[…, vocabSize]`. */
export function buildHead(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  residual: Residual,
): Value {
  const scale = parameters.vector(graph, 'model.norm', config.hiddenSize);
  return parameters.head(graph, normalise(graph, config, residual.stream, residual.update, scale)[0]);
}

/** RMS normalisation of `stream + update`; returns it with that sum. */
function normalise(
  graph: Graph,
  config: DecoderConfig,
  stream: Value,
  update: Value | null,
  scale: Value,
): [normed: Value, sum: Value] {
  const epsilon = float(config.rmsNormEps);
  if (update === null) {
    return [
      graph.op('SimplifiedLayerNormalization', [stream, scale], { attributes: { axis: -1, epsilon } }),
      stream,
    ];
  }
  const [normed, , , sum] = graph.ops('SkipSimplifiedLayerNormalization', [stream, update, scale], 4, {
    domain: MICROSOFT,
    attributes: { epsilon },
    omit: [1, 2],
  });
  return [normed!, sum!];
}
