/** The scorer: logits after every token of given texts, in one pass. For checks; it draws nothing and keeps no cache. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { Graph } from '../onnx/graph.js';
import { buildHead, buildLayers, type Parameters } from './decoder.js';
import { buildLoopAttention, buildVisibility, loopRotary } from './loopAttention.js';

/** Builds the graph. Input: `tokens [B,P]`. Output: `logits [B, P, vocabSize]`, those at `p` for the token after `p`. */
export function buildScorer(config: DecoderConfig, parameters: Parameters): Graph {
  const graph = new Graph('scorer');
  const { kvHeads, headDim } = config;
  const tokens = graph.input('tokens', 'int64', ['B', 'P']);
  const rotary = loopRotary(graph, config);

  const length = graph.op('Shape', [tokens], { attributes: { start: 1, end: 2 } });
  const indices = graph.op('Range', [
    graph.int64(0),
    graph.op('Squeeze', [length, graph.int64([0])]),
    graph.int64(1),
  ]);
  const positions = graph.op('Expand', [indices, graph.op('Shape', [tokens])]);
  const none = graph.op('Slice', [positions, ...[[0], [0], [1]].map((numbers) => graph.int64(numbers))]);
  const seen = buildVisibility(graph, config, none, positions, positions);
  // All parts of the cache are empty: `ConstantOfShape` fills with float32 zeros, here none.
  const rows = graph.op('Shape', [tokens], { attributes: { start: 0, end: 1 } });
  const dims = graph.op('Concat', [rows, graph.int64([kvHeads, 1, 0, headDim])], { attributes: { axis: 0 } });
  const part = graph.op('ConstantOfShape', [dims]);
  const empty = { keys: part, values: part };
  const cache = { parts: null, frozen: empty, local: empty };
  const residual = buildLayers(
    graph,
    config,
    parameters,
    (_, qkv) => buildLoopAttention(graph, config, seen, rotary, cache, qkv).context,
    tokens,
    2,
  );
  const logits = buildHead(graph, config, parameters, residual);
  graph.output(logits, 'float32', ['B', 'P', config.vocabSize], 'logits');
  return graph;
}
