/** The training layout: log-probabilities of given tokens, and a loss of them with its gradients, in one graph. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { differentiate } from '../onnx/differentiate.js';
import { Graph, type Value } from '../onnx/graph.js';
import { buildHead, buildLayers } from './decoder.js';
import { buildPackedAttention, buildSegmentBiases, type RowShape } from './packedRows.js';
import { rotaryTables } from './rotary.js';
import { TrainableParameters } from './trainable.js';

/** Name of the output that holds the gradient of a tensor. */
export const gradientOf = (tensor: string) => `gradient:${tensor}`;

/** What is computed of the log-probabilities. */
export type Objective = 'logprobs' | 'likelihood' | 'policy';

/**
 * Builds the graph for rows of `shape`, `n = rows · length` tokens in all.
 *
 * Inputs: every tensor of the decoder by its name in checkpoints; `tokens [n]`, `positions` and `segments [rows, length]`
 * (int64, see `PackedRows`), `targets [n]`: the token after each. `likelihood` and `policy` also take `weights [n]` (float32, 0 where there is
 * nothing to learn), and `policy` takes `advantages`, `old_logprobs`, `reference_logprobs` `[n]`, `clip` and `beta` (scalars).
 *
 * Outputs: `logprobs [n]`, natural logarithms of the targets' probabilities; but for the objective `logprobs` also `loss`
 * and the gradients of every tensor, named by `gradientOf`.
 * - `likelihood`: the loss is - Σ w log p, cross entropy where the weights add up to 1.
 * - `policy`: - Σ w (min(ρ A, clip(ρ, 1 - ε, 1 + ε) A) - β k) with ρ = p / p_old and k = q - log q - 1 for q = p_ref / p: the
 *   clipped ratio of PPO (arXiv 1707.06347) as GRPO uses it (arXiv 2402.03300), with its estimator of the KL divergence from
 *   the reference. Also gives `kl`, Σ w k, and `clipped`, Σ w over tokens at which the clipped term is the smaller.
 */
export function buildTraining(config: DecoderConfig, shape: RowShape, objective: Objective): Graph {
  const graph = new Graph('training');
  const count = shape.rows * shape.length;
  const parameters = new TrainableParameters(graph, config);
  const tokens = graph.input('tokens', 'int64', [count]);
  const positions = graph.input('positions', 'int64', [shape.rows, shape.length]);
  const segments = graph.input('segments', 'int64', [shape.rows, shape.length]);
  const targets = graph.input('targets', 'int64', [count]);

  const tables = rotaryTables(config);
  const packed = {
    ...shape,
    positions,
    biases: buildSegmentBiases(graph, segments, shape.length),
    cos: graph.weight(tables.cos),
    sin: graph.weight(tables.sin),
  };
  const attention = (_: number, qkv: Value) => buildPackedAttention(graph, config, packed, qkv);
  const residual = buildLayers(graph, config, parameters, attention, tokens, 1);
  const logits = buildHead(graph, config, parameters, residual);
  const all = graph.op('LogSoftmax', [logits], { attributes: { axis: -1 } });
  const last = graph.int64([-1]);
  const chosen = graph.op('GatherElements', [all, graph.op('Unsqueeze', [targets, last])], {
    attributes: { axis: -1 },
  });
  const logprobs = graph.op('Squeeze', [chosen, last]);
  graph.output(logprobs, 'float32', [count], 'logprobs');
  if (objective === 'logprobs') return graph;

  const weights = graph.input('weights', 'float32', [count]);
  const gain = objective === 'policy' ? buildPolicyGain(graph, logprobs, weights, count) : logprobs;
  const loss = graph.op('Neg', [weightedSum(graph, weights, gain)]);
  graph.output(loss, 'float32', [], 'loss');
  const tensors = [...parameters.inputs];
  const gradients = differentiate(
    graph,
    loss,
    tensors.map(([, value]) => value),
  );
  for (const [at, [name]] of tensors.entries()) {
    graph.output(gradients[at]!, 'float32', undefined, gradientOf(name));
  }
  return graph;
}

/** What each token gains, `[n]`: the clipped ratio times its advantage, less β times the divergence from the reference. */
function buildPolicyGain(graph: Graph, logprobs: Value, weights: Value, count: number): Value {
  const advantages = graph.input('advantages', 'float32', [count]);
  const old = graph.input('old_logprobs', 'float32', [count]);
  const reference = graph.input('reference_logprobs', 'float32', [count]);
  const clip = graph.input('clip', 'float32', []);
  const beta = graph.input('beta', 'float32', []);
  const one = graph.float32(1);

  const ratio = graph.op('Exp', [graph.op('Sub', [logprobs, old])]);
  const near = graph.op('Clip', [ratio, graph.op('Sub', [one, clip]), graph.op('Add', [one, clip])]);
  const free = graph.op('Mul', [ratio, advantages]);
  const held = graph.op('Mul', [near, advantages]);
  const distance = graph.op('Sub', [reference, logprobs]);
  const divergence = graph.op('Sub', [graph.op('Sub', [graph.op('Exp', [distance]), distance]), one]);

  const isClipped = graph.op('Cast', [graph.op('Less', [held, free])], { attributes: { to: 1 } });
  graph.output(weightedSum(graph, weights, divergence), 'float32', [], 'kl');
  graph.output(weightedSum(graph, weights, isClipped), 'float32', [], 'clipped');
  return graph.op('Sub', [graph.op('Min', [free, held]), graph.op('Mul', [beta, divergence])]);
}

function weightedSum(graph: Graph, weights: Value, values: Value): Value {
  return graph.op('ReduceSum', [graph.op('Mul', [weights, values])], { attributes: { keepdims: 0 } });
}
