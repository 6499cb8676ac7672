/** Attention of the paged layout: keys and values in blocks on the device, found through a table, written in place. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { float, type Graph, MICROSOFT, type Value } from '../onnx/graph.js';

/** Names of the blanks that hold keys and values of a layer. */
export const keyCache = (layer: number) => `key_cache.${layer}`;
export const valueCache = (layer: number) => `value_cache.${layer}`;

/** Bytes of a float16. */
const ELEMENT_BYTES = 2;

/** What every layer's attention is told of a run; `B` sequences. */
export interface PagedInputs {
  /** `[B + 1]` int32: where each sequence's new tokens begin among the packed ones, and their end. */
  readonly cumulativeLengths: Value;
  /** `[B]` int32: tokens of each sequence that the caches hold. */
  readonly pastLengths: Value;
  /** `[B, M]` int32: the blocks of each sequence, in order. */
  readonly blockTable: Value;
  /** `[3]` int32 in host memory: new tokens and all tokens of the longest sequence, and a lower bound of the latter. */
  readonly metadata: Value | null;
  /** float16 tables by position, `[maxPositions, headDim / 2]`. */
  readonly cos: Value;
  readonly sin: Value;
}

/** Bytes of one block of `blockSize` positions in one cache; a model has two caches a layer. */
export function blockBytes(shape: Pick<DecoderConfig, 'kvHeads' | 'headDim'>, blockSize: number): number {
  return blockSize * shape.kvHeads * shape.headDim * ELEMENT_BYTES;
}

/**
 * One layer for `qkv [n, (heads + 2 kvHeads) · headDim]`: rotates queries and keys, writes keys and values to their blocks,
 * and attends to all that the sequence then has: `[n, heads · headDim]`.
 *
 * The operator's cache outputs are left out, so it writes into its cache inputs, and these are blanks: tensors that live on
 * the device as long as the session does. What a block held before does not matter, since no position is read that its
 * sequence has not written.
 */
export function buildPagedAttention(
  graph: Graph,
  config: DecoderConfig,
  inputs: PagedInputs,
  layer: number,
  cacheDims: readonly number[],
  qkv: Value,
): Value {
  const cache = (name: string) => graph.blank({ name, type: 'float16', dims: cacheDims });
  const packed = [qkv, null, null, cache(keyCache(layer)), cache(valueCache(layer))];
  const { cumulativeLengths, pastLengths, blockTable, metadata, cos, sin } = inputs;
  // Before the metadata come slots, sinks, normalisations and scales, which have no part in this.
  const last = metadata === null ? [] : [null, null, null, null, null, null, metadata];
  return graph.op(
    'PagedAttention',
    [...packed, cumulativeLengths, pastLengths, blockTable, cos, sin, ...last],
    {
      domain: MICROSOFT,
      attributes: {
        num_heads: config.heads,
        kv_num_heads: config.kvHeads,
        do_rotary: 1,
        scale: float(1 / Math.sqrt(config.headDim)),
      },
    },
  );
}
