/** A typed builder of ONNX graphs: values are names, nodes are appended in order, constants are shared. */
import {
  ATTRIBUTE_TYPES,
  type AttributeMessage,
  ELEMENT_TYPES,
  type ElementType,
  type GraphMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.js';

declare const valueBrand: unique symbol;
/** The name of a tensor in a graph. Made by `Graph` alone, so that a misspelt name does not compile. */
export type Value = string & { readonly [valueBrand]: true };

/** Dimensions of a tensor: numbers, or names for those known only when the graph runs. */
export type Dimensions = readonly (number | string)[];

/** A number that is a FLOAT attribute even where its value is integral. */
export class FloatAttribute {
  constructor(readonly value: number) {}
}
/** Marks `value` as a FLOAT attribute. */
export const float = (value: number): FloatAttribute => new FloatAttribute(value);

/** An attribute: a number or numbers (INT, INTS), `float(x)`, a string, or a graph (of `Loop` and `If`). */
export type Attribute = number | readonly number[] | FloatAttribute | string | Graph;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Operator domain; the standard one when left out. */
  readonly domain?: string;
  /** Positions of optional outputs that are not wanted. */
  readonly omit?: readonly number[];
  /** Names of the outputs, where the graph is to have them under these. */
  readonly names?: readonly string[];
}

/** The domain of onnxruntime's own operators. */
export const MICROSOFT = 'com.microsoft';

/** A tensor stored in the external data file. Its bytes are asked for once, piece by piece, when the model is written. */
export interface Weight {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Little-endian bytes in row-major order. A piece may be overwritten once the next is asked for. */
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * A tensor of zeros that the runtime writes into for as long as its session lives. It takes no room on disk: all of them
 * are read from one region behind the weights, a hole in the file.
 */
export interface Blank {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/** A weight's bytes again, as a tensor of another shape; they stand in the file once. */
export interface Alias {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly of: Weight;
}

/** One graph, or the body of a `Loop` or `If` inside another (its constants and weights then stand in the outermost one). */
export class Graph {
  readonly nodes: NodeMessage[] = [];
  readonly inputs: ValueInfoMessage[] = [];
  readonly outputs: ValueInfoMessage[] = [];
  readonly constants = new Map<string, TensorMessage>();
  readonly weights = new Map<string, Weight>();
  readonly blanks = new Map<string, Blank>();
  readonly aliases = new Map<string, Alias>();
  readonly #root: Graph;
  #counter = 0;

  constructor(
    readonly name: string,
    parent?: Graph,
  ) {
    this.#root = parent ? parent.#root : this;
  }

  /** Declares an input of the graph. */
  input(name: string, type: ElementType, dims?: Dimensions): Value {
    this.inputs.push(valueInfo(name, type, dims));
    return name as Value;
  }

  /** Declares `value` as the graph's next output, under `name` if given. */
  output(value: Value, type: ElementType, dims?: Dimensions, name?: string): void {
    let result = value;
    if (name !== undefined && name !== value) {
      this.#append('Identity', [value], [name], {});
      result = name as Value;
    }
    this.outputs.push(valueInfo(result, type, dims));
  }

  /** Appends a node with one output. An omitted optional input is `null`. */
  op(type: string, inputs: readonly (Value | null)[], options: NodeOptions = {}): Value {
    return this.ops(type, inputs, 1, options)[0]!;
  }

  /** Appends a node with `count` outputs, those of `options.omit` left out. */
  ops(type: string, inputs: readonly (Value | null)[], count: number, options: NodeOptions = {}): Value[] {
    const outputs = Array.from(
      { length: count },
      (_, at) => (options.names?.[at] ?? this.#fresh(type)) as Value,
    );
    const wanted = outputs.map((output, at) => (options.omit?.includes(at) ? '' : output));
    this.#append(type, inputs, wanted, options);
    return outputs;
  }

  /** An int64 constant: a scalar for a number, a vector for an array. */
  int64(value: number | readonly number[]): Value {
    const numbers = typeof value === 'number' ? [value] : value;
    const data = BigInt64Array.from(numbers, BigInt);
    return this.#constant('int64', typeof value === 'number' ? [] : [numbers.length], data, String(value));
  }

  /** A float32 scalar constant. */
  float32(value: number): Value {
    return this.#constant('float32', [], Float32Array.of(value), String(value));
  }

  /** A float64 scalar constant. */
  float64(value: number): Value {
    return this.#constant('float64', [], Float64Array.of(value), String(value));
  }

  /** A bool scalar constant. */
  bool(value: boolean): Value {
    return this.#constant('bool', [], Uint8Array.of(value ? 1 : 0), String(value));
  }

  /** Declares a weight; the same name twice is the same weight. */
  weight(weight: Weight): Value {
    this.#root.weights.set(weight.name, weight);
    return weight.name as Value;
  }

  /** Declares a blank; the same name twice is the same blank. */
  blank(blank: Blank): Value {
    this.#root.blanks.set(blank.name, blank);
    return blank.name as Value;
  }

  /** Declares a weight, already declared, under another name and shape; the same name twice is the same tensor. */
  alias(alias: Alias): Value {
    this.#root.aliases.set(alias.name, alias);
    return alias.name as Value;
  }

  /** The message of this graph, without its weights, aliases and blanks. */
  toMessage(): GraphMessage {
    return {
      name: this.name,
      node: this.nodes,
      initializer: [...this.constants.values()],
      input: this.inputs,
      output: this.outputs,
    };
  }

  #constant(type: ElementType, dims: number[], data: ArrayBufferView, text: string): Value {
    const name = `${type}${dims.length === 0 ? '' : '[]'}:${text}`;
    const root = this.#root;
    if (!root.constants.has(name)) {
      const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      root.constants.set(name, { name, dims, data_type: ELEMENT_TYPES[type], raw_data: raw });
    }
    return name as Value;
  }

  #append(type: string, inputs: readonly (Value | null)[], outputs: string[], options: NodeOptions): void {
    this.nodes.push({
      op_type: type,
      name: this.#fresh(`node/${type}`),
      input: inputs.map((input) => input ?? ''),
      output: outputs,
      attribute: Object.entries(options.attributes ?? {}).map(([name, value]) =>
        attributeMessage(name, value),
      ),
      domain: options.domain ?? '',
    });
  }

  #fresh(stem: string): string {
    this.#root.#counter += 1;
    return `${stem}_${this.#root.#counter}`;
  }
}

function attributeMessage(name: string, value: Attribute): AttributeMessage {
  if (value instanceof FloatAttribute) return { name, type: ATTRIBUTE_TYPES.f, f: value.value };
  if (value instanceof Graph) return { name, type: ATTRIBUTE_TYPES.g, g: value.toMessage() };
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPES.s, s: Buffer.from(value, 'utf8') };
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPES.i, i: value };
  return { name, type: ATTRIBUTE_TYPES.ints, ints: [...value] };
}

function valueInfo(name: string, type: ElementType, dims?: Dimensions): ValueInfoMessage {
  const elementType = ELEMENT_TYPES[type];
  if (dims === undefined) return { name, type: { tensor_type: { elem_type: elementType } } };
  const dim = dims.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } };
}
