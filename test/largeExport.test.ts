/** Sizes past 2^31 and 2^32, on files with holes that take no room. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Weights } from '../src/checkpoint/weights.js';
import { Graph } from '../src/onnx/graph.js';
import { decodeModel } from '../src/onnx/schema.js';
import { encodeGraph, externalGraph, MODEL_FILE, WEIGHTS_FILE } from '../src/onnx/writer.js';
import { temporaryFolder } from './support/models.js';
import { runModel } from './support/runGraph.js';

const never = () => {
  throw new Error('asked for');
};

test('places in the data file are exact far past 2^32', () => {
  const graph = new Graph('large');
  // 700 matrices of 32768 × 32768 as float32: 3 TB.
  for (let at = 0; at < 700; at += 1)
    graph.weight({ name: `w${at}`, type: 'float32', dims: [32_768, 32_768 + (at % 2)], chunks: never });
  const { initializer } = decodeModel(encodeGraph(externalGraph(graph), 'test')).graph;
  let end = 0n;
  for (const { external_data } of initializer) {
    const place = Object.fromEntries(external_data!.map(({ key, value }) => [key, value]));
    expect(BigInt(place.offset!)).toBe(((end + 4095n) / 4096n) * 4096n);
    end = BigInt(place.offset!) + BigInt(place.length!);
  }
  expect(end).toBeGreaterThan(3_000_000_000_000n);
});

test('the runtime reads weights past 4 GiB of the data file, and from one of that size', async () => {
  const graph = new Graph('large');
  const bytes = 2 ** 32 + 2 ** 20;
  const table = graph.weight({ name: 'table', type: 'uint8', dims: [bytes / 1024, 1024], chunks: never });
  const after = graph.weight({ name: 'after', type: 'float32', dims: [2], chunks: never });
  const index = graph.input('index', 'int64', [1]);
  graph.output(
    graph.op('Cast', [graph.op('Gather', [table, index])], { attributes: { to: 1 } }),
    'float32',
    [1, 1024],
    'row',
  );
  graph.output(graph.op('Add', [after, graph.float32(1)]), 'float32', [2], 'sum');
  const folder = await temporaryFolder();
  const data = await open(join(folder, WEIGHTS_FILE), 'w');
  await data.write(new Uint8Array([7]), 0, 1, bytes - 1);
  await data.write(new Uint8Array(Float32Array.of(1.5, -2).buffer), 0, 8, bytes);
  await data.close();
  const model = await open(join(folder, MODEL_FILE), 'w');
  await model.write(encodeGraph(externalGraph(graph), 'test'));
  await model.close();
  const last = BigInt(bytes / 1024 - 1);
  const results = await runModel(join(folder, MODEL_FILE), {
    index: { type: 'int64', data: BigInt64Array.of(last), dims: [1] },
  });
  expect(results.row!.data[1023]).toBe(7);
  expect([...results.sum!.data]).toEqual([2.5, -1]);
});

test('a tensor of more than 2^31 elements is read where it is asked for', async () => {
  const folder = await temporaryFolder();
  const [rows, columns] = [2 ** 21 + 1, 1024];
  const bytes = 2 * rows * columns;
  const header = Buffer.from(
    JSON.stringify({ w: { dtype: 'BF16', shape: [rows, columns], data_offsets: [0, bytes] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(join(folder, 'model.safetensors'), 'w');
  await file.write(Buffer.concat([length, header]));
  // 1, 2 and 3 as bfloat16, in the last three elements.
  await file.write(
    new Uint8Array(Uint16Array.of(0x3f80, 0x4000, 0x4040).buffer),
    0,
    6,
    8 + header.length + bytes - 6,
  );
  await file.close();
  const weights = await Weights.open(folder);
  try {
    const target = new Float32Array(columns);
    const stored = await weights.readStored('w', [rows, columns], (rows - 1) * columns, target);
    expect(stored).toBe('BF16');
    expect([...new Uint16Array(target.buffer).subarray(-3)]).toEqual([0x3f80, 0x4000, 0x4040]);
    const beyond = weights.readStored('w', [rows, columns], (rows - 1) * columns + 1, target);
    await expect(beyond).rejects.toThrow(RangeError);
  } finally {
    await weights.close();
  }
});
