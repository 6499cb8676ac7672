/** Parameters of a checkpoint as matrices of floating-point numbers in the layout they have on disk. */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { Weights } from '../checkpoint/weights.js';
import { BoxedError } from '../errors.js';
import type { Parameters } from '../model/decoder.js';
import { EMBEDDING, HEAD, hasBias, projectionShape } from '../model/tensors.js';
import { FLOAT16_MAX, narrowToFloat16 } from '../onnx/float16.js';
import { type Graph, MICROSOFT, type Value, type Weight } from '../onnx/graph.js';

/** Element types of matrices that are stored as they are. */
export type FloatType = 'float32' | 'float16';

/** How `x · Wᵀ (+ b)` is written for a matrix in `[outputs, inputs]` order. */
export type Product = (graph: Graph, x: Value, matrix: Value, bias: Value | null) => Value;

/** For `x` of any rank. Only the CPU and CUDA providers have this operator. */
export const fusedProduct: Product = (graph, x, matrix, bias) => {
  const product = graph.op('FusedMatMul', [x, matrix], { domain: MICROSOFT, attributes: { transB: 1 } });
  return bias === null ? product : graph.op('Add', [product, bias]);
};

/** For `x` of rank 2, on every provider. */
export const gemmProduct: Product = (graph, x, matrix, bias) =>
  graph.op('Gemm', bias === null ? [x, matrix] : [x, matrix, bias], { attributes: { transB: 1 } });

/** A weight does not fit into float16. */
export class Float16RangeError extends BoxedError {
  override readonly name = 'Float16RangeError';
}

/**
 * Matrices keep the checkpoint's `[outputs, inputs]` order and are multiplied transposed, so nothing is rearranged, and a
 * tied embedding serves as the head without a second copy. Projections of one input are stacked into one matrix.
 */
export class FloatParameters implements Parameters {
  readonly #weights: Weights;
  readonly #config: DecoderConfig;
  readonly #type: FloatType;
  readonly #product: Product;

  constructor(weights: Weights, config: DecoderConfig, type: FloatType, product: Product = fusedProduct) {
    this.#weights = weights;
    this.#config = config;
    this.#type = type;
    this.#product = product;
  }

  embed(graph: Graph, tokens: Value): Value {
    return graph.op('Gather', [this.#matrix(graph, EMBEDDING), tokens], { attributes: { axis: 0 } });
  }

  linear(graph: Graph, x: Value, names: readonly string[]): Value {
    const shapes = names.map((name) => projectionShape(this.#config, name));
    const dims = [shapes.reduce((sum, [outputs]) => sum + outputs, 0), shapes[0]![1]];
    const matrix = this.#stack(graph, names, '.weight', dims, (at) => shapes[at]!);
    return this.#product(graph, x, matrix, this.bias(graph, names));
  }

  /** Biases of projections side by side, `null` where they have none. */
  bias(graph: Graph, names: readonly string[]): Value | null {
    if (!hasBias(this.#config, names[0]!)) return null;
    const sizes = names.map((name) => projectionShape(this.#config, name)[0]);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return this.#stack(graph, names, '.bias', [total], (at) => [sizes[at]!]);
  }

  vector(graph: Graph, name: string, size: number): Value {
    return this.#stack(graph, [name], '.weight', [size], () => [size]);
  }

  head(graph: Graph, x: Value): Value {
    const matrix = this.#matrix(graph, this.#config.tieWordEmbeddings ? EMBEDDING : HEAD);
    return this.#product(graph, x, matrix, null);
  }

  #matrix(graph: Graph, name: string): Value {
    const shape = [this.#config.vocabSize, this.#config.hiddenSize];
    return this.#stack(graph, [name], '.weight', shape, () => shape);
  }

  #stack(
    graph: Graph,
    names: readonly string[],
    suffix: string,
    dims: readonly number[],
    shapeOf: (at: number) => readonly number[],
  ): Value {
    const parts = names.map((name, at) => ({ name: name + suffix, shape: shapeOf(at) }));
    const weight: Weight = {
      name: names.join('+') + suffix,
      type: this.#type,
      dims,
      chunks: () => floatPieces(this.#weights, parts, this.#type),
    };
    return graph.weight(weight);
  }
}

/** Bytes of tensors one after the other, as numbers of `type`. @throws the errors of `Weights.read`, Float16RangeError */
export async function* floatPieces(
  weights: Weights,
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  type: FloatType,
): AsyncGenerator<Uint8Array> {
  for (const { name, shape } of tensors) {
    for await (const piece of weights.stream(name, shape)) {
      if (type === 'float32') {
        yield new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
        continue;
      }
      const halves = new Uint16Array(piece.length);
      const at = narrowToFloat16(piece, halves);
      if (at >= 0) {
        throw new Float16RangeError(
          `holds ${piece[at]}, outside float16, ±${FLOAT16_MAX}`,
          'Export with --dtype fp32, or quantize: such weights cannot be halved.',
          { field: name },
        );
      }
      yield new Uint8Array(halves.buffer);
    }
  }
}
