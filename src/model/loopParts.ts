/**
 * Keys and values that attention of the loop layout computes apart from a row's latest ones, and joins: full blocks of single
 * rows, and prompts that several rows share.
 */
import type { DecoderConfig } from '../checkpoint/config.js';
import { Graph, MICROSOFT, type Value } from '../onnx/graph.js';

/** Low enough to vanish in a softmax, high enough to leave the row of a query that sees nothing finite. */
export const INVISIBLE = -1e9;

/** From so many queries a key head on a product with keys, or values turned, as the left matrix is the faster one (bench/README.md). */
const WIDE_GROUP = 4;

/** Whether the values of a block are `[headDim, L]`, the other way round than its keys. */
export function turnsBlockValues({ heads, kvHeads }: Pick<DecoderConfig, 'heads' | 'kvHeads'>): boolean {
  return heads / kvHeads >= WIDE_GROUP;
}

export interface KeysValues {
  readonly keys: Value;
  readonly values: Value;
}

/** What is whose. `N` blocks; a row has up to `W`. `G` prompts, each shared by up to `M` rows; a row has `V` of them, 0 or 1. */
export interface PartIndex {
  /** Scalar bools: there are blocks, there are shared prompts, there are either. */
  readonly hasBlocks: Value;
  readonly hasShared: Value;
  readonly any: Value;
  /** `[N]` int64: the row of each block. */
  readonly blockRows: Value;
  /** `[G, M]` int64: the rows of each prompt; a place that none takes names any row. */
  readonly sharedRows: Value;
  /** Additive mask `[G, 1, 1, C]` of the padding of shared prompts. */
  readonly sharedBias: Value;
  /**
   * `[B, 1 + W + V]` int64: what a row puts together, in a list of all blocks, the `G · M` places of shared prompts and all rows:
   * the row itself, its blocks, its place.
   */
  readonly parts: Value;
  /** Additive mask `[B, 1 + W + V, 1, 1, 1, 1]` of what a row has less of. */
  readonly bias: Value;
}

export interface PartInputs {
  /** `[N]`: the row of each block. */
  readonly blockRows: Value;
  /** `[B, W]`: the blocks of each row in order of position, -1 where it has no more. */
  readonly blockTable: Value;
  /** `[G, M]`, as in `PartIndex`. */
  readonly sharedRows: Value;
  /** `[B, V]`: the place of each row among the `G · M`, -1 where it shares no prompt. */
  readonly sharedTable: Value;
  /** `[G, C]`: positions of the shared prompts, -1 for padding. */
  readonly sharedPositions: Value;
}

export function buildPartIndex(
  graph: Graph,
  { blockRows, blockTable, sharedRows, sharedTable, sharedPositions }: PartInputs,
): PartIndex {
  const zero = graph.int64(0);
  const count = (x: Value, axis = 0) =>
    graph.op('Squeeze', [
      graph.op('Shape', [x], { attributes: { start: axis, end: axis + 1 } }),
      graph.int64([0]),
    ]);
  const blocks = count(blockRows);
  const places = graph.op('Mul', [count(sharedRows), count(sharedRows, 1)]);
  const others = graph.op('Add', [blocks, places]);
  const all = graph.op('Add', [others, count(blockTable)]);
  const own = graph.op('Unsqueeze', [graph.op('Range', [others, all, graph.int64(1)]), graph.int64([1])]);
  const isAlone = graph.op('Less', [sharedTable, zero]);
  const place = graph.op('Where', [isAlone, graph.int64(-1), graph.op('Add', [sharedTable, blocks])]);
  const parts = graph.op('Concat', [own, blockTable, place], { attributes: { axis: 1 } });
  const empty = graph.op('Less', [parts, zero]);
  const masked = (isEmpty: Value, ...axes: number[]) =>
    graph.op('Unsqueeze', [
      graph.op('Where', [isEmpty, graph.float32(INVISIBLE), graph.float32(0)]),
      graph.int64(axes),
    ]);
  return {
    hasBlocks: graph.op('Greater', [blocks, zero]),
    hasShared: graph.op('Greater', [places, zero]),
    any: graph.op('Greater', [others, zero]),
    blockRows,
    sharedRows,
    sharedBias: masked(graph.op('Less', [sharedPositions, zero]), 1, 2),
    // An empty place repeats the row itself, so that no number of another row comes near, not even times zero.
    parts: graph.op('Where', [empty, own, parts]),
    bias: masked(empty, 2, 3, 4, 5),
  };
}

