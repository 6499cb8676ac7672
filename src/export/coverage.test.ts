import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { float, Graph, MICROSOFT, type Value } from '../onnx/graph.js';
import type { ElementType } from '../onnx/schema.js';
import { checkCudaCoverage, UncoveredKernelError, type UncoveredNode } from './coverage.js';
import { CUDA_OPERATORS, KERNELS_VERSION } from './kernels.js';

/** Nodes without a kernel in a graph that `build` makes from an input of each type. */
function uncovered(
  build: (graph: Graph, input: (type: ElementType) => Value) => readonly [Value, ElementType],
): readonly UncoveredNode[] {
  const graph = new Graph('g');
  let inputs = 0;
  const [result, type] = build(graph, (type) => {
    inputs += 1;
    return graph.input(`input.${inputs}`, type, ['n']);
  });
  graph.output(result, type, undefined, 'result');
  try {
    checkCudaCoverage(graph);
    return [];
  } catch (error) {
    if (error instanceof UncoveredKernelError) return error.nodes;
    throw error;
  }
}

test('the table is of the version of onnxruntime in use', async () => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(manifest.dependencies['onnxruntime-node']).toBe(KERNELS_VERSION);
});

describe('nodes without a CUDA kernel', () => {
  test('an operator that CUDA does not have', () => {
    const nodes = uncovered((graph, input) => [
      graph.op('Multinomial', [input('float32')], { attributes: { sample_size: 1 } }),
      'int32',
    ]);
    expect(nodes).toMatchObject([{ operator: 'Multinomial', opset: 21, found: ['float32'] }]);
  });

  test.each<[string, ElementType, ElementType[], number]>([
    ['ArgMax', 'int64', ['int64'], 13],
    ['Where', 'bool', ['bool', 'bool', 'bool'], 16],
    ['Range', 'float16', ['float16', 'float16', 'float16'], 11],
    ['MatMul', 'int32', ['int32', 'int32'], 13],
  ])('%s of %s', (operator, result, types) => {
    const nodes = uncovered((graph, input) => [
      graph.op(
        operator,
        types.map((type) => input(type)),
      ),
      result,
    ]);
    expect(nodes).toMatchObject([{ operator, found: types }]);
  });

  test('a type that was only inferred, through a cast, a comparison and a selection', () => {
    const nodes = uncovered((graph, input) => {
      const less = graph.op('Less', [input('float32'), input('float32')]);
      const halves = graph.op('Cast', [input('float32')], { attributes: { to: 10 } });
      const both = graph.op('Where', [less, graph.op('Neg', [halves]), halves]);
      return [graph.op('MatMul', [graph.op('Exp', [both]), input('float32')]), 'float32'];
    });
    expect(nodes).toMatchObject([{ operator: 'MatMul', found: ['float16', 'float32'] }]);
  });

  test('a kernel that begins with a later operator set', () => {
    const nodes = uncovered((graph, input) => [
      graph.op('RotaryEmbedding', [input('float32'), input('float32'), input('float32'), input('int64')]),
      'float32',
    ]);
    expect(nodes).toMatchObject([{ operator: 'RotaryEmbedding', taken: 'kernels are of 23+' }]);
  });

  test('fp32 attention with pages, and quantized products with an index of groups', () => {
    const paged = uncovered((graph, input) => {
      const [query, key, value, keyCache, valueCache] = Array.from({ length: 5 }, () => input('float32'));
      const counts = Array.from({ length: 3 }, () => input('int32'));
      return [
        graph.op('PagedAttention', [query!, key!, value!, keyCache!, valueCache!, ...counts], {
          domain: MICROSOFT,
        }),
        'float32',
      ];
    });
    expect(paged.map(({ operator, opset }) => [operator, opset])).toEqual([['PagedAttention', 1]]);
    const product = (last: readonly ElementType[]) =>
      uncovered((graph, input) => {
        const [x, matrix, scales] = [input('float16'), input('uint8'), input('float16')];
        return [
          graph.op('MatMulNBits', [x, matrix, scales, null, ...last.map((type) => input(type))], {
            domain: MICROSOFT,
          }),
          'float16',
        ];
      });
    expect(product([])).toEqual([]);
    expect(product(['int32'])).toHaveLength(1);
  });

  test('inside a body, and what comes out of one', () => {
    const nodes = uncovered((graph, input) => {
      const body = new Graph('body', graph);
      body.input('at', 'int64', []);
      const goOn = body.input('go_on', 'bool', []);
      const carried = body.input('carried', 'int64', ['n']);
      body.output(goOn, 'bool', []);
      body.output(body.op('ArgMax', [carried]), 'int64');
      const [result] = graph.ops('Loop', [graph.int64(3), graph.bool(true), input('int64')], 1, {
        attributes: { body },
      });
      return [graph.op('Softmax', [result!]), 'int64'];
    });
    expect(nodes.map(({ operator, found }) => [operator, found])).toEqual([
      ['ArgMax', ['int64']],
      ['Softmax', ['int64']],
    ]);
  });

  test('a value that nothing declares, which no type can be checked of', () => {
    const other = new Graph('other').input('stray', 'float32', ['n']);
    const nodes = uncovered((graph) => [graph.op('Exp', [graph.op('Exp', [other])]), 'float32']);
    expect(nodes).toMatchObject([{ operator: 'Exp', taken: 'nothing says what type stray has' }]);
  });

  test('the error names node, operator, operator set, types found and types taken', () => {
    const graph = new Graph('g');
    graph.output(graph.op('ArgMax', [graph.input('x', 'int64', ['n'])]), 'int64');
    expect(() => checkCudaCoverage(graph)).toThrow(UncoveredKernelError);
    expect(() => checkCudaCoverage(graph)).toThrow(
      `node/ArgMax_2: ArgMax of opset 21 on (int64); a kernel takes T: float32 or float16 or float64, int64: int64`,
    );
  });

  test('the error counts what it does not name', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'int64', ['n']);
    for (let at = 0; at < 15; at += 1) graph.output(graph.op('ArgMax', [x]), 'int64');
    expect(() => checkCudaCoverage(graph)).toThrow(/^15 nodes have[\s\S]*\n {2}and 5 more$/);
  });
});

