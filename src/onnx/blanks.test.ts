import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { resizeBlanks } from './blanks.js';
import { Graph } from './graph.js';
import { decodeModel } from './schema.js';
import { MODEL_FILE, WEIGHTS_FILE, writeModel } from './writer.js';

/** Of the larger blank: past what 32 bits count. */
const BLANK_BYTES = 2 ** 33;

async function written(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-onnx-'));
  const graph = new Graph('g');
  graph.weight({ name: 'w', type: 'float32', dims: [3], chunks: () => [new Uint8Array(12).fill(7)] });
  graph.blank({ name: 'a', type: 'float16', dims: [BLANK_BYTES / 16, 2, 4] });
  graph.blank({ name: 'b', type: 'float16', dims: [BLANK_BYTES / 32, 2, 4] });
  await writeModel(graph, folder, { producerVersion: '0' });
  return folder;
}

function place(model: Uint8Array, name: string) {
  const tensor = decodeModel(model).graph.initializer.find((each) => each.name === name)!;
  const entries = Object.fromEntries(tensor.external_data!.map(({ key, value }) => [key, value]));
  return { dims: tensor.dims, offset: Number(entries.offset), length: Number(entries.length) };
}

test('blanks share a hole behind the weights that takes no room', async () => {
  const folder = await written();
  const model = await readFile(join(folder, MODEL_FILE));
  const [a, b] = [place(model, 'a'), place(model, 'b')];
  expect(a).toEqual({ dims: [BLANK_BYTES / 16, 2, 4], offset: 4096, length: BLANK_BYTES });
  expect(b.offset).toBe(a.offset);
  const { size, blocks } = await stat(join(folder, WEIGHTS_FILE));
  expect(size).toBe(a.offset + BLANK_BYTES);
  expect(blocks * 512).toBeLessThan(1e6);
});

test('are resized by name, and nothing else changes', async () => {
  const folder = await written();
  const model = await readFile(join(folder, MODEL_FILE));
  const resized = resizeBlanks(model, ['a'], 5);
  expect(place(resized, 'a')).toEqual({ dims: [5, 2, 4], offset: 4096, length: 80 });
  expect(place(resized, 'b')).toEqual(place(model, 'b'));
  expect(place(resized, 'w')).toEqual(place(model, 'w'));
  expect(Buffer.from(resizeBlanks(model, [], 5)).equals(model)).toBe(true);
});
