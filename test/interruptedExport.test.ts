/** Exports that are killed, run into a full disk, or meet another: what is left is whole or nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { checkFreeDisk, NotEnoughDiskError } from '../src/export/diskRoom.js';
import { exportCheckpoint } from '../src/export/exporter.js';
import { readExport } from '../src/export/manifest.js';
import { freeDiskBytes } from '../src/files.js';
import { goldenFolder, temporaryFolder } from './support/models.js';

const CHECKPOINT = goldenFolder('qwen2-tied-fp32');
const SETTINGS = { device: 'cpu', dtype: 'int8', digest: 'test' } as const;

test('a killed export leaves nothing that looks finished, and the next one clears it away', async () => {
  const parent = await temporaryFolder();
  const target = join(parent, 'cpu-int8');
  const script = fileURLToPath(new URL('./support/killedExport.js', import.meta.url));
  const child = spawn(process.execPath, [script, CHECKPOINT, target]);
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
  const [left, ...others] = await readdir(parent);
  expect(others).toEqual([]);
  expect(left).toMatch(/^\.unfinished-/);
  expect(await readdir(join(parent, left!))).not.toContain('export.json');
  await expect(readExport(target)).rejects.toThrow(target);

  await exportCheckpoint(CHECKPOINT, target, SETTINGS);
  expect(await readdir(parent)).toEqual(['cpu-int8']);
});

test('two exports at once to one place both succeed, and so does one over a broken one', async () => {
  const parent = await temporaryFolder();
  const target = join(parent, 'cpu-int8');
  const both = await Promise.all([0, 1].map(() => exportCheckpoint(CHECKPOINT, target, SETTINGS)));
  expect(both[0]).toEqual(both[1]);
  expect(await readdir(parent)).toEqual(['cpu-int8']);
  await rm(join(target, 'export.json'));
  await writeFile(join(target, 'model.onnx.data'), 'torn');
  await exportCheckpoint(CHECKPOINT, target, SETTINGS);
  expect((await readExport(target)).manifest.dtype).toBe('int8');
});

describe('a full disk', () => {
  test.each(['fp32', 'int4'])(
    'met while writing ends %s with one error, and leaves nothing',
    async (dtype) => {
      const parent = await temporaryFolder();
      const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
      // A limit on the size of files (in KiB) fails a write as a full disk does, in its middle.
      const command = `ulimit -f 300; exec "$0" "$@"`;
      const args = ['export', 'models/pebble-sft', '--dtype', dtype, '--export-dir', parent];
      const child = spawn('bash', ['-c', command, process.execPath, main, ...args]);
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const [status] = await once(child, 'close');
      expect(stderr.match(/\w+Error:/g)).toEqual(['FileAccessError:']);
      expect(stderr).toContain('model.onnx.data');
      expect(status).toBe(1);
      // What is known of the checkpoint's files stays.
      expect(await readdir(parent)).toEqual(['digests.json']);
    },
  );

  test('is foreseen: an error says how much is needed and how much there is', async () => {
    const folder = await temporaryFolder();
    const failure = checkFreeDisk(folder, 2 ** 60);
    await expect(failure).rejects.toThrow(NotEnoughDiskError);
    await expect(failure).rejects.toThrow(/needs 1,152,921,504,624 MB, and [\d,]+ MB are free/);
    await expect(checkFreeDisk(folder, 1000)).resolves.toBeUndefined();
    expect(await freeDiskBytes(join(folder, 'not', 'there'))).toBeGreaterThan(0);
  });
});
