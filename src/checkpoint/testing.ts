/** What the tests of this room share: temporary folders, bundled checkpoints, a small safetensors writer. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder of the repository; the build lies three folders deeper than its root. */
export function repositoryFolder(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

export const PEBBLE = repositoryFolder('models/pebble-sft');
export const TIED = repositoryFolder('test/fixtures/golden/qwen2-tied-fp32');
export const SHARDED = repositoryFolder('test/fixtures/golden/qwen2-untied-bf16-sharded');

/** Runs `use` with a new folder that holds `files` (by name; objects as JSON), then removes it. */
export async function withFolder<Result>(
  files: Readonly<Record<string, string | Uint8Array | object>>,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-checkpoint-'));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), asBytes(content));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs `use` with a copy of `source` that may be damaged. */
export async function withCopy<Result>(
  source: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  return await withFolder({}, async (folder) => {
    await cp(source, folder, { recursive: true });
    return await use(folder);
  });
}

/** Rewrites a JSON file by `edit`, which changes the parsed object in place. */
export async function editJson(file: string, edit: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  edit(json);
  await writeFile(file, JSON.stringify(json));
}

export interface WrittenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A safetensors file of tensors in the order given, its header padded by spaces as the reference writer does. */
export function safetensorsFile(tensors: Readonly<Record<string, WrittenTensor>>): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    end += data.byteLength;
    return [name, { dtype, shape, data_offsets: [end - data.byteLength, end] }] as const;
  });
  const header = Object.fromEntries([['__metadata__', { format: 'pt' }], ...entries]);
  return fileOf(header, Buffer.concat(Object.values(tensors).map(({ data }) => data)));
}

/** A safetensors file of any header (an object as JSON) and any data; `length` is what it says of the header. */
export function fileOf(header: object | string, data: Uint8Array, length?: bigint): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(padded.length));
  return Buffer.concat([start, padded, data]);
}

/** The bytes of numbers, as they lie in a file. */
export function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function asBytes(content: string | Uint8Array | object): string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
}
