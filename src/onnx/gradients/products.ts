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
 * `alpha · aᵀ · b` of two stacks. The runtime packs its second factor and is quicker with the wider matrix there, so that a wide `a` is
 * multiplied from the left by `b` and the small result is transposed.
 */
function transposedTimes(
  step: BackwardNode,
  a: Value,
  b: Value,
  widths: Widths | null,
  alpha: number,
): Value {
  const transposed = { transA: true, transB: false, alpha };
  if (widths === null || widths.a <= widths.b) return times(step, a, b, transposed);
  const perm = [...Array(widths.rank - 2).keys(), widths.rank - 1, widths.rank - 2];
  return step.graph.op('Transpose', [times(step, b, a, transposed)], { attributes: { perm } });
}

/** Columns of two stacks of the same rank. */
interface Widths {
  readonly rank: number;
  readonly a: number;
  readonly b: number;
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
    if (transA)
      return times(step, transB ? out : rows, transB ? rows : out, { transA: transB, transB, alpha });
    const rank = shapes.of(a).length;
    const [inner, outer] = [shapes.of(a).at(-1)!, shapes.of(node.output(0)).at(-1)!];
    const isStack = rank > 2 && !isShared;
    return transB
      ? transposedTimes(step, out, rows, isStack ? { rank, a: outer, b: inner } : null, alpha)
      : transposedTimes(step, rows, out, isStack ? { rank, a: inner, b: outer } : null, alpha);
  };
  return [ofA, ofB];
};

export const PRODUCTS: Readonly<Record<string, GradientRule>> = { MatMul: product, FusedMatMul: product };
