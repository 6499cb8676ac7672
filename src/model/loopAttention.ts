/** Attention of the loop layout: keys and values in a frozen part from outside the loop and a local part that grows in it. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { type Graph, MICROSOFT, type Value } from '../onnx/graph.js';

/** Names of the graph's inputs and outputs that hold keys and values of a layer. */
export const frozenKeys = (layer: number) => `frozen_keys.${layer}`;
export const frozenValues = (layer: number) => `frozen_values.${layer}`;
export const localKeys = (layer: number) => `local_keys.${layer}`;
export const localValues = (layer: number) => `local_values.${layer}`;

/** What one iteration knows of its rows; all shapes with `B` rows, `P` new tokens, `S` frozen and `t` local positions. */
export interface Visibility {
  /** Additive mask `[B, 1, P · rep, S + t + P]`: 0 where a key is visible to a query, else a large negative number. */
  readonly bias: Value;
  /** Positions of the new tokens for the rotary embedding `[B, P]`, padding at 0. */
  readonly rotaryPositions: Value;
  /** `[2]`: frozen length and local length, to split probabilities by. */
  readonly split: Value;
  /** Query heads that share a key head. */
  readonly rep: number;
}

/** Low enough to vanish in a softmax, high enough to leave the row of a query that sees nothing finite. */
const INVISIBLE = -1e9;

/**
 * Builds the mask from positions alone: a key is visible if `0 <= its position <= the query's`. Padding has position -1,
 * so ragged batches need no other mask.
 */
export function buildVisibility(
  graph: Graph,
  config: DecoderConfig,
  frozenPositions: Value,
  localPositions: Value,
  positions: Value,
): Visibility {
  const rep = config.heads / config.kvHeads;
  const zero = graph.int64(0);
  const keys = graph.op('Concat', [frozenPositions, localPositions], { attributes: { axis: 1 } });
  const keyRow = graph.op('Unsqueeze', [keys, graph.int64([1])]);
  const queryColumn = graph.op('Unsqueeze', [positions, graph.int64([2])]);
  const visible = graph.op('And', [
    graph.op('GreaterOrEqual', [keyRow, zero]),
    graph.op('LessOrEqual', [keyRow, queryColumn]),
  ]);
  const bias = graph.op('Where', [visible, graph.float32(0), graph.float32(INVISIBLE)]);
  const byHead = graph.op('Expand', [
    graph.op('Unsqueeze', [bias, graph.int64([1, 3])]),
    graph.int64([1, 1, 1, rep, 1]),
  ]);
  const length = graph.op('Shape', [keys], { attributes: { start: 1, end: 2 } });
  const target = graph.op('Concat', [graph.int64([0, 1, -1]), length], { attributes: { axis: 0 } });
  return {
    bias: graph.op('Reshape', [byHead, target]),
    rotaryPositions: graph.op('Max', [positions, zero]),
    split: graph.op(
      'Concat',
      [
        graph.op('Shape', [frozenPositions], { attributes: { start: 1, end: 2 } }),
        graph.op('Shape', [localPositions], { attributes: { start: 1, end: 2 } }),
      ],
      { attributes: { axis: 0 } },
    ),
    rep,
  };
}

export interface LayerCache {
  /** `[B, kvHeads, 1, S, headDim]`. */
  readonly frozenKeys: Value;
  readonly frozenValues: Value;
  /** `[B, kvHeads, t, headDim]` before this iteration. */
  readonly localKeys: Value;
  readonly localValues: Value;
}

/** One layer: returns its context `[B, P, heads · headDim]` and the local parts with the new tokens appended. */
export function buildLoopAttention(
  graph: Graph,
  config: DecoderConfig,
  seen: Visibility,
  rotary: { cos: Value; sin: Value },
  cache: LayerCache,
  qkv: Value,
): { context: Value; keys: Value; values: Value } {
  const { heads, kvHeads, headDim } = config;
  const { rep } = seen;
  const widths = [(heads + kvHeads) * headDim, kvHeads * headDim];
  const [queriesKeys, newValues] = graph.ops('Split', [qkv, graph.int64(widths)], 2, {
    attributes: { axis: -1 },
  });
  const rotated = graph.op('RotaryEmbedding', [queriesKeys!, seen.rotaryPositions, rotary.cos, rotary.sin], {
    domain: MICROSOFT,
  });
  const [rotatedQueries, rotatedKeys] = graph.ops(
    'Split',
    [rotated, graph.int64([heads * headDim, kvHeads * headDim])],
    2,
    { attributes: { axis: -1 } },
  );
  // Queries that share a key head become rows of one matrix: [B, P, kvHeads, rep, D] -> [B, kvHeads, P · rep, D].
  const scaled = graph.op('Mul', [rotatedQueries!, graph.float32(1 / Math.sqrt(headDim))]);
  const queries = graph.op('Reshape', [
    graph.op('Transpose', [graph.op('Reshape', [scaled, graph.int64([0, 0, kvHeads, rep, headDim])])], {
      attributes: { perm: [0, 2, 1, 3, 4] },
    }),
    graph.int64([0, kvHeads, -1, headDim]),
  ]);
  const byHead = (x: Value) =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.int64([0, 0, kvHeads, headDim])])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
  const append = (part: Value, x: Value) =>
    graph.op('Concat', [part, byHead(x)], { attributes: { axis: 2 } });
  const keys = append(cache.localKeys, rotatedKeys!);
  const values = append(cache.localValues, newValues!);

  // One row at a time over the frozen part: the runtime then streams keys and values from memory instead of packing
  // them for a matrix product (bench/README.md has the figures).
  const lone = graph.int64([3]);
  const rows = (x: Value) => graph.op('Unsqueeze', [x, lone]);
  const matrix = (x: Value) => graph.op('Squeeze', [x, lone]);
  const score = (x: Value, part: Value) =>
    graph.op('FusedMatMul', [x, part], { domain: MICROSOFT, attributes: { transB: 1 } });
  const scores = graph.op('Concat', [matrix(score(rows(queries), cache.frozenKeys)), score(queries, keys)], {
    attributes: { axis: -1 },
  });
  const probabilities = graph.op('Softmax', [graph.op('Add', [scores, seen.bias])], {
    attributes: { axis: -1 },
  });
  const [frozen, local] = graph.ops('Split', [probabilities, seen.split], 2, { attributes: { axis: -1 } });
  const mixed = graph.op('Add', [
    matrix(graph.op('MatMul', [rows(frozen!), cache.frozenValues])),
    graph.op('MatMul', [local!, values]),
  ]);
  // [B, kvHeads, P · rep, D] -> [B, P, heads · D]
  const context = graph.op('Reshape', [
    graph.op('Transpose', [graph.op('Reshape', [mixed, graph.int64([0, kvHeads, -1, rep, headDim])])], {
      attributes: { perm: [0, 2, 1, 3, 4] },
    }),
    graph.int64([0, -1, heads * headDim]),
  ]);
  return { context, keys, values };
}
