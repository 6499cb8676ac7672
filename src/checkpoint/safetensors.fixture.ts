/** Writes safetensors files for tests, right or wrong in a chosen way. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'boxed-checkpoint-'));

/** The bytes of a file with this header and this data. */
export function safetensors(header: Readonly<Record<string, unknown>> | string, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A file of float32 tensors. */
export function float32File(
  tensors: Readonly<Record<string, { shape: readonly number[]; values: Float32Array }>>,
): Buffer {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    end += values.byteLength;
  }
  return safetensors({ __metadata__: { format: 'pt' }, ...header }, Buffer.concat(parts));
}

/** A folder with the given files. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
