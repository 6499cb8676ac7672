/** Reads the nodes of a graph: attributes by name, constants by value. */
import type { Graph, Value } from './graph.js';
import { type AttributeMessage, ELEMENT_TYPES, type NodeMessage } from './schema.js';

/** One node, with its values typed. An omitted input or output is `null`. */
export class NodeReader {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly (Value | null)[];
  readonly #graph: Graph;
  readonly #attributes: ReadonlyMap<string, AttributeMessage>;

  constructor(graph: Graph, node: NodeMessage) {
    this.#graph = graph;
    this.type = node.op_type;
    this.domain = node.domain;
    this.inputs = node.input.map(named);
    this.outputs = node.output.map(named);
    this.#attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  }

  /** An input that the operator always has. */
  input(at: number): Value {
    return present(this.inputs[at], `input ${at} of ${this.type}`);
  }

  output(at: number): Value {
    return present(this.outputs[at], `output ${at} of ${this.type}`);
  }

  /** An INT attribute. */
  int(name: string, otherwise: number): number {
    return this.#attributes.get(name)?.i ?? otherwise;
  }

  /** A FLOAT attribute. */
  float(name: string, otherwise: number): number {
    return this.#attributes.get(name)?.f ?? otherwise;
  }

  ints(name: string): readonly number[] {
    return present(this.#attributes.get(name)?.ints, `attribute ${name} of ${this.type}`);
  }

  /** Numbers of an int64 constant that is an input, or `null` when it is left out. */
  constant(at: number): readonly number[] | null {
    const name = this.inputs[at] ?? null;
    if (name === null) return null;
    const tensor = this.#graph.constants.get(name);
    const bytes = present(tensor?.raw_data, `the constant ${name} of ${this.type}`);
    if (tensor?.data_type !== ELEMENT_TYPES.int64) throw new RangeError(`${name} does not hold integers`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.byteLength / 8 }, (_, index) =>
      Number(view.getBigInt64(8 * index, true)),
    );
  }
}

function named(name: string): Value | null {
  return name === '' ? null : (name as Value);
}

function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new RangeError(`the graph lacks ${what}`);
  return value;
}
