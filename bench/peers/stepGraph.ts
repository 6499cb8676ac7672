/**
 * The decoder as transformers.js runs it, one run a token: keys and values come in as `past_key_values.i.key|value` and
 * leave, with the new ones appended, as `present.i.key|value`. Attention is onnxruntime's GroupQueryAttention, as in the
 * files that onnxruntime-genai's builder makes; it knows positions by itself, so `position_ids` is not asked for.
 */
import type { DecoderConfig } from '../../src/checkpoint/config.js';
import { type Attention, buildHead, buildLayers, type Parameters } from '../../src/model/decoder.js';
import { rotaryTables } from '../../src/model/rotary.js';
import { float, Graph, MICROSOFT } from '../../src/onnx/graph.js';

/**
 * Builds the graph. Inputs: `input_ids [B,S]`, `attention_mask [B,T]` (ones), the past of each layer `[B,kvHeads,P,headDim]`.
 * Outputs: `logits [B,1,vocabSize]` after the last token, the present of each layer `[B,kvHeads,T,headDim]`.
 */
export function buildStep(config: DecoderConfig, parameters: Parameters): Graph {
  const graph = new Graph('step');
  const { heads, kvHeads, headDim, vocabSize } = config;
  const tokens = graph.input('input_ids', 'int64', ['B', 'S']);
  const mask = graph.input('attention_mask', 'int64', ['B', 'T']);
  const toInt32 = { attributes: { to: 6 } };
  const lengths = graph.op('ReduceSum', [mask, graph.int64([1])], { attributes: { keepdims: 0 } });
  const lastKeys = graph.op('Cast', [graph.op('Sub', [lengths, graph.int64(1)])], toInt32);
  const width = graph.op('Gather', [graph.op('Shape', [mask]), graph.int64(1)], { attributes: { axis: 0 } });
  const total = graph.op('Cast', [width], toInt32);
  const tables = rotaryTables(config);
  const rotary = [graph.weight(tables.cos), graph.weight(tables.sin)];
  const past = (layer: number, part: string) =>
    graph.input(`past_key_values.${layer}.${part}`, 'float32', ['B', kvHeads, 'P', headDim]);
  const layers = Array.from({ length: config.layers }, (_, layer) => ({
    key: past(layer, 'key'),
    value: past(layer, 'value'),
  }));
  const presents: (readonly [string, ReturnType<typeof past>])[] = [];
  const attention: Attention = (layer, qkv) => {
    const { key, value } = layers[layer]!;
    const [context, newKey, newValue] = graph.ops(
      'GroupQueryAttention',
      [qkv, null, null, key, value, lastKeys, total, ...rotary],
      3,
      {
        domain: MICROSOFT,
        attributes: {
          num_heads: heads,
          kv_num_heads: kvHeads,
          do_rotary: 1,
          scale: float(1 / Math.sqrt(headDim)),
        },
      },
    );
    presents.push([`present.${layer}.key`, newKey!], [`present.${layer}.value`, newValue!]);
    return context!;
  };
  const { stream, update } = buildLayers(graph, config, parameters, attention, tokens, 2);
  // Only the last token's logits: those of a prompt of 2,000 tokens would take a gigabyte.
  const last = (x: typeof stream) =>
    graph.op('Slice', [x, graph.int64([-1]), graph.int64([Number.MAX_SAFE_INTEGER]), graph.int64([1])]);
  const logits = buildHead(graph, config, parameters, { stream: last(stream), update: last(update) });
  graph.output(logits, 'float32', ['B', 1, vocabSize], 'logits');
  for (const [name, value] of presents) graph.output(value, 'float32', ['B', kvHeads, 'T', headDim], name);
  return graph;
}
