/** What a rule of differentiation is given, and what it gives back. */
import type { Graph, Value } from '../graph.js';
import type { NodeReader } from '../nodeReader.js';
import { elements, type Shape, type Shapes } from '../shapes.js';

/** One node on the way back from the loss; rules append what they need to `graph`. */
export interface BackwardNode {
  readonly graph: Graph;
  readonly node: NodeReader;
  readonly shapes: Shapes;
  /** Gradient of each output, of that output's shape; `null` where the loss does not depend on it. */
  readonly gradients: readonly (Value | null)[];
}

/**
 * By input of the node: a function that appends the gradient of the loss with respect to it, of that input's shape, or
 * `null` for one that has none (indices, shapes, conditions). Only the functions of inputs that matter are called.
 */
export type GradientRule = (step: BackwardNode) => readonly ((() => Value) | null)[];

/** The gradient of a node's only output. */
export function gradientOf({ gradients, node }: BackwardNode): Value {
  const gradient = gradients[0] ?? null;
  if (gradient === null) throw new RangeError(`${node.type} has no gradient of its first output`);
  return gradient;
}

/** `make`, called once. */
export function once(make: () => Value): () => Value {
  let made: Value | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Sums `gradient`, of shape `from`, over what broadcasting `to` repeated: a value of shape `to`. */
export function unbroadcast(graph: Graph, gradient: Value, from: Shape, to: Shape): Value {
  const lead = from.length - to.length;
  const repeated = [...from.keys()].filter((at) => (to[at - lead] ?? 1) === 1 && from[at] !== 1);
  const summed =
    repeated.length === 0
      ? gradient
      : graph.op('ReduceSum', [gradient, graph.int64(repeated)], { attributes: { keepdims: 1 } });
  return lead === 0 ? summed : graph.op('Reshape', [summed, graph.int64(to)]);
}

/** Zeros of a shape. */
export function zeros(graph: Graph, shape: Shape): Value {
  return graph.op('ConstantOfShape', [graph.int64(shape)]);
}

/** `[rows, last]`: all leading dimensions in one. */
export function flattened(graph: Graph, value: Value, shape: Shape): Value {
  if (shape.length === 2) return value;
  const last = shape.at(-1)!;
  return graph.op('Reshape', [value, graph.int64([elements(shape) / last, last])]);
}
