/** Gradients of operators that move elements and compute none. */
import { MICROSOFT, type Value } from '../graph.js';
import { axisOf } from '../shapes.js';
import { type BackwardNode, flattened, type GradientRule, gradientOf, zeros } from './rule.js';

/** Back to the shape of the input; the rest of the inputs are shapes and axes. */
const reshaped: GradientRule = (step) => {
  const { graph, node, shapes } = step;
  return [() => graph.op('Reshape', [gradientOf(step), graph.int64(shapes.of(node.input(0)))]), null];
};

const transposed: GradientRule = (step) => {
  const perm = step.node.ints('perm');
  const back = perm.map((_, at) => perm.indexOf(at));
  return [() => step.graph.op('Transpose', [gradientOf(step)], { attributes: { perm: back } })];
};

const split: GradientRule = (step) => {
  const { graph, node, shapes, gradients } = step;
  const part = (at: number) => gradients[at] ?? zeros(graph, shapes.of(node.output(at)));
  return [
    () =>
      graph.op(
        'Concat',
        node.outputs.map((_, at) => part(at)),
        { attributes: { axis: node.int('axis', 0) } },
      ),
    null,
  ];
};

const concatenated: GradientRule = (step) => {
  const { graph, node, shapes } = step;
  const axis = axisOf(node.int('axis', 0), shapes.of(node.output(0)).length);
  const sizes = node.inputs.map((_, at) => shapes.of(node.input(at))[axis]!);
  let parts: Value[] | null = null;
  return sizes.map((_, at) => () => {
    parts ??= graph.ops('Split', [gradientOf(step), graph.int64(sizes)], sizes.length, {
      attributes: { axis },
    });
    return parts[at]!;
  });
};

/** `[…, depth]`: 1 at each index. */
function oneHot({ graph }: BackwardNode, indices: Value, depth: number): Value {
  const off = graph.op('Unsqueeze', [graph.float32(0), graph.int64([0])]);
  const on = graph.op('Unsqueeze', [graph.float32(1), graph.int64([0])]);
  const values = graph.op('Concat', [off, on], { attributes: { axis: 0 } });
  return graph.op('OneHot', [indices, graph.int64(depth), values], { attributes: { axis: -1 } });
}

/**
 * Rows of a table: a product with one-hot rows adds up what each row was used for. Scattering would add in an order that
 * depends on the threads.
 */
const gathered: GradientRule = (step) => {
  const { graph, node, shapes } = step;
  if (node.int('axis', 0) !== 0) throw new RangeError('Gather has a gradient along axis 0 only');
  return [
    () => {
      const table = shapes.of(node.input(0));
      const indices = graph.op('Reshape', [node.input(1), graph.int64([-1])]);
      const rows = flattened(graph, gradientOf(step), shapes.of(node.output(0)));
      const hot = oneHot(step, indices, table[0]!);
      return graph.op('FusedMatMul', [hot, rows], { domain: MICROSOFT, attributes: { transA: 1 } });
    },
    null,
  ];
};

/** One element of each row: `[…, n]` at indices `[…, 1]`. */
const gatheredElement: GradientRule = (step) => {
  const { graph, node, shapes } = step;
  const data = shapes.of(node.input(0));
  const indices = shapes.of(node.input(1));
  if (axisOf(node.int('axis', 0), data.length) !== data.length - 1 || indices.at(-1) !== 1) {
    throw new RangeError('GatherElements has a gradient for one element of the last axis only');
  }
  return [
    () => {
      const hot = oneHot(step, graph.op('Squeeze', [node.input(1), graph.int64([-1])]), data.at(-1)!);
      return graph.op('Mul', [hot, gradientOf(step)]);
    },
    null,
  ];
};

/** Rotation by the opposite angles. Positions and tables have no gradient. */
const rotated: GradientRule = (step) => {
  const { graph, node } = step;
  const back = () =>
    graph.op(
      'RotaryEmbedding',
      [gradientOf(step), node.input(1), node.input(2), graph.op('Neg', [node.input(3)])],
      {
        domain: MICROSOFT,
        attributes: {
          num_heads: node.int('num_heads', 0),
          interleaved: node.int('interleaved', 0),
          rotary_embedding_dim: node.int('rotary_embedding_dim', 0),
        },
      },
    );
  return [back, null, null, null];
};

export const MOVES: Readonly<Record<string, GradientRule>> = {
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transposed,
  Split: split,
  Concat: concatenated,
  Gather: gathered,
  GatherElements: gatheredElement,
  RotaryEmbedding: rotated,
};
