/** A golden checkpoint with the first of its key heads alone, so that all query heads share it. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { safetensorsFile } from '../../src/checkpoint/testing.js';
import { temporaryFolder } from './models.js';

interface Place {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes it into a new folder; `checkpoint` has one file of weights. */
export async function oneKeyHead(checkpoint: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'one-key-head');
  await cp(checkpoint, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, number>;
  const heads = config.num_key_value_heads!;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, num_key_value_heads: 1 }));
  const file = join(folder, 'model.safetensors');
  const bytes = await readFile(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, Place>;
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, { dtype, shape, data_offsets }]) => {
      const [from, to] = data_offsets;
      const kept = /self_attn\.[kv]_proj/.test(name) ? 1 / heads : 1;
      const data = bytes.subarray(start + from, start + from + (to - from) * kept);
      return [name, { dtype, shape: [shape[0]! * kept, ...shape.slice(1)], data }] as const;
    });
  await writeFile(file, safetensorsFile(Object.fromEntries(tensors)));
  return folder;
}
