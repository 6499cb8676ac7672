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
  /** `[B, 1, 1, S, S]` float32: 0 where a key is visible, else a large negative number. */
  readonly bias: Value;
  /** float32 `[maxPositions, headDim / 2]`. */
  readonly cos: Value;
  readonly sin: Value;
}

/** Low enough to vanish in a softmax. */
const INVISIBLE = -1e9;

/** The mask for `segments [B, S]` (int64: which text a token belongs to): a token sees those before it, and itself, in its own text. */
export function buildSegmentBias(graph: Graph, segments: Value, length: number): Value {
  const along = (axis: number) => graph.op('Unsqueeze', [segments, graph.int64([axis])]);
  const order = graph.int64(Array.from({ length }, (_, at) => at));
  const earlier = graph.op('GreaterOrEqual', [graph.op('Unsqueeze', [order, graph.int64([1])]), order]);
  const visible = graph.op('And', [graph.op('Equal', [along(2), along(1)]), earlier]);
  const bias = graph.op('Where', [visible, graph.float32(0), graph.float32(INVISIBLE)]);
  return graph.op('Unsqueeze', [bias, graph.int64([1, 2])]);
}

/** One layer for `qkv [B · S, (heads + 2 kvHeads) · headDim]`: `[B · S, heads · headDim]`. */
export function buildPackedAttention(
  graph: Graph,
  { heads, kvHeads, headDim }: DecoderConfig,
  { rows, length, positions, bias, cos, sin }: PackedRows,
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

  // Queries that share a key head become rows of one matrix: [B, S, kvHeads, rep, D] -> [B, kvHeads, rep · S, D].
  const grouped = graph.op(
    'Transpose',
    [graph.op('Reshape', [queries!, shape(rows, length, kvHeads, rep, headDim)])],
    { attributes: { perm: [0, 2, 3, 1, 4] } },
  );
  const byHead = (x: Value) =>
    graph.op('Transpose', [graph.op('Reshape', [x, shape(rows, length, kvHeads, headDim)])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
  const scores = graph.op(
    'FusedMatMul',
    [graph.op('Reshape', [grouped, shape(rows, kvHeads, rep * length, headDim)]), byHead(keys!)],
    { domain: MICROSOFT, attributes: { transB: 1, alpha: float(1 / Math.sqrt(headDim)) } },
  );
  const masked = graph.op('Add', [
    graph.op('Reshape', [scores, shape(rows, kvHeads, rep, length, length)]),
    bias,
  ]);
  const weights = graph.op('Softmax', [masked], { attributes: { axis: -1 } });
  const mixed = graph.op('MatMul', [
    graph.op('Reshape', [weights, shape(rows, kvHeads, rep * length, length)]),
    byHead(values!),
  ]);
  const context = graph.op(
    'Transpose',
    [graph.op('Reshape', [mixed, shape(rows, kvHeads, rep, length, headDim)])],
    {
      attributes: { perm: [0, 3, 1, 2, 4] },
    },
  );
  return graph.op('Reshape', [context, shape(rows * length, heads * headDim)]);
}
