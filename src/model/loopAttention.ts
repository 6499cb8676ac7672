/**
 * Attention of the loop layout. Keys and values come in four parts: prompts that rows share, full blocks and a frozen part
 * from outside the loop, and a local part that grows in it.
 */
import type { DecoderConfig } from '../checkpoint/config.js';
import { type Graph, MICROSOFT, type Value } from '../onnx/graph.js';
import { INVISIBLE, joinParts, type KeysValues, type LayerParts, score } from './loopParts.js';
import { rotaryTables } from './rotary.js';

/** Names of the graph's inputs and outputs that hold keys and values of a layer. */
export const sharedKeys = (layer: number) => `shared_keys.${layer}`;
export const sharedValues = (layer: number) => `shared_values.${layer}`;
export const blockKeys = (layer: number) => `block_keys.${layer}`;
export const blockValues = (layer: number) => `block_values.${layer}`;
export const frozenKeys = (layer: number) => `frozen_keys.${layer}`;
export const frozenValues = (layer: number) => `frozen_values.${layer}`;
export const localKeys = (layer: number) => `local_keys.${layer}`;
export const localValues = (layer: number) => `local_values.${layer}`;

/**
 * Positions of a block: long enough that products of single rows stream it as fast as one long part, short enough that the
 * padding of the rest, up to a block a row, is small where contexts are long (bench/README.md has the figures).
 */
export const BLOCK_LENGTH = 512;

/**
 * The tables of the rotary embedding for `buildLoopAttention`. Queries and keys are both multiplied by the fourth root of
 * `1 / headDim`, so that their products are scaled by `1 / √headDim` without a multiplication of their own.
 */
export function loopRotary(graph: Graph, config: DecoderConfig): { cos: Value; sin: Value } {
  const { cos, sin } = rotaryTables(config, config.headDim ** -0.25);
  return { cos: graph.weight(cos), sin: graph.weight(sin) };
}

/** What one iteration knows of its rows; all shapes with `B` rows, `P` new tokens, `S` frozen and `t` local positions. */
export interface Visibility {
  /** Additive mask `[B, 1, 1, M, t + P + S]`: 0 where a key is visible to a query, else a large negative number. */
  readonly bias: Value;
  /** Positions of the new tokens for the rotary embedding `[B, P]`, padding at 0. */
  readonly rotaryPositions: Value;
  /** `[2]`: local length and frozen length, to split probabilities by. */
  readonly split: Value;
  /** Shape `[B, kvHeads, G, M, headDim]` of the queries; the `G · M` of one key head are the heads that share it times `P` tokens. */
  readonly queryShape: Value;
}

/**
 * Builds the mask from positions alone: a key is visible if `0 <= its position <= the query's`. Padding has position -1,
 * so ragged batches need no other mask.
 *
 * A single token's queries are products of one row each (`M = 1`): the runtime then streams keys and values from memory
 * instead of packing them for a matrix product (bench/README.md has the figures). Those of a prompt are one product.
 */
export function buildVisibility(
  graph: Graph,
  config: DecoderConfig,
  frozenPositions: Value,
  localPositions: Value,
  positions: Value,
): Visibility {
  const { kvHeads, headDim } = config;
  const rep = config.heads / kvHeads;
  const zero = graph.int64(0);
  const lengthOf = (x: Value) => graph.op('Shape', [x], { attributes: { start: 1, end: 2 } });
  const single = graph.op('Equal', [lengthOf(positions), graph.int64([1])]);
  const either = (one: readonly number[], many: readonly number[]) =>
    graph.op('Where', [single, graph.int64(one), graph.int64(many)]);
  // Local positions first: how far the frozen part is padded then moves no visible key to another place.
  const keys = graph.op('Concat', [localPositions, frozenPositions], { attributes: { axis: 1 } });
  const keyRow = graph.op('Unsqueeze', [keys, graph.int64([1])]);
  const queryColumn = graph.op('Unsqueeze', [positions, graph.int64([2])]);
  const visible = graph.op('And', [
    graph.op('GreaterOrEqual', [keyRow, zero]),
    graph.op('LessOrEqual', [keyRow, queryColumn]),
  ]);
  const bias = graph.op('Where', [visible, graph.float32(0), graph.float32(INVISIBLE)]);
  const byHead = graph.op('Expand', [
    graph.op('Unsqueeze', [bias, graph.int64([1])]),
    either([1, 1, 1, 1], [1, rep, 1, 1]),
  ]);
  const target = graph.op('Concat', [graph.int64([0, 1, 1, -1]), lengthOf(keys)], {
    attributes: { axis: 0 },
  });
  return {
    bias: graph.op('Reshape', [byHead, target]),
    rotaryPositions: graph.op('Max', [positions, zero]),
    split: graph.op('Concat', [lengthOf(localPositions), lengthOf(frozenPositions)], {
      attributes: { axis: 0 },
    }),
    queryShape: either([0, kvHeads, rep, -1, headDim], [0, kvHeads, 1, -1, headDim]),
  };
}

