/** Parameters of a decoder as inputs of its graph, so that they can change between runs and have gradients. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { type Graph, MICROSOFT, type Value } from '../onnx/graph.js';
import type { Parameters } from './decoder.js';
import { EMBEDDING, HEAD, hasBias, tensorShapes } from './tensors.js';

/** Every tensor is a float32 input under the name that it has in checkpoints. */
export class TrainableParameters implements Parameters {
  readonly #config: DecoderConfig;
  readonly #inputs: ReadonlyMap<string, Value>;

  constructor(graph: Graph, config: DecoderConfig) {
    this.#config = config;
    this.#inputs = new Map(
      [...tensorShapes(config)].map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
    );
  }

  /** The inputs by name, in the order of `tensorShapes`. */
  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs;
  }

  embed(graph: Graph, tokens: Value): Value {
    return graph.op('Gather', [this.#tensor(`${EMBEDDING}.weight`), tokens], { attributes: { axis: 0 } });
  }

  linear(graph: Graph, x: Value, names: readonly string[]): Value {
    const matrix = this.#stack(graph, names, '.weight');
    const product = multiply(graph, x, matrix);
    if (!hasBias(this.#config, names[0]!)) return product;
    return graph.op('Add', [product, this.#stack(graph, names, '.bias')]);
  }

  vector(_: Graph, name: string): Value {
    return this.#tensor(`${name}.weight`);
  }

  head(graph: Graph, x: Value): Value {
    const name = this.#config.tieWordEmbeddings ? EMBEDDING : HEAD;
    return multiply(graph, x, this.#tensor(`${name}.weight`));
  }

  /** Projections of one input become one product: their matrices are small beside what they are multiplied with. */
  #stack(graph: Graph, names: readonly string[], suffix: string): Value {
    const parts = names.map((name) => this.#tensor(name + suffix));
    return parts.length === 1 ? parts[0]! : graph.op('Concat', parts, { attributes: { axis: 0 } });
  }

  #tensor(name: string): Value {
    const value = this.#inputs.get(name);
    if (value === undefined) throw new RangeError(`the decoder has no tensor ${name}`);
    return value;
  }
}

/** `x · Wᵀ`. */
function multiply(graph: Graph, x: Value, matrix: Value): Value {
  return graph.op('FusedMatMul', [x, matrix], { domain: MICROSOFT, attributes: { transB: 1 } });
}
