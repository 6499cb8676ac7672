import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lockFolder } from './lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const host = encodeURIComponent(hostname());
const lockedError = { name: 'RunLockedError' };

describe('lockFolder', () => {
  test('is held once, and can be taken again after its release', async () => {
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(lockedError);
    await release();
    expect(await readdir(folder)).toEqual([]);
    await (await lockFolder(folder))();
  });

  test('a refused attempt leaves the holder its lock', async () => {
    const release = await lockFolder(folder);
    const before = await readdir(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(lockedError);
    expect(await readdir(folder)).toEqual(before);
    await release();
  });

  test('the lock of a process that is gone is swept away', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(folder, `.lock-${child.pid}-unknown-${host}`), '');
    await writeFile(join(folder, `.lock-${child.pid}-0a0a0a0a.5-${host}`), '');
    const release = await lockFolder(folder);
    expect(await readdir(folder)).toHaveLength(1);
    await release();
  });

  test('the lock of a living process holds where its start is not known', async () => {
    await writeFile(join(folder, `.lock-${process.ppid}-unknown-${host}`), '');
    await expect(lockFolder(folder)).rejects.toMatchObject(lockedError);
    expect(await readdir(folder)).toHaveLength(1);
  });

  const onProc = existsSync('/proc/self/stat') ? test : test.skip;
  onProc('a living process with the number of a dead holder holds nothing (needs /proc)', async () => {
    await writeFile(join(folder, `.lock-${process.ppid}-0a0a0a0a.5-${host}`), '');
    await (await lockFolder(folder))();
    expect(await readdir(folder)).toEqual([]);
  });

  test('the lock of another machine is never swept away', async () => {
    const name = '.lock-1-unknown-elsewhere';
    await writeFile(join(folder, name), '');
    const error = await lockFolder(folder).catch((caught) => caught);
    expect(error).toMatchObject({ ...lockedError, place: { file: join(folder, name) } });
    expect(await readdir(folder)).toEqual([name]);
  });

  test('a folder that is not there is refused by name', async () => {
    await expect(lockFolder(join(folder, 'absent'))).rejects.toMatchObject({ name: 'FileAccessError' });
  });
});
