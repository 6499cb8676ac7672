/** Gradients of every operator with a rule against finite differences, as the runtime computes both. */
import { describe, expect, test } from '@jest/globals';
import { differentiate, NotDifferentiableError } from '../src/onnx/differentiate.js';
import { float, Graph, MICROSOFT, type Value } from '../src/onnx/graph.js';
import { elements, Shapes, UnknownShapeError } from '../src/onnx/shapes.js';
import { type PlainTensors, runGraphOn } from './support/runGraph.js';

/** Half the distance between two points: rounding costs 1e-7 / STEP, curvature STEP². */
const STEP = 1e-2;

interface Case {
  /** Shapes of the inputs that are differentiated. */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (graph: Graph, inputs: readonly Value[]) => Value | readonly Value[];
  /** Where the inputs lie: away from poles. Default: between -1 and 1. */
  readonly range?: readonly [number, number];
}

const unary = (type: string, range?: readonly [number, number]): Case => ({
  shapes: [[2, 3]],
  build: (graph, [x]) => graph.op(type, [x!]),
  ...(range && { range }),
});
const binary = (type: string, range?: readonly [number, number]): Case => ({
  shapes: [
    [2, 1, 3],
    [4, 1],
  ],
  build: (graph, [a, b]) => graph.op(type, [a!, b!]),
  ...(range && { range }),
});
const product = (a: readonly number[], b: readonly number[], transA: number, transB: number): Case => ({
  shapes: [a, b],
  build: (graph, inputs) =>
    graph.op('FusedMatMul', inputs, {
      domain: MICROSOFT,
      attributes: { transA, transB, alpha: float(0.7) },
    }),
});

