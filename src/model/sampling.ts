/** Drawing a token inside the graph: repetition penalty, temperature, top-k, top-p, min-p, greedy, and the log-probability drawn. */
import { Graph, type Value } from '../onnx/graph.js';
import { ELEMENT_TYPES } from '../onnx/schema.js';

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
  /** Scalar bool: no row has a penalty or a temperature other than 1, so that logits are as they come. */
  readonly plain: Value;
  /** `[B, 1]` int64; rows without the limit have a number past every vocabulary. */
  readonly topK: Value;
  /** `[B, 1]` float64; above 1 where there is no limit, so that rounding of the cumulative sum cuts nothing. */
  readonly topP: Value;
  /** `[B, 1]` float64. */
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
 * Draws by inverting the cumulative distribution of the kept candidates, likeliest first, at `uniform [B, 1]` (float64) in [0, 1).
 * Sums are float64: in float32 that of 151,936 equal numbers is off by 0.2 %, and a nucleus by hundreds of tokens.
 * Order of the filters as in transformers and vLLM: repetition penalty, temperature, top-k, then top-p on what top-k left; min-p is a ratio
 * and does not depend on the order. Probabilities are normalised over the whole row, and sums run in candidate order, so the draw does not depend on how many candidates were sorted, unless the row is `cut`.
 */