export interface LayerParts {
  /** Keys `[N, kvHeads, 1, L, headDim]`, values too, or `[N, kvHeads, 1, headDim, L]` if `isTurned`; visible to the block's row. */
  readonly blocks: KeysValues & { readonly isTurned: boolean };
  /** `[G, kvHeads, C, headDim]`, visible to the rows that share it. */
  readonly shared: KeysValues;
  readonly index: PartIndex;
}

/** What attention over a part gave: `context [items, kvHeads, G, M, D]`, `logSumExp` of its scores `[items, kvHeads, G, M, 1]`. */
interface Attended {
  readonly context: Value;
  readonly logSumExp: Value;
}

/** `a · bᵀ`: scores, if these are queries and keys. */
export function score(graph: Graph, a: Value, b: Value): Value {
  return graph.op('FusedMatMul', [a, b], { domain: MICROSOFT, attributes: { transB: 1 } });
}

/**
 * Adds blocks and shared prompts to what the rest of the cache gave: each part is a softmax of its own, and parts are weighted by
 * the softmax of their log-sum-exps (as between the splits of Flash-Decoding, arXiv 2307.08691 section 3). A row without
 * such parts keeps its numbers exactly. `latest.recent [B, kvHeads, G, M, D]`, with the scores and probabilities it came from.
 */
export function joinParts(
  graph: Graph,
  { index, blocks, shared }: LayerParts,
  queries: Value,
  latest: { readonly recent: Value; readonly scores: Value; readonly probabilities: Value },
): Value {
  const { recent } = latest;
  const join = new Graph('join', graph);
  const own = logSumExp(join, latest.scores, latest.probabilities);
  const nothing = (branch: Graph): Attended => {
    const none = (x: Value) =>
      branch.op('Slice', [x, branch.int64([0]), branch.int64([0]), branch.int64([0])]);
    return { context: none(recent), logSumExp: none(own) };
  };
  const part = (condition: Value, build: (branch: Graph) => Attended): Attended => {
    const branches = { then_branch: branchOf(join, build), else_branch: branchOf(join, nothing) };
    const [context, sum] = join.ops('If', [condition], 2, { attributes: branches });
    return { context: context!, logSumExp: sum! };
  };
  const ofBlocks = part(index.hasBlocks, (branch) => overBlocks(branch, blocks, index, queries));
  const ofShared = part(index.hasShared, (branch) => overShared(branch, shared, index, queries));
  const all = (...parts: Value[]) => join.op('Concat', parts, { attributes: { axis: 0 } });
  const ofRow = (x: Value) => join.op('Gather', [x, index.parts], { attributes: { axis: 0 } });
  const sums = ofRow(all(ofBlocks.logSumExp, ofShared.logSumExp, own));
  const weights = join.op('Softmax', [join.op('Add', [sums, index.bias])], { attributes: { axis: 1 } });
  const weighted = join.op('Mul', [ofRow(all(ofBlocks.context, ofShared.context, recent)), weights]);
  const sum = join.op('ReduceSum', [weighted, join.int64([1])], { attributes: { keepdims: 0 } });
  join.output(sum, 'float32');

  const keep = new Graph('keep', graph);
  keep.output(keep.op('Identity', [recent]), 'float32');
  return graph.op('If', [index.any], { attributes: { then_branch: join, else_branch: keep } });
}

