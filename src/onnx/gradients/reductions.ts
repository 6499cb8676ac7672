/** Gradients of sums over axes and of what is built on them: softmax and normalisations. */
import type { Value } from '../graph.js';
import { axisOf, elements, type Shape } from '../shapes.js';
import { type BackwardNode, type GradientRule, gradientOf, once, unbroadcast } from './rule.js';

/** Every element gets its sum's gradient, times `weight` of the number of elements in the sum. */
function reduction(weight: (count: number) => number): GradientRule {
  return (step) => {
    const { graph, node, shapes } = step;
    return [
      () => {
        const shape = shapes.of(node.input(0));
        const axes = (node.constant(1) ?? [...shape.keys()]).map((axis) => axisOf(axis, shape.length));
        const kept: Shape = shape.map((size, at) => (axes.includes(at) ? 1 : size));
        const column =
          node.int('keepdims', 1) === 1
            ? gradientOf(step)
            : graph.op('Reshape', [gradientOf(step), graph.int64(kept)]);
        const factor = weight(elements(shape) / elements(kept));
        const scaled = factor === 1 ? column : graph.op('Mul', [column, graph.float32(factor)]);
        return graph.op('Expand', [scaled, graph.int64(shape)]);
      },
      null,
    ];
  };
}

/** Sum over the last axis, which is kept. */
function lastSum({ graph }: BackwardNode, x: Value): Value {
  return graph.op('ReduceSum', [x, graph.int64([-1])], { attributes: { keepdims: 1 } });
}

/** Softmax over the last axis: p (g - Σ g p). */
const softmax: GradientRule = (step) => {
  const { graph, node } = step;
  return [
    () => {
      const p = node.output(0);
      const weighted = graph.op('Mul', [gradientOf(step), p]);
      return graph.op('Sub', [weighted, graph.op('Mul', [p, lastSum(step, weighted)])]);
    },
  ];
};

/** Its logarithm: g - p Σ g. */
const logSoftmax: GradientRule = (step) => {
  const { graph, node } = step;
  return [
    () => {
      const p = graph.op('Exp', [node.output(0)]);
      return graph.op('Sub', [gradientOf(step), graph.op('Mul', [p, lastSum(step, gradientOf(step))])]);
    },
  ];
};

/**
 * y = n w with n = x r and r = (mean x² + ε)^-½ (RMSNorm, arXiv 1910.07467): the gradient of x is r (h - n mean(h n)) with
 * h = g w, that of w is the sum of g n. `x` is the normalised input, `g` the gradient of y.
 */
function rmsNorm(step: BackwardNode, x: Value, scale: Value, epsilon: number, g: Value) {
  const { graph, shapes } = step;
  const mean = (value: Value) =>
    graph.op('ReduceMean', [value, graph.int64([-1])], { attributes: { keepdims: 1 } });
  const inverse = once(() =>
    graph.op('Reciprocal', [
      graph.op('Sqrt', [graph.op('Add', [mean(graph.op('Mul', [x, x])), graph.float32(epsilon)])]),
    ]),
  );
  const normed = once(() => graph.op('Mul', [x, inverse()]));
  return {
    ofInput: () => {
      const h = graph.op('Mul', [g, scale]);
      const along = graph.op('Mul', [normed(), mean(graph.op('Mul', [h, normed()]))]);
      return graph.op('Mul', [inverse(), graph.op('Sub', [h, along])]);
    },
    ofScale: (shape: Shape) => unbroadcast(graph, graph.op('Mul', [g, normed()]), shape, shapes.of(scale)),
  };
}

const normalisation: GradientRule = (step) => {
  const { node, shapes } = step;
  const [x, scale] = [node.input(0), node.input(1)];
  const norm = rmsNorm(step, x, scale, node.float('epsilon', 1e-5), gradientOf(step));
  return [norm.ofInput, () => norm.ofScale(shapes.of(x))];
};

/** The same of x + skip, which is an output as well. */
const skipNormalisation: GradientRule = (step) => {
  const { graph, node, shapes, gradients } = step;
  const [ofNormed, ofSum] = [gradients[0] ?? null, gradients[3] ?? null];
  const scale = node.input(2);
  if (ofNormed === null) return [() => ofSum!, () => ofSum!, () => zeroScale(step)];
  const norm = rmsNorm(step, sumOf(step), scale, node.float('epsilon', 1e-12), ofNormed);
  const both = once(() => (ofSum === null ? norm.ofInput() : graph.op('Add', [norm.ofInput(), ofSum])));
  return [both, both, () => norm.ofScale(shapes.of(node.input(0)))];
};

/** x + skip, which the node gives unless nobody asked for it. */
function sumOf({ graph, node }: BackwardNode): Value {
  return node.outputs[3] ?? graph.op('Add', [node.input(0), node.input(1)]);
}

function zeroScale({ graph, node, shapes }: BackwardNode): Value {
  return graph.op('ConstantOfShape', [graph.int64(shapes.of(node.input(2)))]);
}

export const REDUCTIONS: Readonly<Record<string, GradientRule>> = {
  ReduceSum: reduction(() => 1),
  ReduceMean: reduction((count) => 1 / count),
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  SimplifiedLayerNormalization: normalisation,
  SkipSimplifiedLayerNormalization: skipNormalisation,
};