describe('nodes that prepare what the host needs', () => {
  const shapeOf = (graph: Graph, x: Value) => graph.op('Shape', [x], { attributes: { start: 0, end: 1 } });

  test('are no fault where all that they read and make lies with the host', () => {
    const nodes = uncovered((graph, input) => {
      const x = input('float32');
      const odd = graph.op('Mod', [shapeOf(graph, x), graph.int64([2])]);
      const target = graph.op('Mod', [odd, graph.int64([7])]);
      return [graph.op('Reshape', [x, target]), 'float32'];
    });
    expect(nodes).toEqual([]);
  });

  test('are faults where a result is read on the device, or something is read from there', () => {
    const readThere = uncovered((graph, input) => {
      const x = input('float32');
      const length = graph.op('Mod', [shapeOf(graph, x), graph.int64([2])]);
      const reshaped = graph.op('Reshape', [x, length]);
      return [graph.op('Gather', [reshaped, length]), 'float32'];
    });
    expect(readThere.map(({ operator }) => operator)).toEqual(['Mod']);
    const fromThere = uncovered((graph, input) => {
      const x = input('float32');
      const counts = graph.op('Mod', [graph.op('Neg', [input('int64')]), graph.int64([2])]);
      return [graph.op('Reshape', [x, counts]), 'float32'];
    });
    expect(fromThere.map(({ operator }) => operator)).toEqual(['Mod']);
  });

  test('are faults where a body reads an input of the graph, which lies on the device by then', () => {
    const inBody = (captured: boolean) =>
      uncovered((graph, input) => {
        const x = input('float32');
        const size = input('int64');
        const body = new Graph('body', graph);
        const at = body.input('at', 'int64', []);
        body.output(body.input('go_on', 'bool', []), 'bool', []);
        const target = body.op('Mod', [captured ? size : at, graph.int64(2)]);
        body.output(body.op('Reshape', [x, target]), 'float32');
        const [result] = graph.ops('Loop', [graph.int64(3), graph.bool(true), x], 1, {
          attributes: { body },
        });
        return [result!, 'float32'];
      });
    expect(inBody(false)).toEqual([]);
    expect(inBody(true).map(({ operator }) => operator)).toEqual(['Mod']);
  });
});

test('a decoder step in fp16 with pages and quantized matrices is covered', () => {
  const nodes = uncovered((graph, input) => {
    const half = () => input('float16');
    const tokens = input('int64');
    const [counts, lengths, blocks] = [input('int32'), input('int32'), input('int32')];
    const embedded = graph.op('GatherBlockQuantized', [input('uint8'), tokens, half()], {
      domain: MICROSOFT,
    });
    const epsilon = float(1e-6);
    const normed = graph.op('SimplifiedLayerNormalization', [embedded, half()], {
      attributes: { axis: -1, epsilon },
    });
    const qkv = graph.op('MatMulNBits', [normed, input('uint8'), half(), input('uint8')], {
      domain: MICROSOFT,
    });
    const context = graph.op(
      'PagedAttention',
      [qkv, null, null, half(), half(), counts, lengths, blocks, half(), half()],
      { domain: MICROSOFT },
    );
    const [next] = graph.ops('SkipSimplifiedLayerNormalization', [embedded, context, half()], 4, {
      domain: MICROSOFT,
      attributes: { epsilon },
      omit: [1, 2],
    });
    const logits = graph.op('Cast', [graph.op('FusedMatMul', [next!, half()], { domain: MICROSOFT })], {
      attributes: { to: 1 },
    });
    const [best] = graph.ops('TopK', [logits, graph.int64([4])], 2);
    return [best!, 'float32'];
  });
  expect(nodes).toEqual([]);
  expect([...CUDA_OPERATORS.keys()]).toEqual(['', MICROSOFT]);
});