/** Each block for the one row that it belongs to. */
function overBlocks(
  graph: Graph,
  { keys, values, isTurned }: LayerParts['blocks'],
  { blockRows }: PartIndex,
  queries: Value,
): Attended {
  const ofBlock = graph.op('Gather', [queries, blockRows], { attributes: { axis: 0 } });
  if (isTurned) return overTurned(graph, keys, values, ofBlock);
  const scores = score(graph, ofBlock, keys);
  const probabilities = graph.op('Softmax', [scores], { attributes: { axis: -1 } });
  return {
    context: graph.op('MatMul', [probabilities, values]),
    logSumExp: logSumExp(graph, scores, probabilities),
  };
}

/** The same with the long matrix on the left: it is read in order, and the few queries are what is packed. `queries [N, kvHeads, G, M, D]`. */
function overTurned(graph: Graph, keys: Value, values: Value, queries: Value): Attended {
  const turned = (x: Value) => graph.op('Transpose', [x], { attributes: { perm: [0, 1, 2, 4, 3] } });
  const below = graph.op('Reshape', [queries, graph.int64([0, 0, 1, -1, 0])]);
  const scores = turned(score(graph, keys, below));
  const probabilities = graph.op('Softmax', [scores], { attributes: { axis: -1 } });
  const leading = graph.op('Shape', [queries], { attributes: { start: 0, end: 4 } });
  const asQueries = (x: Value) =>
    graph.op('Reshape', [
      x,
      graph.op('Concat', [leading, graph.op('Shape', [x], { attributes: { start: 4, end: 5 } })], {
        attributes: { axis: 0 },
      }),
    ]);
  return {
    context: asQueries(turned(score(graph, values, probabilities))),
    logSumExp: asQueries(logSumExp(graph, scores, probabilities)),
  };
}

/** Each prompt for all its rows in one product, so that it is read once (as Hydragen does, arXiv 2402.05099 section 3.2). */
function overShared(
  graph: Graph,
  { keys, values }: KeysValues,
  { sharedRows, sharedBias }: PartIndex,
  queries: Value,
): Attended {
  const swapped = (x: Value) => graph.op('Transpose', [x], { attributes: { perm: [0, 2, 1, 3, 4, 5] } });
  // [G, kvHeads, rows, …]: the queries of all rows of a prompt, one below the other.
  const grouped = swapped(graph.op('Gather', [queries, sharedRows], { attributes: { axis: 0 } }));
  const headDim = graph.op('Shape', [queries], { attributes: { start: 4, end: 5 } });
  const flat = graph.op('Reshape', [
    grouped,
    graph.op('Concat', [graph.int64([0, 0, -1]), headDim], { attributes: { axis: 0 } }),
  ]);
  const groups = graph.op('Shape', [grouped], { attributes: { start: 0, end: 5 } });
  const heads = graph.op('Shape', [queries], { attributes: { start: 1, end: 4 } });
  const byRow = (x: Value) => {
    const width = graph.op('Shape', [x], { attributes: { start: 3, end: 4 } });
    const shape = (...dims: Value[]) => graph.op('Concat', [...dims, width], { attributes: { axis: 0 } });
    const split = swapped(graph.op('Reshape', [x, shape(groups)]));
    return graph.op('Reshape', [split, shape(graph.int64([-1]), heads)]);
  };
  const scores = graph.op('Add', [score(graph, flat, keys), sharedBias]);
  const probabilities = graph.op('Softmax', [scores], { attributes: { axis: -1 } });
  return {
    context: byRow(graph.op('MatMul', [probabilities, values])),
    logSumExp: byRow(logSumExp(graph, scores, probabilities)),
  };
}

/** Over the last axis, from scores and their softmax: the likeliest key's probability is exp(its score - log-sum-exp), and at least 1 / length. */
function logSumExp(graph: Graph, scores: Value, probabilities: Value): Value {
  const highest = (x: Value) =>
    graph.op('ReduceMax', [x, graph.int64([-1])], { attributes: { keepdims: 1 } });
  return graph.op('Sub', [highest(scores), graph.op('Log', [highest(probabilities)])]);
}

function branchOf(graph: Graph, build: (branch: Graph) => Attended): Graph {
  const branch = new Graph('part', graph);
  const { context, logSumExp: sum } = build(branch);
  for (const value of [context, sum]) branch.output(value, 'float32');
  return branch;
}