const CASES: Readonly<Record<string, Case>> = {
  Identity: unary('Identity'),
  Neg: unary('Neg'),
  Exp: unary('Exp'),
  Log: unary('Log', [0.5, 2]),
  Reciprocal: unary('Reciprocal', [0.5, 2]),
  Sqrt: unary('Sqrt', [0.5, 2]),
  Sigmoid: unary('Sigmoid'),
  QuickGelu: {
    shapes: [[2, 3]],
    build: (graph, [x]) =>
      graph.op('QuickGelu', [x!], { domain: MICROSOFT, attributes: { alpha: float(1) } }),
  },
  Add: binary('Add'),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  Div: binary('Div', [0.5, 2]),
  Min: binary('Min'),
  Max: binary('Max'),
  'Add of a value to itself': { shapes: [[3]], build: (graph, [x]) => graph.op('Add', [x!, x!]) },
  'a value used three times': {
    shapes: [[3]],
    build: (graph, [x]) => graph.op('Mul', [graph.op('Mul', [x!, x!]), graph.op('Exp', [x!])]),
  },
  Where: {
    shapes: [[2, 3], [3]],
    build: (graph, [a, b]) => graph.op('Where', [graph.op('Greater', [a!, graph.float32(0)]), a!, b!]),
  },
  Clip: {
    shapes: [[2, 6]],
    build: (graph, [x]) => graph.op('Clip', [x!, graph.float32(-0.5), graph.float32(0.5)]),
  },
  'ReduceSum over an axis': {
    shapes: [[2, 3, 2]],
    build: (graph, [x]) => graph.op('ReduceSum', [x!, graph.int64([1])], { attributes: { keepdims: 0 } }),
  },
  'ReduceSum over all': { shapes: [[2, 3]], build: (graph, [x]) => graph.op('ReduceSum', [x!]) },
  ReduceMean: {
    shapes: [[2, 3, 2]],
    build: (graph, [x]) =>
      graph.op('ReduceMean', [x!, graph.int64([-1, 0])], { attributes: { keepdims: 1 } }),
  },
  Softmax: {
    shapes: [[2, 3, 4]],
    build: (graph, [x]) => graph.op('Softmax', [x!], { attributes: { axis: -1 } }),
  },
  LogSoftmax: {
    shapes: [[2, 5]],
    build: (graph, [x]) => graph.op('LogSoftmax', [x!], { attributes: { axis: -1 } }),
  },
  SimplifiedLayerNormalization: {
    shapes: [[2, 3, 4], [4]],
    build: (graph, inputs) =>
      graph.op('SimplifiedLayerNormalization', inputs, { attributes: { axis: -1, epsilon: float(0.01) } }),
  },
  SkipSimplifiedLayerNormalization: {
    shapes: [[3, 4], [3, 4], [4]],
    build: (graph, inputs) => {
      const [normed, , , sum] = graph.ops('SkipSimplifiedLayerNormalization', inputs, 4, {
        domain: MICROSOFT,
        attributes: { epsilon: float(0.01) },
        omit: [1, 2],
      });
      return [normed!, sum!];
    },
  },
  'SkipSimplifiedLayerNormalization whose sum alone is used': {
    shapes: [[3, 4], [3, 4], [4]],
    build: (graph, inputs) =>
      graph.ops('SkipSimplifiedLayerNormalization', inputs, 4, { domain: MICROSOFT, omit: [1, 2] })[3]!,
  },
  MatMul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    build: (graph, inputs) => graph.op('MatMul', inputs),
  },
  'MatMul of stacks': {
    shapes: [
      [2, 2, 3],
      [2, 3, 2],
    ],
    build: (graph, inputs) => graph.op('MatMul', inputs),
  },
  'MatMul of stacks, the second one wider': {
    shapes: [
      [2, 3, 2],
      [2, 2, 3],
    ],
    build: (graph, inputs) => graph.op('MatMul', inputs),
  },
  'MatMul of a stack with one matrix': {
    shapes: [
      [2, 2, 3],
      [3, 4],
    ],
    build: (graph, inputs) => graph.op('MatMul', inputs),
  },
  FusedMatMul: product([2, 3], [3, 4], 0, 0),
  'FusedMatMul, a transposed': product([3, 2], [3, 4], 1, 0),
  'FusedMatMul, b transposed': product([2, 3], [4, 3], 0, 1),
  'FusedMatMul, both transposed': product([3, 2], [4, 3], 1, 1),
  'FusedMatMul of stacks': product([2, 2, 3], [2, 4, 3], 0, 1),
  'FusedMatMul of a stack with one matrix': product([2, 2, 3], [4, 3], 0, 1),
  Reshape: {
    shapes: [[2, 6]],
    build: (graph, [x]) => graph.op('Reshape', [x!, graph.int64([0, -1, 2])]),
  },
  Squeeze: { shapes: [[2, 1, 3]], build: (graph, [x]) => graph.op('Squeeze', [x!, graph.int64([1])]) },
  Unsqueeze: { shapes: [[2, 3]], build: (graph, [x]) => graph.op('Unsqueeze', [x!, graph.int64([0, -1])]) },
  Transpose: {
    shapes: [[2, 3, 4]],
    build: (graph, [x]) => graph.op('Transpose', [x!], { attributes: { perm: [2, 0, 1] } }),
  },
  Split: {
    shapes: [[2, 5]],
    build: (graph, [x]) => graph.ops('Split', [x!, graph.int64([2, 3])], 2, { attributes: { axis: -1 } }),
  },
  'Split with an unused part': {
    shapes: [[2, 5]],
    build: (graph, [x]) => graph.ops('Split', [x!, graph.int64([2, 3])], 2, { attributes: { axis: -1 } })[1]!,
  },
  Concat: {
    shapes: [
      [2, 2],
      [2, 3],
    ],
    build: (graph, inputs) => graph.op('Concat', inputs, { attributes: { axis: -1 } }),
  },
  Gather: {
    shapes: [[4, 3]],
    build: (graph, [table]) => graph.op('Gather', [table!, graph.int64([2, 0, 2, 2])]),
  },
  GatherElements: {
    shapes: [[3, 4]],
    build: (graph, [x]) => {
      const column = graph.op('Unsqueeze', [graph.int64([3, 0, 3]), graph.int64([1])]);
      return graph.op('GatherElements', [x!, column], { attributes: { axis: -1 } });
    },
  },
  RotaryEmbedding: {
    shapes: [[1, 3, 8]],
    build: (graph, [x]) => {
      const positions = graph.op('Unsqueeze', [graph.int64([0, 1, 2]), graph.int64([0])]);
      const table = (name: string, wave: (angle: number) => number) =>
        graph.weight({
          name,
          type: 'float32',
          dims: [3, 2],
          chunks: () => [new Uint8Array(Float32Array.from({ length: 6 }, (_, at) => wave(at)).buffer)],
        });
      return graph.op('RotaryEmbedding', [x!, positions, table('cos', Math.cos), table('sin', Math.sin)], {
        domain: MICROSOFT,
      });
    },
  },
};

/** Numbers that look random and never repeat: multiples of the golden ratio, modulo 1. */
const spread = (at: number) => (0.618033988749895 * (at + 1)) % 1;