export interface LayerCache {
  /** What is computed apart and joined; `null` for a graph without such parts. */
  readonly parts: LayerParts | null;
  /** `[B, kvHeads, 1, S, headDim]`. */
  readonly frozen: KeysValues;
  /** `[B, kvHeads, 1, t, headDim]` before this iteration. */
  readonly local: KeysValues;
}

/** One layer: returns its context `[B, P, heads · headDim]` and the local part with the new tokens appended. */
export function buildLoopAttention(
  graph: Graph,
  config: DecoderConfig,
  seen: Visibility,
  rotary: { cos: Value; sin: Value },
  cache: LayerCache,
  qkv: Value,
): { context: Value; local: KeysValues } {
  const { heads, kvHeads, headDim } = config;
  const byHead = graph.op(
    'Transpose',
    [graph.op('Reshape', [qkv, graph.int64([0, 0, heads + 2 * kvHeads, headDim])])],
    { attributes: { perm: [0, 2, 1, 3] } },
  );
  const split = (x: Value, ...counts: number[]) =>
    graph.ops('Split', [x, graph.int64(counts)], counts.length, { attributes: { axis: 1 } });
  const [queriesKeys, newValues] = split(byHead, heads + kvHeads, kvHeads);
  const rotated = graph.op('RotaryEmbedding', [queriesKeys!, seen.rotaryPositions, rotary.cos, rotary.sin], {
    domain: MICROSOFT,
  });
  const [rotatedQueries, rotatedKeys] = split(rotated, heads, kvHeads);
  const queries = graph.op('Reshape', [rotatedQueries!, seen.queryShape]);
  const append = (part: Value, x: Value) =>
    graph.op('Concat', [part, graph.op('Unsqueeze', [x, graph.int64([2])])], { attributes: { axis: 3 } });
  const keys = append(cache.local.keys, rotatedKeys!);
  const values = append(cache.local.values, newValues!);

  const scores = graph.op('Add', [
    graph.op('Concat', [score(graph, queries, keys), score(graph, queries, cache.frozen.keys)], {
      attributes: { axis: -1 },
    }),
    seen.bias,
  ]);
  const probabilities = graph.op('Softmax', [scores], { attributes: { axis: -1 } });
  const [local, frozen] = graph.ops('Split', [probabilities, seen.split], 2, { attributes: { axis: -1 } });
  const recent = graph.op('Add', [
    graph.op('MatMul', [local!, values]),
    graph.op('MatMul', [frozen!, cache.frozen.values]),
  ]);
  const mixed =
    cache.parts === null ? recent : joinParts(graph, cache.parts, queries, { recent, scores, probabilities });
  const context = graph.op('Reshape', [
    graph.op('Transpose', [graph.op('Reshape', [mixed, graph.int64([0, heads, -1, headDim])])], {
      attributes: { perm: [0, 2, 1, 3] },
    }),
    graph.int64([0, 0, heads * headDim]),
  ]);
  return { context, local: { keys, values } };
}
