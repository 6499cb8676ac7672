import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { float, Graph, type Weight } from './graph.js';
import { decodeModel } from './schema.js';
import { MODEL_FILE, WEIGHTS_FILE, WeightSizeError, writeModel } from './writer.js';

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'boxed-onnx-'));

function weightOf(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Weight {
  return {
    name,
    type: 'float32',
    dims,
    chunks: () => values.map((value) => new Uint8Array(Float32Array.of(value).buffer)),
  };
}

describe('Graph', () => {
  test('shares constants, across bodies too, and keeps scalars and vectors apart', () => {
    const outer = new Graph('outer');
    const body = new Graph('body', outer);
    expect(body.int64(3)).toBe(outer.int64(3));
    expect(outer.int64([3])).not.toBe(outer.int64(3));
    expect(outer.float32(3)).not.toBe(outer.int64(3));
    expect([...outer.constants.values()].map(({ dims }) => dims)).toEqual([[], [1], []]);
    expect(body.constants.size).toBe(0);
  });

  test('gives every value of a graph and its bodies a name of its own', () => {
    const outer = new Graph('outer');
    const body = new Graph('body', outer);
    const x = outer.input('x', 'float32', ['n']);
    const names = [
      outer.op('Neg', [x]),
      body.op('Neg', [x]),
      ...outer.ops('Split', [x], 2),
      body.op('Neg', [x]),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test('writes every kind of attribute, omitted inputs and outputs', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [2, 'n']);
    const body = new Graph('body', graph);
    graph.ops('Op', [x, null, x], 3, {
      attributes: { whole: 2, real: float(2), list: [1, -1], text: 'abc', body },
      omit: [1],
      domain: 'com.microsoft',
    });
    const [node] = graph.toMessage().node;
    expect(node!.input).toEqual(['x', '', 'x']);
    expect(node!.output[1]).toBe('');
    expect(node!.domain).toBe('com.microsoft');
    expect(node!.attribute.map(({ name, type }) => [name, type])).toEqual([
      ['whole', 2],
      ['real', 1],
      ['list', 7],
      ['text', 3],
      ['body', 5],
    ]);
  });
});

describe('writeModel', () => {
  test('writes what a parser of the format reads back, weights at page boundaries', async () => {
    const folder = await temporaryFolder();
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', ['n', 3]);
    const a = graph.weight(weightOf('a', [1, 2, 3, 4, 5, 6], [3, 2]));
    const b = graph.weight(weightOf('b', [7, 8]));
    graph.output(graph.op('Add', [graph.op('MatMul', [x, a]), b]), 'float32', ['n', 2], 'y');
    const seen: number[][] = [];
    await writeModel(graph, folder, { producerVersion: '1.2.3', onProgress: (...at) => seen.push(at) });

    const model = decodeModel(await readFile(join(folder, MODEL_FILE)));
    expect(model.producer_version).toBe('1.2.3');
    expect(model.graph.node.map(({ op_type }) => op_type)).toEqual(['MatMul', 'Add', 'Identity']);
    expect(model.graph.output[0]!.name).toBe('y');
    expect(model.graph.input[0]!.type.tensor_type.shape!.dim).toEqual([{ dim_param: 'n' }, { dim_value: 3 }]);
    const data = await readFile(join(folder, WEIGHTS_FILE));
    const read = model.graph.initializer.map(({ name, dims, external_data }) => {
      const entry = new Map(external_data!.map(({ key, value }) => [key, value]));
      const offset = Number(entry.get('offset'));
      expect(offset % 4096).toBe(0);
      const bytes = data.subarray(offset, offset + Number(entry.get('length')));
      return [name, dims, [...new Float32Array(Uint8Array.from(bytes).buffer)]];
    });
    expect(read).toEqual([
      ['a', [3, 2], [1, 2, 3, 4, 5, 6]],
      ['b', [2], [7, 8]],
    ]);
    expect(seen.at(-1)).toEqual([4096 + 8, 4096 + 8]);
    expect((await stat(join(folder, WEIGHTS_FILE))).size).toBe(4096 + 8);
  });

  test('refuses a weight whose bytes do not fill its shape', async () => {
    const graph = new Graph('g');
    graph.weight(weightOf('short', [1, 2], [3]));
    const writing = writeModel(graph, await temporaryFolder(), { producerVersion: '0' });
    await expect(writing).rejects.toThrow(WeightSizeError);
    await expect(writing).rejects.toThrow('short');
  });
});
