/** Shapes of a graph's values, inferred where every dimension is a number. */
import type { Graph, Value } from './graph.js';
import { NodeReader } from './nodeReader.js';
import type { ValueInfoMessage } from './schema.js';

export type Shape = readonly number[];

/** Shapes of a node's outputs by those of its inputs; an operator that is not here has outputs of unknown shape. */
type ShapeRule = (node: NodeReader, shapes: Shapes) => readonly (Shape | null)[];

/** A shape is asked for that dimensions with names, or operators without a rule, leave unknown. */
export class UnknownShapeError extends RangeError {
  override readonly name = 'UnknownShapeError';
}

export class Shapes {
  readonly #shapes = new Map<string, Shape>();

  /** Infers the shapes of all values that `graph` computes so far. Nodes appended later are not looked at. */
  constructor(graph: Graph) {
    for (const input of graph.inputs) this.#note(input.name, inputShape(input));
    for (const { name, dims } of [...graph.weights.values(), ...graph.aliases.values()])
      this.#note(name, dims);
    for (const { name, dims } of graph.constants.values()) this.#note(name, dims);
    for (const message of graph.nodes) {
      const node = new NodeReader(graph, message);
      const rule = RULES[node.type];
      const known = node.inputs.every((value) => value === null || this.#shapes.has(value));
      if (rule === undefined || !known) continue;
      for (const [at, shape] of rule(node, this).entries()) this.#note(node.outputs[at] ?? '', shape);
    }
  }

  /** @throws UnknownShapeError */
  of(value: Value): Shape {
    const shape = this.#shapes.get(value);
    if (shape === undefined)
      throw new UnknownShapeError(`the shape of ${value} is not known before the graph runs`);
    return shape;
  }

  #note(name: string, shape: Shape | null): void {
    if (name !== '' && shape !== null) this.#shapes.set(name, shape);
  }
}

/** Number of elements. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Shape of an elementwise result, by numpy's rules. */
export function broadcastShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, at) =>
    Math.max(...shapes.map((shape) => shape[at - rank + shape.length] ?? 1)),
  );
}

/** `axis` counted from the front. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function inputShape(input: ValueInfoMessage): Shape | null {
  const dims = input.type.tensor_type.shape?.dim;
  if (dims === undefined) return null;
  const sizes = dims.map((dim) => dim.dim_value);
  return sizes.every((size) => size !== undefined) ? sizes : null;
}

const first: ShapeRule = (node, shapes) => [shapes.of(node.input(0))];

const broadcast: ShapeRule = (node, shapes) => [
  broadcastShape(node.inputs.flatMap((value) => (value === null ? [] : [shapes.of(value)]))),
];

const reduced: ShapeRule = (node, shapes) => {
  const shape = shapes.of(node.input(0));
  const axes = (node.constant(1) ?? [...shape.keys()]).map((axis) => axisOf(axis, shape.length));
  if (node.int('keepdims', 1) === 1) return [shape.map((size, at) => (axes.includes(at) ? 1 : size))];
  return [shape.filter((_, at) => !axes.includes(at))];
};

const product: ShapeRule = (node, shapes) => {
  const sides = [shapes.of(node.input(0)), shapes.of(node.input(1))] as const;
  const rows = sides[0].at(node.int('transA', 0) === 1 ? -1 : -2)!;
  const columns = sides[1].at(node.int('transB', 0) === 1 ? -2 : -1)!;
  return [[...broadcastShape(sides.map((shape) => shape.slice(0, -2))), rows, columns]];
};

const reshaped: ShapeRule = (node, shapes) => {
  const from = shapes.of(node.input(0));
  const target = node.constant(1)!.map((size, at) => (size === 0 ? from[at]! : size));
  const known = target.filter((size) => size !== -1);
  return [target.map((size) => (size === -1 ? elements(from) / elements(known) : size))];
};

const split: ShapeRule = (node, shapes) => {
  const from = shapes.of(node.input(0));
  const axis = axisOf(node.int('axis', 0), from.length);
  return node.constant(1)!.map((part) => from.map((size, at) => (at === axis ? part : size)));
};

const concatenated: ShapeRule = (node, shapes) => {
  const parts = node.inputs.map((value) => shapes.of(value!));
  const axis = axisOf(node.int('axis', 0), parts[0]!.length);
  return [
    parts[0]!.map((size, at) => (at === axis ? parts.reduce((sum, part) => sum + part[at]!, 0) : size)),
  ];
};

const gathered: ShapeRule = (node, shapes) => {
  const data = shapes.of(node.input(0));
  const axis = axisOf(node.int('axis', 0), data.length);
  return [[...data.slice(0, axis), ...shapes.of(node.input(1)), ...data.slice(axis + 1)]];
};

const unsqueezed: ShapeRule = (node, shapes) => {
  const from = [...shapes.of(node.input(0))];
  const axes = node.constant(1)!;
  const rank = from.length + axes.length;
  const added = axes.map((axis) => axisOf(axis, rank));
  return [Array.from({ length: rank }, (_, at) => (added.includes(at) ? 1 : from.shift()!))];
};

const squeezed: ShapeRule = (node, shapes) => {
  const from = shapes.of(node.input(0));
  const axes = node.constant(1)!.map((axis) => axisOf(axis, from.length));
  return [from.filter((_, at) => !axes.includes(at))];
};

const transposed: ShapeRule = (node, shapes) => {
  const from = shapes.of(node.input(0));
  return [node.ints('perm').map((axis) => from[axis]!)];
};

/** `Add` and the like, also in the functions that keep their input's shape. */
const RULES: Readonly<Record<string, ShapeRule>> = {
  Add: broadcast,
  And: broadcast,
  Cast: first,
  Clip: first,
  Concat: concatenated,
  Div: broadcast,
  Equal: broadcast,
  Exp: first,
  FusedMatMul: product,
  Gather: gathered,
  GatherElements: (node, shapes) => [shapes.of(node.input(1))],
  Greater: broadcast,
  GreaterOrEqual: broadcast,
  Identity: first,
  Less: broadcast,
  LessOrEqual: broadcast,
  Log: first,
  LogSoftmax: first,
  MatMul: product,
  Max: broadcast,
  Min: broadcast,
  Mul: broadcast,
  Neg: first,
  QuickGelu: first,
  Reciprocal: first,
  ReduceMean: reduced,
  ReduceSum: reduced,
  Reshape: reshaped,
  RotaryEmbedding: first,
  Sigmoid: first,
  SimplifiedLayerNormalization: first,
  SkipSimplifiedLayerNormalization: (node, shapes) => {
    const shape = shapes.of(node.input(0));
    return [shape, null, null, shape];
  },
  Softmax: first,
  Split: split,
  Sqrt: first,
  Squeeze: squeezed,
  Sub: broadcast,
  Transpose: transposed,
  Unsqueeze: unsqueezed,
  Where: broadcast,
};
