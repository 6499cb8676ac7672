/** Parameters of a checkpoint with quantized matrices. */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { Parameters } from '../model/decoder.js';
import { EMBEDDING, HEAD, matrixShape } from '../model/tensors.js';
import { type Graph, MICROSOFT, type Value, type Weight } from '../onnx/graph.js';
import { type BlockFormat, blocksOf, fittingBlockSize, integerBytes, zeroPointBytes } from './blocks.js';
import type { FloatParameters, FloatType } from './parameters.js';
import { type Precision, precisionOf, type Quantization } from './quantization.js';
import type { MatrixSource, Quantizer } from './quantizer.js';

/**
 * `accuracy_level` of MatMulNBits: with float32 activations the products are of 8-bit integers, the activations being
 * quantized on the way; with float16 the operator computes in its own type.
 */
const ACCURACY_LEVELS: Readonly<Record<FloatType, number>> = { float32: 4, float16: 0 };

/** A matrix as it stands in the graph. */
interface Stored {
  readonly integers: Weight;
  readonly scales: Value;
  readonly zeroPoints: Value | null;
  readonly format: BlockFormat;
  readonly columns: number;
  readonly rows: number;
}

/**
 * Matrices as MatMulNBits takes them, those that are to stay floating-point as `float` stores them. The integers of a head
 * that is also the embedding serve GatherBlockQuantized as they are, so both are one weight under two shapes.
 */
export class QuantizedParameters implements Parameters {
  readonly #float: FloatParameters;
  readonly #config: DecoderConfig;
  readonly #type: FloatType;
  readonly #quantization: Quantization;
  readonly #quantizer: Quantizer;
  readonly #stored = new Map<string, Stored>();

  /** `float` holds what is not quantized, in the element type of the activations, `type`. */
  constructor(
    float: FloatParameters,
    config: DecoderConfig,
    type: FloatType,
    quantization: Quantization,
    quantizer: Quantizer,
  ) {
    this.#float = float;
    this.#config = config;
    this.#type = type;
    this.#quantization = quantization;
    this.#quantizer = quantizer;
  }

  embed(graph: Graph, tokens: Value): Value {
    const precision = this.#precisionOf(EMBEDDING);
    if (precision === 'float') return this.#float.embed(graph, tokens);
    const { integers, scales, zeroPoints, format, columns, rows } = this.#store(
      graph,
      [EMBEDDING],
      precision,
    );
    const table = graph.alias({
      name: `${integers.name}.rows`,
      type: integers.type,
      dims: [rows, integerBytes(columns, format)],
      of: integers,
    });
    const found = graph.op('GatherBlockQuantized', [table, tokens, scales, zeroPoints], {
      domain: MICROSOFT,
      attributes: { bits: format.bits, block_size: format.blockSize, gather_axis: 0, quantize_axis: 1 },
    });
    if (columns % format.blockSize === 0) return found;
    const ends = [[0], [columns], [-1]].map((numbers) => graph.int64(numbers));
    return graph.op('Slice', [found, ...ends]);
  }

  linear(graph: Graph, x: Value, names: readonly string[]): Value {
    const products: Value[] = [];
    for (let first = 0; first < names.length; ) {
      const precision = this.#precisionOf(names[first]!);
      const others = names.slice(first).findIndex((name) => this.#precisionOf(name) !== precision);
      const group = names.slice(first, others < 0 ? undefined : first + others);
      products.push(
        precision === 'float'
          ? this.#float.linear(graph, x, group)
          : this.#product(graph, x, group, precision, this.#float.bias(graph, group)),
      );
      first += group.length;
    }
    return products.length === 1 ? products[0]! : graph.op('Concat', products, { attributes: { axis: -1 } });
  }

  vector(graph: Graph, name: string, size: number): Value {
    return this.#float.vector(graph, name, size);
  }

  head(graph: Graph, x: Value): Value {
    const precision = this.#precisionOf(HEAD);
    if (precision === 'float') return this.#float.head(graph, x);
    return this.#product(graph, x, [this.#config.tieWordEmbeddings ? EMBEDDING : HEAD], precision, null);
  }

  #precisionOf(name: string): Precision {
    return precisionOf(this.#quantization, name, this.#config.tieWordEmbeddings);
  }

  #product(
    graph: Graph,
    x: Value,
    names: readonly string[],
    precision: Exclude<Precision, 'float'>,
    bias: Value | null,
  ): Value {
    const { integers, scales, zeroPoints, format, columns, rows } = this.#store(graph, names, precision);
    const groupIndex = null;
    const inputs = [x, graph.weight(integers), scales, zeroPoints, groupIndex, bias];
    while (inputs.at(-1) === null) inputs.pop();
    return graph.op('MatMulNBits', inputs, {
      domain: MICROSOFT,
      attributes: {
        K: columns,
        N: rows,
        bits: format.bits,
        block_size: format.blockSize,
        accuracy_level: ACCURACY_LEVELS[this.#type],
      },
    });
  }

  /** Declares the weights of `names`, stacked; once, however often they are used. */
  #store(graph: Graph, names: readonly string[], precision: Exclude<Precision, 'float'>): Stored {
    const name = `${names.join('+')}.${precision}`;
    const known = this.#stored.get(name);
    if (known) return known;
    const bits = precision === 'int8' ? 8 : 4;
    const { symmetric } = this.#quantization;
    const sources = names.map((part): MatrixSource => {
      const [rows, columns] = matrixShape(this.#config, part);
      return { name: `${part}.weight`, rows, columns };
    });
    const rows = sources.reduce((sum, source) => sum + source.rows, 0);
    const { columns } = sources[0]!;
    const blockSize = fittingBlockSize(columns, this.#quantization.blockSize);
    const format: BlockFormat = { bits, blockSize, symmetric, scaleType: this.#type };
    const blocks = blocksOf(columns, blockSize);
    const parts = this.#quantizer.add(sources, format);
    const integers: Weight = {
      name,
      type: 'uint8',
      dims: [rows, blocks, (blockSize * bits) / 8],
      chunks: parts.integers,
    };
    graph.weight(integers);
    const scales = graph.weight({
      name: `${name}.scales`,
      type: this.#type,
      dims: [rows, blocks],
      chunks: parts.scales,
    });
    const zeroPoints = symmetric
      ? null
      : graph.weight({
          name: `${name}.zero_points`,
          type: 'uint8',
          dims: [rows, zeroPointBytes(columns, format)],
          chunks: parts.zeroPoints,
        });
    const stored = { integers, scales, zeroPoints, format, columns, rows };
    this.#stored.set(name, stored);
    return stored;
  }
}
