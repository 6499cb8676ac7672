/** Gradients of elementwise operators. */
import type { Value } from '../graph.js';
import { type BackwardNode, type GradientRule, gradientOf, unbroadcast } from './rule.js';

/** A function of one input: its gradient is the output's times a factor. */
function unary(factor: (step: BackwardNode, x: Value, y: Value) => Value): GradientRule {
  return (step) => [
    () => step.graph.op('Mul', [gradientOf(step), factor(step, step.node.input(0), step.node.output(0))]),
  ];
}

/** An operator that broadcasts its inputs: `parts` are their gradients in the shape of the output. */
function broadcasting(parts: (step: BackwardNode) => readonly ((() => Value) | null)[]): GradientRule {
  return (step) => {
    const { graph, node, shapes } = step;
    const from = () => shapes.of(node.output(0));
    return parts(step).map((part, at) =>
      part === null ? null : () => unbroadcast(graph, part(), from(), shapes.of(node.input(at))),
    );
  };
}

/** `gradient` where the condition holds, else 0. */
function masked({ graph }: BackwardNode, condition: Value, gradient: Value, holds: boolean): Value {
  const zero = graph.float32(0);
  return graph.op('Where', holds ? [condition, gradient, zero] : [condition, zero, gradient]);
}

/** The input that is taken gets the gradient; of equal ones the first. */
const extreme = (comparison: 'LessOrEqual' | 'GreaterOrEqual'): GradientRule =>
  broadcasting((step) => {
    const first = step.graph.op(comparison, [step.node.input(0), step.node.input(1)]);
    return [
      () => masked(step, first, gradientOf(step), true),
      () => masked(step, first, gradientOf(step), false),
    ];
  });

/** x · sigmoid(a x): its derivative is s + a x s (1 - s). */
function quickGelu({ graph, node }: BackwardNode, x: Value): Value {
  const scaled = graph.op('Mul', [x, graph.float32(node.float('alpha', 1.702))]);
  const gate = graph.op('Sigmoid', [scaled]);
  const rest = graph.op('Mul', [scaled, graph.op('Sub', [graph.float32(1), gate])]);
  return graph.op('Mul', [gate, graph.op('Add', [graph.float32(1), rest])]);
}

/** A condition is constant but where it jumps. */
const condition: GradientRule = () => [];

export const ELEMENTWISE: Readonly<Record<string, GradientRule>> = {
  Identity: (step) => [() => gradientOf(step)],
  Neg: (step) => [() => step.graph.op('Neg', [gradientOf(step)])],
  Exp: unary((_, __, y) => y),
  Log: unary(({ graph }, x) => graph.op('Reciprocal', [x])),
  Reciprocal: unary(({ graph }, _, y) => graph.op('Neg', [graph.op('Mul', [y, y])])),
  Sqrt: unary(({ graph }, _, y) => graph.op('Div', [graph.float32(0.5), y])),
  Sigmoid: unary(({ graph }, _, y) => graph.op('Mul', [y, graph.op('Sub', [graph.float32(1), y])])),
  QuickGelu: unary(quickGelu),
  Add: broadcasting((step) => [() => gradientOf(step), () => gradientOf(step)]),
  Sub: broadcasting((step) => [() => gradientOf(step), () => step.graph.op('Neg', [gradientOf(step)])]),
  Mul: broadcasting((step) => [
    () => step.graph.op('Mul', [gradientOf(step), step.node.input(1)]),
    () => step.graph.op('Mul', [gradientOf(step), step.node.input(0)]),
  ]),
  Div: broadcasting((step) => {
    const { graph, node } = step;
    const byDivisor = () => graph.op('Div', [gradientOf(step), node.input(1)]);
    return [byDivisor, () => graph.op('Neg', [graph.op('Mul', [byDivisor(), node.output(0)])])];
  }),
  Min: extreme('LessOrEqual'),
  Max: extreme('GreaterOrEqual'),
  Where: broadcasting((step) => {
    const condition = step.node.input(0);
    return [
      null,
      () => masked(step, condition, gradientOf(step), true),
      () => masked(step, condition, gradientOf(step), false),
    ];
  }),
  And: condition,
  Equal: condition,
  Greater: condition,
  GreaterOrEqual: condition,
  Less: condition,
  LessOrEqual: condition,
  Clip: (step) => {
    const { graph, node } = step;
    const inside = () =>
      graph.op('And', [
        graph.op('GreaterOrEqual', [node.input(0), node.input(1)]),
        graph.op('LessOrEqual', [node.input(0), node.input(2)]),
      ]);
    return [() => masked(step, inside(), gradientOf(step), true), null, null];
  },
};
