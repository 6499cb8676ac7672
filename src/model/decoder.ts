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

/** Queries `[…, heads · headDim]`, keys and values `[…, kvHeads · headDim]` of new tokens, before the rotary embedding. */
export interface Heads {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

/** Attention of one layer over everything visible to its queries, rotary embedding included: `[…, heads · headDim]`. */
export type Attention = (layer: number, heads: Heads) => Value;

/** Hidden states after the last layer, before the final normalisation, as a pair whose sum they are. */
export interface Residual {
  readonly stream: Value;
  readonly update: Value;
}

/**
 * Builds all layers for `tokens` of any shape `[…]` that `attention` takes: `[batch, tokens]`, or `[tokens]` packed.
 * Follows Qwen2 (arXiv 2407.10671): pre-norm, grouped queries, SwiGLU; Qwen3 (arXiv 2505.09388) adds norms of queries and
 * keys; Llama and Mistral differ in biases alone.
 */
export function buildLayers(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  attention: Attention,
  tokens: Value,
): Residual {
  let stream = parameters.embed(graph, tokens);
  let update: Value | null = null;
  const normaliseHeads = config.qkNorm ? buildHeadNorms(graph, config, parameters, tokens) : null;
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
    const heads = splitHeads(graph, config, qkv);
    const context = attention(layer, normaliseHeads?.(layer, heads) ?? heads);
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

function splitHeads(graph: Graph, { heads, kvHeads, headDim }: DecoderConfig, qkv: Value): Heads {
  const widths = graph.int64([heads * headDim, kvHeads * headDim, kvHeads * headDim]);
  const [queries, keys, values] = graph.ops('Split', [qkv, widths], 3, { attributes: { axis: -1 } });
  return { queries: queries!, keys: keys!, values: values! };
}

/** RMS normalisation of each head of queries and keys by itself. */
function buildHeadNorms(
  graph: Graph,
  config: DecoderConfig,
  parameters: Parameters,
  tokens: Value,
): (layer: number, heads: Heads) => Heads {
  const { headDim } = config;
  const leading = graph.op('Shape', [tokens]);
  const shapeOf = (heads: number) =>
    graph.op('Concat', [leading, graph.int64([heads * headDim])], { attributes: { axis: 0 } });
  const [queriesShape, keysShape] = [shapeOf(config.heads), shapeOf(config.kvHeads)];
  const each = (layer: number, norm: string, x: Value, shape: Value) => {
    const scale = parameters.vector(graph, layerPart(layer, `self_attn.${norm}`), headDim);
    const byHead = graph.op('Reshape', [x, graph.int64([-1, headDim])]);
    return graph.op('Reshape', [normalise(graph, config, byHead, null, scale)[0], shape]);
  };
  return (layer, { queries, keys, values }) => ({
    queries: each(layer, 'q_norm', queries, queriesShape),
    keys: each(layer, 'k_norm', keys, keysShape),
    values,
  });
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
