/** The likeliest next tokens of each row, for the host to draw from. */
import type { Graph, Value } from '../onnx/graph.js';
import { type ScalingInputs, scaleLogits } from './sampling.js';

/** Name of `Candidates.tokens` in the graph. */
export const CANDIDATE_TOKENS = 'candidate_tokens';

export interface Candidates {
  /** `[R, K]` int64, likeliest first. */
  readonly tokens: Value;
  /** `[R, K]` float32: probability after penalty and temperature, over the whole vocabulary. */
  readonly probabilities: Value;
  /** `[R, K]` float32: natural logarithm of the probability at temperature 1 over the whole vocabulary. */
  readonly logprobs: Value;
}

/**
 * The `count [1]` likeliest tokens of `logits [R, vocabSize]` (float32). Normalisers are written out as the logarithm of a
 * sum of exponentials less a shift: the operator for it overflows on WebGPU, and needs cuDNN on CUDA as maxima do.
 */
export function buildCandidates(
  graph: Graph,
  logits: Value,
  scaling: ScalingInputs,
  count: Value,
): Candidates {
  const axis = graph.int64([-1]);
  const first = (x: Value) => graph.op('Slice', [x, graph.int64([0]), graph.int64([1]), graph.int64([1])]);
  const relative = (x: Value, shift: Value, all: Value) => {
    const sum = graph.op('ReduceSum', [graph.op('Exp', [graph.op('Sub', [all, shift])]), axis], {
      attributes: { keepdims: 1 },
    });
    return graph.op('Sub', [graph.op('Sub', [x, shift]), graph.op('Log', [sum])]);
  };
  const scaled = scaleLogits(graph, logits, scaling);
  const [best, tokens] = graph.ops('TopK', [scaled, count], 2, {
    attributes: { axis: -1 },
    // An Identity for the name would be the one node that WebGPU leaves to the CPU.
    names: ['best', CANDIDATE_TOKENS],
  });
  const unscaled = graph.op('GatherElements', [logits, tokens!], { attributes: { axis: 1 } });
  return {
    tokens: tokens!,
    probabilities: graph.op('Exp', [relative(best!, first(best!), scaled)]),
    // A penalty may have moved another token to the front; its logit still lies close enough to the largest.
    logprobs: relative(unscaled, first(unscaled), logits),
  };
}
