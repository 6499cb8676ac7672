import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeWorkFolder, removeLeftovers } from './workFolder.js';

const parentFolder = () => mkdtemp(join(tmpdir(), 'boxed-test-'));

test('work folders of living processes stay, and two of one process do not meet', async () => {
  const parent = await parentFolder();
  const folders = [await makeWorkFolder(parent), await makeWorkFolder(parent)];
  await removeLeftovers(parent);
  expect((await readdir(parent)).sort()).toEqual(folders.map((folder) => basename(folder)).sort());
});

test('those of dead processes go, with all that is in them; other files stay', async () => {
  const parent = await parentFolder();
  const own = basename(await makeWorkFolder(parent));
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const host = encodeURIComponent(hostname());
  const dead = own.replace(`-${process.pid}-`, `-${child.pid}-`);
  const reused = own.replace(/^(\.unfinished-\d+)-[^-]+-/, '$1-otherstart-');
  for (const name of [dead, reused, `cpu-fp32-${host}`]) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'model.onnx.data'), 'x');
  }
  await removeLeftovers(parent);
  expect((await readdir(parent)).sort()).toEqual([own, `cpu-fp32-${host}`].sort());
});

test("another machine's goes only after a day without a write", async () => {
  const parent = await parentFolder();
  const [busy, silent] = ['.unfinished-1-a-00-far', '.unfinished-2-a-00-far'];
  for (const name of [busy, silent]) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'model.onnx.data'), 'x');
  }
  const old = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(join(parent, silent, 'model.onnx.data'), old, old);
  await utimes(join(parent, silent), old, old);
  await removeLeftovers(parent);
  expect(await readdir(parent)).toEqual([busy]);
});
