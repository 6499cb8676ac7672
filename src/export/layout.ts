/** The graph of a target: which layout a device runs, and how its weights are stored. */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { Weights } from '../checkpoint/weights.js';
import type { Parameters } from '../model/decoder.js';
import { buildLoop } from '../model/loop.js';
import { buildPaged } from '../model/paged.js';
import type { Graph } from '../onnx/graph.js';
import { checkCudaCoverage } from './coverage.js';
import { FloatParameters, gemmProduct } from './parameters.js';
import type { Quantization } from './quantization.js';
import { QuantizedParameters } from './quantizedParameters.js';
import type { Quantizer } from './quantizer.js';
import { quantizationOf, type Target } from './target.js';

/** Positions of a block: CUDA's flash attention takes multiples of 256 at every head size. */
const BLOCK_SIZE = 256;

/** How a graph is laid out. In the loop layout keys and values pass through the host, in the paged one they never do. */
export type Layout = { readonly name: 'loop' } | { readonly name: 'paged'; readonly blockSize: number };

export interface LayoutOptions {
  /** Also gives the graph the output `logits`. */
  readonly logits: boolean;
  /** Positions of a block in the paged layout. Default: 256. */
  readonly blockSize?: number;
}

/** Builds the decoder for `target`; `quantizer` is used if the target asks for it. @throws UncoveredKernelError when CUDA would leave a node of it to the CPU */
export function buildGraph(
  target: Target,
  config: DecoderConfig,
  weights: Weights,
  quantizer: Quantizer,
  { logits, blockSize = BLOCK_SIZE }: LayoutOptions,
): { graph: Graph; layout: Layout } {
  const { device } = target;
  switch (device) {
    case 'cpu': {
      const graph = buildLoop(config, parametersOf(quantizationOf(target), config, weights, quantizer), {
        logits,
      });
      return { graph, layout: { name: 'loop' } };
    }
    case 'cuda':
    case 'webgpu': {
      const parameters = new FloatParameters(weights, config, 'float16', gemmProduct);
      const graph = buildPaged(config, parameters, { blockSize, metadata: device === 'cuda', logits });
      if (device === 'cuda') checkCudaCoverage(graph);
      return { graph, layout: { name: 'paged', blockSize } };
    }
    default:
      return device satisfies never;
  }
}

/** How the CPU's graphs store the matrices of a checkpoint. */
export function parametersOf(
  quantization: Quantization | null,
  config: DecoderConfig,
  weights: Weights,
  quantizer: Quantizer,
): Parameters {
  const float = new FloatParameters(weights, config, 'float32');
  if (quantization === null) return float;
  return new QuantizedParameters(float, config, 'float32', quantization, quantizer);
}
