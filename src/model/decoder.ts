/** The one definition of the decoder. Attention and the storage of weights are parameters, so that every layout shares it. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { float, type Graph, MICROSOFT, type Value } from '../onnx/graph.js';
import { FINAL_NORM, layerPart } from './tensors.js';

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
 * Attention of one layer over everything visible to its queries, rotary embedding included. `qkv` holds queries, keys and
 * values side by side, normalised where the decoder does that: `[…, (heads + 2 kvHeads) · headDim]`; the result is
 * `[…, heads · headDim]`.
 */
export type Attention = (layer: number, qkv: Value) => Value;

/** Hidden states after the last layer, before the final normalisation, as a pair whose sum they are. */
export interface Residual {
  readonly stream: Value;
  readonly update: Value;
}

/**
 * Builds all layers for `tokens` of the shape that `attention` takes: `[batch, tokens]`, of rank 2, or `[tokens]` packed.
 * Follows Qwen2 (arXiv 2407.10671): pre-norm, grouped queries, SwiGLU; Qwen3 (arXiv 2505.09388) adds norms of queries and
 * keys; Llama and Mistral differ in biases alone.
 */
export function buildLayers(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  attention: Attention,
  tokens: Value,
  rank: 1 | 2,
): Residual {
  let stream = parameters.embed(graph, tokens);
  let update: Value | null = null;
  const normaliseHeads = config.qkNorm ? buildHeadNorms(graph, config, parameters, rank) : null;
  for (let layer = 0; layer < config.layers; layer += 1) {
    const name = (part: string) => layerPart(layer, part);
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
    const context = attention(layer, normaliseHeads?.(layer, qkv) ?? qkv);
    update = parameters.linear(graph, context, [name('self_attn.o_proj')]);
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
  const scale = parameters.vector(graph, FINAL_NORM, config.hiddenSize);
  return parameters.head(graph, normalise(graph, config, residual.stream, residual.update, scale)[0]);
}

/** Normalises each head of queries and keys by itself, values left as they are. */
function buildHeadNorms(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  rank: 1 | 2,
): (layer: number, qkv: Value) => Value {
  const { heads, kvHeads, headDim } = config;
  // A zero keeps the dimension as it is: constant shapes tell the runtime how wide the result is.
  const kept = new Array<number>(rank).fill(0);
  const widths = graph.int64([heads * headDim, kvHeads * headDim, kvHeads * headDim]);
  const byHead = (layer: number, norm: string, x: Value, count: number) => {
    const scale = parameters.vector(graph, layerPart(layer, `self_attn.${norm}`), headDim);
    const split = graph.op('Reshape', [x, graph.int64([...kept, count, headDim])]);
    const normed = normalise(graph, config, split, null, scale)[0];
    return graph.op('Reshape', [normed, graph.int64([...kept, count * headDim])]);
  };
  return (layer, qkv) => {
    const [queries, keys, values] = graph.ops('Split', [qkv, widths], 3, { attributes: { axis: -1 } });
    const normed = [byHead(layer, 'q_norm', queries!, heads), byHead(layer, 'k_norm', keys!, kvHeads)];
    return graph.op('Concat', [...normed, values!], { attributes: { axis: -1 } });
  };
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