describe.each(Object.entries(CASES))('%s', (_, { shapes, build, range = [-1, 1] }) => {
  test('has the gradient that finite differences have', async () => {
    const graph = new Graph('case');
    const names = shapes.map((_, at) => `x${at}`);
    const inputs = names.map((name, at) => graph.input(name, 'float32', shapes[at]!));
    const built = build(graph, inputs);
    const loss = weightedSum(graph, Array.isArray(built) ? built : [built as Value]);
    graph.output(loss, 'float32', [], 'loss');
    for (const [at, gradient] of differentiate(graph, loss, inputs).entries()) {
      graph.output(gradient, 'float32', shapes[at]!, `gradient${at}`);
    }
    const sizes = shapes.map(elements);
    const start = sizes.map((size, input) =>
      Float32Array.from(
        { length: size },
        (_, at) => range[0] + (range[1] - range[0]) * spread(97 * input + at),
      ),
    );
    const feeds = (input: number, at: number, move: number): PlainTensors =>
      Object.fromEntries(
        names.map((name, which) => {
          const data = start[which]!.slice();
          if (which === input) data[at]! += move;
          return [name, { type: 'float32', data, dims: shapes[which]! }];
        }),
      );
    const moves = sizes.flatMap((size, input) =>
      Array.from({ length: size }, (_, at) => [feeds(input, at, STEP), feeds(input, at, -STEP)]),
    );
    const [unmoved, ...moved] = await runGraphOn(graph, [feeds(-1, 0, 0), ...moves.flat()]);
    const losses = moved.map((results) => Number(results.loss!.data[0]));
    const expected = moves.map((_, at) => (losses[2 * at]! - losses[2 * at + 1]!) / (2 * STEP));
    const gradients = names.flatMap((_, at) => [...(unmoved![`gradient${at}`]!.data as Float32Array)]);
    expect(gradients).toHaveLength(expected.length);
    expect(Math.max(...gradients.map(Math.abs))).toBeGreaterThan(0.1);
    for (const [at, gradient] of gradients.entries())
      expect(Math.abs(gradient - expected[at]!)).toBeLessThan(4e-3);
  });
});

/** A scalar that weighs every element of `values` differently. */
function weightedSum(graph: Graph, values: readonly Value[]): Value {
  const shapes = new Shapes(graph);
  const sums = values.map((value, which) => {
    const dims = shapes.of(value);
    const numbers = Float32Array.from({ length: elements(dims) }, (_, at) => 0.5 + spread(13 * which + at));
    const chunks = () => [new Uint8Array(numbers.buffer)];
    const weights = graph.weight({ name: `weights${which}`, type: 'float32', dims, chunks });
    return graph.op('ReduceSum', [graph.op('Mul', [value, weights])], { attributes: { keepdims: 0 } });
  });
  return sums.reduce((sum, part) => graph.op('Add', [sum, part]));
}

describe('differentiate', () => {
  test('gives zeros for what the loss does not depend on, and ignores operators beside the path', async () => {
    const graph = new Graph('beside');
    const [x, unused] = [graph.input('x', 'float32', [2]), graph.input('unused', 'float32', [2])];
    graph.output(graph.op('Sin', [unused]), 'float32', [2], 'sine');
    const loss = graph.op('ReduceSum', [graph.op('Mul', [x, x])], { attributes: { keepdims: 0 } });
    const [ofX, ofUnused] = differentiate(graph, loss, [x, unused]);
    graph.output(ofX!, 'float32', [2], 'ofX');
    graph.output(ofUnused!, 'float32', [2], 'ofUnused');
    const numbers = { type: 'float32', data: Float32Array.of(3, -1), dims: [2] } as const;
    const [results] = await runGraphOn(graph, [{ x: numbers, unused: numbers }]);
    expect([...results!.ofX!.data]).toEqual([6, -2]);
    expect([...results!.ofUnused!.data]).toEqual([0, 0]);
  });

  test('names the operator that has no rule', () => {
    const graph = new Graph('sine');
    const x = graph.input('x', 'float32', [2]);
    const loss = graph.op('ReduceSum', [graph.op('Sin', [x])]);
    expect(() => differentiate(graph, loss, [x])).toThrow(NotDifferentiableError);
    expect(() => differentiate(graph, loss, [x])).toThrow(/Sin/);
  });

  test('names the value whose shape only a run would tell', () => {
    const graph = new Graph('named');
    const x = graph.input('x', 'float32', ['rows', 2]);
    const loss = graph.op('ReduceSum', [graph.op('Mul', [x, x])]);
    expect(() => differentiate(graph, loss, [x])).toThrow(UnknownShapeError);
  });
});
