/** Gradients of matrix products. */
import { float, MICROSOFT, type Value } from '../graph.js';
import { type BackwardNode, flattened, type GradientRule, gradientOf } from './rule.js';

/** `alpha · a · b`, either one transposed in its last two dimensions. */
function times(
  { graph }: BackwardNode,
  a: Value,
  b: Value,
  { transA, transB, alpha }: { transA: boolean; transB: boolean; alpha: number },
): Value {
  if (!transA && !transB && alpha === 1) return graph.op('MatMul', [a, b]);
  return graph.op('FusedMatMul', [a, b], {
    domain: MICROSOFT,
    attributes: { transA: Number(transA), transB: Number(transB), alpha: float(alpha) },
  });
}

/**
 * Y = α A' B', where A' is A or its transpose and so is B'. The gradient of A' is α G B'ᵀ and that of B' is α A'ᵀ G;
 * transposing what belongs to a transposed side gives that of A and B themselves.
 */
const product: GradientRule = (step) => {
  const { graph, node, shapes } = step;
  const [a, b, g] = [node.input(0), node.input(1), gradientOf(step)];
  const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
  const alpha = node.float('alpha', 1);
  const ofA = () =>
    transA
      ? times(step, b, g, { transA: transB, transB: true, alpha })
      : times(step, g, b, { transA: false, transB: !transB, alpha });
  const ofB = () => {
    // One matrix for all rows of A: what each row of A adds is summed by the product itself.
    const isShared = shapes.of(b).length === 2 && shapes.of(a).length > 2;
    if (isShared && transA)
      throw new RangeError('a product of a transposed stack with one matrix has no gradient');
    const rows = isShared ? flattened(graph, a, shapes.of(a)) : a;
    const out = isShared ? flattened(graph, g, shapes.of(node.output(0))) : g;
    return transB
      ? times(step, out, rows, { transA: true, transB: transA, alpha })
      : times(step, rows, out, { transA: !transA, transB: false, alpha });
  };
  return [ofA, ofB];
};

export const PRODUCTS: Readonly<Record<string, GradientRule>> = { MatMul: product, FusedMatMul: product };
