/** Parameters of a checkpoint as fp32 matrices in the layout they have on disk. */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { Weights } from '../checkpoint/weights.js';
import type { Parameters } from '../model/decoder.js';
import { type Graph, MICROSOFT, type Value, type Weight } from '../onnx/graph.js';

const EMBEDDING = 'model.embed_tokens';
const HEAD = 'lm_head';

/**
 * Matrices keep the checkpoint's `[outputs, inputs]` order and are multiplied transposed, so nothing is rearranged, and a
 * tied embedding serves as the head without a second copy. Projections of one input are stacked into one matrix.
 */
export class Fp32Parameters implements Parameters {
  readonly #weights: Weights;
  readonly #config: DecoderConfig;
  readonly #outputs: Readonly<Record<string, number>>;

  constructor(weights: Weights, config: DecoderConfig) {
    this.#weights = weights;
    this.#config = config;
    const { heads, kvHeads, headDim, hiddenSize, intermediateSize } = config;
    this.#outputs = {
      q_proj: heads * headDim,
      k_proj: kvHeads * headDim,
      v_proj: kvHeads * headDim,
      o_proj: hiddenSize,
      gate_proj: intermediateSize,
      up_proj: intermediateSize,
      down_proj: hiddenSize,
    };
  }

  embed(graph: Graph, tokens: Value): Value {
    return graph.op('Gather', [this.#matrix(graph, EMBEDDING), tokens], { attributes: { axis: 0 } });
  }

  linear(graph: Graph, x: Value, names: readonly string[]): Value {
    const inputs = this.#inputsOf(names[0]!);
    const outputs = names.map((name) => this.#outputs[name.split('.').at(-1)!]!);
    const total = outputs.reduce((sum, size) => sum + size, 0);
    const matrix = this.#stack(graph, names, '.weight', [total, inputs], (at) => [outputs[at]!, inputs]);
    const product = transposedProduct(graph, x, matrix);
    if (!this.#weights.has(`${names[0]}.bias`)) return product;
    return graph.op('Add', [product, this.#stack(graph, names, '.bias', [total], (at) => [outputs[at]!])]);
  }

  vector(graph: Graph, name: string, size: number): Value {
    return this.#stack(graph, [name], '.weight', [size], () => [size]);
  }

  head(graph: Graph, x: Value): Value {
    return transposedProduct(
      graph,
      x,
      this.#matrix(graph, this.#config.tieWordEmbeddings ? EMBEDDING : HEAD),
    );
  }

  #matrix(graph: Graph, name: string): Value {
    const shape = [this.#config.vocabSize, this.#config.hiddenSize];
    return this.#stack(graph, [name], '.weight', shape, () => shape);
  }

  #inputsOf(name: string): number {
    const { heads, headDim, hiddenSize, intermediateSize } = this.#config;
    if (name.endsWith('o_proj')) return heads * headDim;
    return name.endsWith('down_proj') ? intermediateSize : hiddenSize;
  }

  #stack(
    graph: Graph,
    names: readonly string[],
    suffix: string,
    dims: readonly number[],
    shapeOf: (at: number) => readonly number[],
  ): Value {
    const load = async () => {
      const parts: Uint8Array[] = [];
      for (const [at, name] of names.entries()) {
        const data = await this.#weights.read(name + suffix, shapeOf(at));
        parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    };
    const weight: Weight = { name: names.join('+') + suffix, type: 'float32', dims, load };
    return graph.weight(weight);
  }
}

function transposedProduct(graph: Graph, x: Value, matrix: Value): Value {
  return graph.op('FusedMatMul', [x, matrix], { domain: MICROSOFT, attributes: { transB: 1 } });
}
