/** Reverse-mode differentiation: appends to a graph the nodes that compute gradients of a loss. */
import { BoxedError } from '../errors.js';
import { ELEMENTWISE } from './gradients/elementwise.js';
import { MOVES } from './gradients/moves.js';
import { PRODUCTS } from './gradients/products.js';
import { REDUCTIONS } from './gradients/reductions.js';
import type { GradientRule } from './gradients/rule.js';
import type { Graph, Value } from './graph.js';
import { NodeReader } from './nodeReader.js';
import { Shapes } from './shapes.js';

const RULES: Readonly<Record<string, GradientRule>> = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...PRODUCTS,
  ...MOVES,
};

/** The loss depends on a value through an operator that has no rule. */
export class NotDifferentiableError extends BoxedError {
  override readonly name = 'NotDifferentiableError';
}

/**
 * Gradients of `loss`, a scalar, with respect to each of `values`, in their order and of their shapes. Their shapes, and
 * those of everything between them and the loss, must be numbers. A value that the loss does not depend on has a gradient of zeros.
 * Only what lies on a path from one of `values` to the loss is differentiated.
 * @throws NotDifferentiableError, UnknownShapeError
 */
export function differentiate(graph: Graph, loss: Value, values: readonly Value[]): Value[] {
  const nodes = graph.nodes.map((message) => new NodeReader(graph, message));
  const active = activeValues(nodes, values);
  const path = pathBack(loss, nodes, active);
  const shapes = new Shapes(graph);
  const sums = new Map<Value, Value[]>([[loss, [graph.float32(1)]]]);
  const total = (value: Value | null): Value | null => {
    const parts = value === null ? undefined : sums.get(value);
    if (parts === undefined) return null;
    if (parts.length > 1) parts.splice(0, parts.length, graph.op(parts.length === 2 ? 'Add' : 'Sum', parts));
    return parts[0]!;
  };

  for (const { node, rule } of path) {
    const parts = rule({ graph, node, shapes, gradients: node.outputs.map(total) });
    for (const [at, input] of node.inputs.entries()) {
      const part = parts[at] ?? null;
      if (input === null || part === null || !active.has(input)) continue;
      const known = sums.get(input);
      if (known === undefined) sums.set(input, [part()]);
      else known.push(part());
    }
  }
  return values.map((value) => total(value) ?? graph.op('ConstantOfShape', [graph.int64(shapes.of(value))]));
}

/** Everything that depends on one of `values`. */
function activeValues(nodes: readonly NodeReader[], values: readonly Value[]): Set<Value> {
  const active = new Set(values);
  for (const { inputs, outputs } of nodes) {
    if (!inputs.some((input) => input !== null && active.has(input))) continue;
    for (const output of outputs) if (output !== null) active.add(output);
  }
  return active;
}

/** The nodes by which `loss` depends on an active value, last ones first, with their rules. @throws NotDifferentiableError */
function pathBack(loss: Value, nodes: readonly NodeReader[], active: ReadonlySet<Value>) {
  const reaching = new Set([loss]);
  const path: { node: NodeReader; rule: GradientRule }[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => output !== null && active.has(output) && reaching.has(output)))
      continue;
    const rule = RULES[node.type];
    if (rule === undefined) {
      throw new NotDifferentiableError(
        `${node.type} has no gradient`,
        'Compute the loss without it, or add its rule under src/onnx/gradients.',
      );
    }
    path.push({ node, rule });
    for (const input of node.inputs) if (input !== null) reaching.add(input);
  }
  return path;
}
