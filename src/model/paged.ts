/** The paged layout: new tokens of many sequences packed into one row, one graph for prefill, chunked prefill and decode. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { halved } from '../onnx/float16.js';
import { Graph, type Value } from '../onnx/graph.js';
import { buildCandidates, CANDIDATE_TOKENS } from './candidates.js';
import { buildHead, buildLayers, type Parameters } from './decoder.js';
import { blockBytes, buildPagedAttention } from './pagedAttention.js';
import { rotaryTables } from './rotary.js';

/**
 * Bytes of one cache at most, of which a model has two a layer: 56 GiB in all with 28 layers, 96 GiB with 48. A session
 * takes as many of the blocks as its memory allows; in the file they are a hole.
 */
const MAX_CACHE_BYTES = 2 ** 30;

export interface PagedOptions {
  /**
   * Positions of a block, a power of two from 32 on. The operator takes 16, but onnxruntime 1.30 then computes wrong numbers
   * on WebGPU for 32 new tokens of a sequence and more.
   */
  readonly blockSize: number;
  /** Adds the input `attention_metadata`, by which CUDA splits long sequences; WebGPU refuses it. */
  readonly metadata: boolean;
  /** Adds the output `logits [R, vocabSize]`; for checks, since it is copied to the host. */
  readonly logits?: boolean;
}

/**
 * Builds the graph in float16 for `B` sequences with `n` new tokens in all, of which `R` are followed by a draw.
 *
 * Inputs: `tokens [n]`; `cumulative_lengths [B+1]`, `past_lengths [B]`, `block_table [B,M]` (int32, see `PagedInputs`), and
 * with `metadata` also `attention_metadata [3]`; `last [R]`: which of the packed tokens are drawn after; `temperature`,
 * `penalty` `[R,1]`; `penalised`, and if true `history [R,H]`, the tokens a row holds; `candidates [1]`: how many, `K`.
 * Outputs: `candidate_tokens`, `probabilities`, `logprobs` `[R,K]`, see `Candidates`.
 *
 * On the device for the session's life: every weight once (a tied embedding is the head too), the rotary tables, and the
 * caches, `2 · layers · blocks` times `blockBytes`. During a run: activations of `n` tokens, and up to four float32 copies
 * of `R · vocabSize` logits. To the host come 16 bytes a candidate, and never a key or value.
 */
export function buildPaged(config: DecoderConfig, parameters: Parameters, options: PagedOptions): Graph {
  const { blockSize } = options;
  const graph = new Graph('boxed');
  const tokens = graph.input('tokens', 'int64', ['n']);
  const cumulativeLengths = graph.input('cumulative_lengths', 'int32', ['B1']);
  const pastLengths = graph.input('past_lengths', 'int32', ['B']);
  const blockTable = graph.input('block_table', 'int32', ['B', 'M']);
  const metadata = options.metadata ? graph.input('attention_metadata', 'int32', [3]) : null;
  const last = graph.input('last', 'int64', ['R']);
  const temperature = graph.input('temperature', 'float32', ['R', 1]);
  const penalty = graph.input('penalty', 'float32', ['R', 1]);
  const penalised = graph.input('penalised', 'bool', []);
  const history = graph.input('history', 'int64', ['R', 'H']);
  const count = graph.input('candidates', 'int64', [1]);
  const tables = rotaryTables(config);
  const cos = graph.weight(halved(tables.cos));
  const sin = graph.weight(halved(tables.sin));

  const inputs = { cumulativeLengths, pastLengths, blockTable, metadata, cos, sin };
  const cacheDims = [maxBlocks(config, blockSize), blockSize, config.kvHeads, config.headDim];
  const residual = buildLayers(
    graph,
    config,
    parameters,
    (layer, qkv) => buildPagedAttention(graph, config, inputs, layer, cacheDims, qkv),
    tokens,
    1,
  );
  const lastOf = (x: Value) => graph.op('Gather', [x, last], { attributes: { axis: 0 } });
  const lastResidual = { stream: lastOf(residual.stream), update: lastOf(residual.update) };
  const logits = graph.op('Cast', [buildHead(graph, config, parameters, lastResidual)], {
    attributes: { to: 1 },
  });
  const scaling = { penalised, penalty, held: [history], temperature } as const;
  const found = buildCandidates(graph, logits, scaling, count);
  graph.output(found.tokens, 'int64', ['R', 'K'], CANDIDATE_TOKENS);
  graph.output(found.probabilities, 'float32', ['R', 'K'], 'probabilities');
  graph.output(found.logprobs, 'float32', ['R', 'K'], 'logprobs');
  if (options.logits) graph.output(logits, 'float32', ['R', config.vocabSize], 'logits');
  return graph;
}

/** Blocks that an export has room for. */
export function maxBlocks(shape: Pick<DecoderConfig, 'kvHeads' | 'headDim'>, blockSize: number): number {
  return Math.floor(MAX_CACHE_BYTES / blockBytes(shape, blockSize));
}
