import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { profileInto, readPlacement } from './placement.js';

test('reads operators and providers out of profiles, and nothing else in them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-placement-'));
  const { profileFilePrefix } = profileInto(folder);
  const events = [
    { cat: 'Session', name: 'model_loading_array', args: {} },
    { cat: 'Node', name: 'a_kernel_time', args: { op_name: 'MatMul', provider: 'CUDAExecutionProvider' } },
    { cat: 'Node', name: 'b_kernel_time', args: { op_name: 'Concat', provider: 'CPUExecutionProvider' } },
    { cat: 'Session', name: 'session_initialization' },
  ];
  await writeFile(`${profileFilePrefix}_2026.json`, JSON.stringify(events));
  await writeFile(join(folder, 'other.json'), JSON.stringify(events));
  expect(await readPlacement(folder)).toEqual([
    { operator: 'MatMul', provider: 'CUDAExecutionProvider' },
    { operator: 'Concat', provider: 'CPUExecutionProvider' },
  ]);
});
