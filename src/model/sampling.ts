/** Drawing a token inside the graph: repetition penalty, temperature, top-k, top-p, min-p, greedy, and the log-probability drawn. */
import { Graph, type Value } from '../onnx/graph.js';

/** What changes the logits of a row before a token is drawn; `B` rows. */
export interface ScalingInputs {
  /** Scalar bool: some row has a penalty. */
  readonly penalised: Value;
  /** `[B, 1]` float32, 1 for rows without one. */
  readonly penalty: Value;
  /** `[B, H]` int64 each: the tokens in the row, side by side; looked at only if `penalised`. */
  readonly held: readonly [Value, ...Value[]];
  /** `[B, 1]` float32, 1 for greedy rows. */
  readonly temperature: Value;
}

/** Per-row settings, captured from outside the loop; `B` rows, `K` candidates. */
export interface SamplingInputs extends ScalingInputs {
  /** `[B, 1]` int64; rows without the limit have a number past every vocabulary. */
  readonly topK: Value;
  /** `[B, 1]` float32; above 1 where there is no limit, so that rounding of the cumulative sum cuts nothing. */
  readonly topP: Value;
  /** `[B, 1]` float32. */
  readonly minP: Value;
  /** `[B, 1]` bool. */
  readonly greedy: Value;
  /** `[1]` int64: candidates that are sorted, `K`. */
  readonly candidates: Value;
  /** `[K]` int64: 0, 1, 2, … */
  readonly ranks: Value;
  /** `[1]` int64: size of the vocabulary. */
  readonly vocabulary: Value;
}

export interface Drawn {
  /** `[B]` int64. */
  readonly token: Value;
  /** `[B]` float32: natural logarithm of the token's probability at temperature 1 over the whole vocabulary. */
  readonly logprob: Value;
  /** `[B]` bool: the candidates may not have held every token that the settings keep, so the draw must be redone. */
  readonly cut: Value;
}

/**
 * Draws by inverting the cumulative distribution of the kept candidates, likeliest first, at `uniform [B, 1]` in [0, 1).
 * Order of the filters as in transformers and vLLM: repetition penalty, temperature, top-k, then top-p on what top-k left; min-p is a ratio
 * and does not depend on the order. Probabilities are normalised by the log-sum-exp of the whole row, and sums run
 * in candidate order, so the draw does not depend on how many candidates were sorted, unless the row is `cut`.
 */
export function buildSampling(graph: Graph, logits: Value, uniform: Value, inputs: SamplingInputs): Drawn {
  const last = graph.int64(-1);
  const axis = graph.int64([-1]);
  const logSumExp = (x: Value) => graph.op('ReduceLogSumExp', [x, axis], { attributes: { keepdims: 1 } });
  const reduce = (type: 'ReduceMax' | 'ReduceSum', x: Value) =>
    graph.op(type, [x, axis], { attributes: { keepdims: 1 } });

  const scaled = scaleLogits(graph, logits, inputs);
  const [best, tokens] = graph.ops('TopK', [scaled, inputs.candidates], 2, { attributes: { axis: -1 } });
  const probability = graph.op('Exp', [graph.op('Sub', [best!, logSumExp(scaled)])]);
  const cumulative = graph.op('CumSum', [probability, last]);
  const before = graph.op('Sub', [cumulative, probability]);

  const zero = graph.float32(0);
  const one = graph.float32(1);
  const inTopK = graph.op('Less', [inputs.ranks, inputs.topK]);
  const topKMass = reduce('ReduceMax', graph.op('Where', [inTopK, cumulative, zero]));
  const limited = graph.op('Less', [inputs.topK, inputs.vocabulary]);
  const nucleusMass = graph.op('Mul', [inputs.topP, graph.op('Where', [limited, topKMass, one])]);
  const likeliest = graph.op('Slice', [probability, graph.int64([0]), graph.int64([1]), graph.int64([1])]);
  const kept = graph.op('And', [
    graph.op('And', [inTopK, graph.op('Less', [before, nucleusMass])]),
    graph.op('GreaterOrEqual', [probability, graph.op('Mul', [inputs.minP, likeliest])]),
  ]);

  const keptMass = reduce('ReduceMax', graph.op('Where', [kept, cumulative, zero]));
  const target = graph.op('Mul', [uniform, keptMass]);
  const passed = graph.op('And', [kept, graph.op('LessOrEqual', [cumulative, target])]);
  const drawn = reduce('ReduceSum', graph.op('Cast', [passed], { attributes: { to: 7 } }));
  const index = graph.op('Where', [inputs.greedy, graph.int64(0), drawn]);
  const token = graph.op('GatherElements', [tokens!, index], { attributes: { axis: 1 } });
  const logit = graph.op('GatherElements', [logits, token], { attributes: { axis: 1 } });
  const logprob = graph.op('Sub', [logit, logSumExp(logits)]);

  // All kept to the last candidate while the settings would keep more: some of those may lie beyond it.
  const lastKept = graph.op('Gather', [kept, last], { attributes: { axis: 1 } });
  const lastMass = graph.op('Gather', [cumulative, last], { attributes: { axis: 1 } });
  const row = (x: Value) => graph.op('Squeeze', [x, axis]);
  const unfinished = graph.op('And', [
    graph.op('Less', [inputs.candidates, row(inputs.topK)]),
    graph.op('Less', [lastMass, row(nucleusMass)]),
  ]);
  // Top-p is a share of what top-k leaves, which is known only once all of that is sorted.
  const nucleusUnknown = graph.op('And', [
    graph.op('And', [row(limited), row(graph.op('Less', [inputs.topP, one]))]),
    graph.op('Less', [inputs.candidates, row(inputs.topK)]),
  ]);
  const moreExist = graph.op('Less', [inputs.candidates, inputs.vocabulary]);
  const cut = graph.op('And', [
    graph.op('Or', [graph.op('And', [lastKept, unfinished]), nucleusUnknown]),
    graph.op('And', [moreExist, graph.op('Not', [row(inputs.greedy)])]),
  ]);
  return { token: row(token), logprob: row(logprob), cut };
}

/** Logits after penalty and temperature. The penalty is a branch: without one it must not even cost a copy of the logits. */
export function scaleLogits(graph: Graph, logits: Value, inputs: ScalingInputs): Value {
  const penalise = new Graph('penalise', graph);
  const [first, ...more] = inputs.held;
  const seen = more.length === 0 ? first : penalise.op('Concat', inputs.held, { attributes: { axis: 1 } });
  const atSeen = penalise.op('GatherElements', [logits, seen], { attributes: { axis: 1 } });
  // As defined by CTRL (arXiv 1909.05858) and done by transformers: positive logits shrink, negative ones grow.
  const lowered = penalise.op('Where', [
    penalise.op('Greater', [atSeen, penalise.float32(0)]),
    penalise.op('Div', [atSeen, inputs.penalty]),
    penalise.op('Mul', [atSeen, inputs.penalty]),
  ]);
  const penalised = penalise.op('ScatterElements', [logits, seen, lowered], { attributes: { axis: 1 } });
  penalise.output(penalise.op('Div', [penalised, inputs.temperature]), 'float32');

  const plain = new Graph('plain', graph);
  plain.output(plain.op('Div', [logits, inputs.temperature]), 'float32');
  return graph.op('If', [inputs.penalised], { attributes: { then_branch: penalise, else_branch: plain } });
}