export function buildSampling(
  graph: Graph,
  logits: Value,
  vocabSize: number,
  uniform: Value,
  inputs: SamplingInputs,
): Drawn {
  const last = graph.int64(-1);
  const axis = graph.int64([-1]);
  const reduce = (type: 'ReduceMax' | 'ReduceSum', x: Value) =>
    graph.op(type, [x, axis], { attributes: { keepdims: 1 } });

  const { probability: single, tokens, logSumExp } = buildSorted(graph, logits, vocabSize, inputs);
  const probability = graph.op('Cast', [single], { attributes: { to: ELEMENT_TYPES.float64 } });
  const cumulative = graph.op('CumSum', [probability, last]);
  const before = graph.op('Sub', [cumulative, probability]);

  const zero = graph.float64(0);
  const one = graph.float64(1);
  const inTopK = graph.op('Less', [inputs.ranks, inputs.topK]);
  const topKMass = reduce('ReduceMax', graph.op('Where', [inTopK, cumulative, zero]));
  const limited = graph.op('Less', [inputs.topK, inputs.vocabulary]);
  const nucleusMass = graph.op('Mul', [inputs.topP, graph.op('Where', [limited, topKMass, one])]);
  const likeliest = first(graph, probability);
  const kept = graph.op('And', [
    graph.op('And', [inTopK, graph.op('Less', [before, nucleusMass])]),
    graph.op('GreaterOrEqual', [probability, graph.op('Mul', [inputs.minP, likeliest])]),
  ]);

  const keptMass = reduce('ReduceMax', graph.op('Where', [kept, cumulative, zero]));
  const target = graph.op('Mul', [uniform, keptMass]);
  const passed = graph.op('And', [kept, graph.op('LessOrEqual', [cumulative, target])]);
  const drawn = reduce('ReduceSum', graph.op('Cast', [passed], { attributes: { to: 7 } }));
  const index = graph.op('Where', [inputs.greedy, graph.int64(0), drawn]);
  const token = graph.op('GatherElements', [tokens, index], { attributes: { axis: 1 } });
  const logit = graph.op('GatherElements', [logits, token], { attributes: { axis: 1 } });
  const logprob = graph.op('Sub', [logit, logSumExp]);

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

/** The candidates of each row, likeliest first, and the row's normaliser. */
interface Sorted {
  /** `[B, K]` float32, after penalty and temperature, normalised over the whole row. */
  readonly probability: Value;
  /** `[B, K]` int64. */
  readonly tokens: Value;
  /** `[B, 1]` float32: logarithm of the sum of the exponentials of the row's logits as they came. */
  readonly logSumExp: Value;
}

/**
 * Sorts and normalises. A softmax is vectorised where a sum of exponentials is not, and it gives the normaliser, too: the
 * largest logit less the logarithm of its probability. Rows without penalty and temperature need one softmax and no copy
 * of their logits, which is a branch of its own: its outputs are small.
 */
function buildSorted(graph: Graph, logits: Value, vocabSize: number, inputs: SamplingInputs): Sorted {
  const branch = (name: string, build: (inner: Graph) => Sorted): Graph => {
    const inner = new Graph(name, graph);
    const { probability, tokens, logSumExp } = build(inner);
    inner.output(probability, 'float32');
    inner.output(tokens, 'int64');
    inner.output(logSumExp, 'float32');
    return inner;
  };
  const softmax = (inner: Graph, x: Value) => inner.op('Softmax', [x], { attributes: { axis: -1 } });
  const at = (inner: Graph, x: Value, tokens: Value) =>
    inner.op('GatherElements', [x, tokens], { attributes: { axis: 1 } });
  const normaliser = (inner: Graph, largest: Value, share: Value) =>
    inner.op('Sub', [largest, inner.op('Log', [share])]);

  const asTheyCome = branch('plain', (inner) => {
    const { values, tokens } = buildTopK(inner, logits, vocabSize, inputs.candidates);
    const probability = at(inner, softmax(inner, logits), tokens);
    return {
      probability,
      tokens,
      logSumExp: normaliser(inner, first(inner, values), first(inner, probability)),
    };
  });
  const changed = branch('changed', (inner) => {
    const scaled = scaleLogits(inner, logits, inputs);
    const { tokens } = buildTopK(inner, scaled, vocabSize, inputs.candidates);
    const probability = at(inner, softmax(inner, scaled), tokens);
    const largest = (x: Value) =>
      inner.op('ReduceMax', [x, inner.int64([-1])], { attributes: { keepdims: 1 } });
    return {
      probability,
      tokens,
      logSumExp: normaliser(inner, largest(logits), largest(softmax(inner, logits))),
    };
  });
  const [probability, tokens, logSumExp] = graph.ops('If', [inputs.plain], 3, {
    attributes: { then_branch: asTheyCome, else_branch: changed },
  });
  return { probability: probability!, tokens: tokens!, logSumExp: logSumExp! };
}

/** The first column of `[B, K]`. */
function first(graph: Graph, x: Value): Value {
  return graph.op('Slice', [x, graph.int64([0]), graph.int64([1]), graph.int64([1])]);
}

/** A vocabulary below this is sorted as it is: the nodes of two levels would cost more than they save. */
const LARGE_VOCABULARY = 8192;
/** Sizes of the groups that a large vocabulary is cut into; the first that divides it. */
const GROUP_SIZES = [128, 64, 32, 16];

/**
 * The `count [1]` largest of `x [B, vocabSize]` in falling order, of equal ones the lower first, and their indices. In a large
 * vocabulary first the groups with the largest maxima, as many as there are to be found: they hold all of them. A larger `count` only adds to
 * the end, of equal values too, since further groups come behind.
 */
function buildTopK(
  graph: Graph,
  x: Value,
  vocabSize: number,
  count: Value,
): { readonly values: Value; readonly tokens: Value } {
  const topK = (from: Value, k: Value) => {
    const [values, indices] = graph.ops('TopK', [from, k], 2, { attributes: { axis: -1 } });
    return { values: values!, indices: indices! };
  };
  const size = GROUP_SIZES.find((candidate) => vocabSize % candidate === 0);
  if (vocabSize < LARGE_VOCABULARY || size === undefined) {
    const { values, indices } = topK(x, count);
    return { values, tokens: indices };
  }
  const groups = vocabSize / size;
  const width = graph.int64(size);
  const grouped = graph.op('Reshape', [x, graph.int64([-1, groups, size])]);
  const maxima = graph.op('ReduceMax', [grouped, graph.int64([-1])], { attributes: { keepdims: 0 } });
  const chosen = topK(maxima, graph.op('Min', [count, graph.int64([groups])])).indices;
  const members = graph.op('GatherND', [grouped, graph.op('Unsqueeze', [chosen, graph.int64([-1])])], {
    attributes: { batch_dims: 1 },
  });
  const { values, indices } = topK(graph.op('Reshape', [members, graph.int64([0, -1])]), count);
  const group = graph.op('GatherElements', [chosen, graph.op('Div', [indices, width])], {
    attributes: { axis: 1 },
  });
  const tokens = graph.op('Add', [graph.op('Mul', [group, width]), graph.op('Mod', [indices, width])]);
  return { values, tokens };
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
