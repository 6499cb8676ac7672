/** Attention of the training layout: rows of one length, each filled with several texts that do not see each other. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { float, type Graph, MICROSOFT, type Value } from '../onnx/graph.js';

/** Size of a batch. */
export interface RowShape {
  readonly rows: number;
  /** Tokens of a row. */
  readonly length: number;
}

/** What every layer's attention is told; `B` rows of `S` tokens. */
export interface PackedRows extends RowShape {
  /** `[B, S]` int64: place of each token in its text. */
  readonly positions: Value;
  /** By block of queries, see `queryBlocks`: `[B, 1, 1, size, end]` float32, 0 where a key is visible, else a large negative number. */
  readonly biases: readonly Value[];
  /** float32 `[maxPositions, headDim / 2]`. */
  readonly cos: Value;
  readonly sin: Value;
}

/** Low enough to vanish in a softmax. */
const INVISIBLE = -1e9;

/**
 * Queries of a row are taken in so many blocks, each with the keys up to its own end: of what a causal mask hides, three quarters are never
 * computed.
 */
const MOST_BLOCKS = 4;

/** Queries from `start` to before `end`. */
interface QueryBlock {
  readonly start: number;
  readonly end: number;
}

/** Blocks of about the same size, one after the other. */
function queryBlocks(length: number): QueryBlock[] {
  const count = Math.min(MOST_BLOCKS, length);
  const bound = (at: number) => Math.round((at * length) / count);
  return Array.from({ length: count }, (_, at) => ({ start: bound(at), end: bound(at + 1) }));
}

/** `value` cut into blocks along `axis`. */
function cut(graph: Graph, value: Value, blocks: readonly QueryBlock[], axis: number): Value[] {
  const sizes = graph.int64(blocks.map(({ start, end }) => end - start));
  return graph.ops('Split', [value, sizes], blocks.length, { attributes: { axis } });
}

/** By block all of `parts` up to it, side by side along `axis`. */
function upTo(graph: Graph, parts: readonly Value[], axis: number): Value[] {
  return parts.map((part, at) =>
    at === 0 ? part : graph.op('Concat', parts.slice(0, at + 1), { attributes: { axis } }),
  );
}

/**
 * The masks for `segments [B, S]` (int64: which text a token belongs to), a block of queries each: a token sees those before it, and
 * itself, in its own text.
 */
export function buildSegmentBiases(graph: Graph, segments: Value, length: number): Value[] {
  const blocks = queryBlocks(length);
  const own = cut(graph, segments, blocks, 1);
  const seen = upTo(graph, own, 1);
  const along = (value: Value, axis: number) => graph.op('Unsqueeze', [value, graph.int64([axis])]);
  const range = (from: number, to: number) =>
    graph.int64(Array.from({ length: to - from }, (_, at) => from + at));
  return blocks.map(({ start, end }, at) => {
    const earlier = graph.op('GreaterOrEqual', [along(range(start, end), 1), range(0, end)]);
    const together = graph.op('Equal', [along(own[at]!, 2), along(seen[at]!, 1)]);
    const visible = graph.op('And', [together, earlier]);
    const bias = graph.op('Where', [visible, graph.float32(0), graph.float32(INVISIBLE)]);
    return graph.op('Unsqueeze', [bias, graph.int64([1, 2])]);
  });
}

/** One layer for `qkv [B · S, (heads + 2 kvHeads) · headDim]`: `[B · S, heads · headDim]`. */
export function buildPackedAttention(
  graph: Graph,
  { heads, kvHeads, headDim }: DecoderConfig,
  { rows, length, positions, biases, cos, sin }: PackedRows,
  qkv: Value,
): Value {
  const rep = heads / kvHeads;
  const widths = [heads * headDim, kvHeads * headDim];
  const shape = (...dims: number[]) => graph.int64(dims);
  const [turning, values] = graph.ops('Split', [qkv, shape(widths[0]! + widths[1]!, widths[1]!)], 2, {
    attributes: { axis: -1 },
  });
  const byRow = graph.op('Reshape', [turning!, shape(rows, length, widths[0]! + widths[1]!)]);
  const turned = graph.op('RotaryEmbedding', [byRow, positions, cos, sin], { domain: MICROSOFT });
  const [queries, keys] = graph.ops('Split', [turned, shape(...widths)], 2, { attributes: { axis: -1 } });

  // Queries that share a key head become rows of one matrix: [B, S, kvHeads, rep, D] -> [B, kvHeads, rep · size, D] of each block.
  const blocks = queryBlocks(length);
  const grouped = graph.op(
    'Transpose',
    [graph.op('Reshape', [queries!, shape(rows, length, kvHeads, rep, headDim)])],
    { attributes: { perm: [0, 2, 3, 1, 4] } },
  );
  const byHead = (x: Value) =>
    graph.op('Transpose', [graph.op('Reshape', [x, shape(rows, length, kvHeads, headDim)])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
  const own = cut(graph, grouped, blocks, 3);
  const seenKeys = upTo(graph, cut(graph, byHead(keys!), blocks, 2), 2);
  const seenValues = upTo(graph, cut(graph, byHead(values!), blocks, 2), 2);
  const mixed = blocks.map(({ start, end }, at) => {
    const size = end - start;
    const scores = graph.op(
      'FusedMatMul',
      [graph.op('Reshape', [own[at]!, shape(rows, kvHeads, rep * size, headDim)]), seenKeys[at]!],
      { domain: MICROSOFT, attributes: { transB: 1, alpha: float(1 / Math.sqrt(headDim)) } },
    );
    const masked = graph.op('Add', [
      graph.op('Reshape', [scores, shape(rows, kvHeads, rep, size, end)]),
      biases[at]!,
    ]);
    const weights = graph.op('Softmax', [masked], { attributes: { axis: -1 } });
    const product = graph.op('MatMul', [
      graph.op('Reshape', [weights, shape(rows, kvHeads, rep * size, end)]),
      seenValues[at]!,
    ]);
    return graph.op('Reshape', [product, shape(rows, kvHeads, rep, size, headDim)]);
  });
  const whole = mixed.length === 1 ? mixed[0]! : graph.op('Concat', mixed, { attributes: { axis: 3 } });
  const context = graph.op('Transpose', [whole], { attributes: { perm: [0, 3, 1, 2, 4] } });
  return graph.op('Reshape', [context, shape(rows * length, heads * headDim)]);
}
