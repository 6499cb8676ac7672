import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppendLog } from './appendLog.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('AppendLog', () => {
  test('a line is in the file when its promise resolves', async () => {
    const file = join(folder, 'one');
    const log = await AppendLog.open(file);
    for (const line of ['é\n', 'b\n', 'c\n']) {
      await log.append(line);
      expect((await readFile(file, 'utf8')).endsWith(line)).toBe(true);
    }
    await log.close();
    expect(await readFile(file, 'utf8')).toBe('é\nb\nc\n');
  });

  test('lines of one tick share an fsync and keep their order', async () => {
    const file = join(folder, 'many');
    const log = await AppendLog.open(file);
    const lines = Array.from({ length: 4_096 }, (_, index) => `${index}\n`);
    await Promise.all(lines.map((line) => log.append(line)));
    expect(log.syncs).toBe(1);
    await log.close();
    expect(await readFile(file, 'utf8')).toBe(lines.join(''));
  });

  test('lines that come while the disk is busy wait for it together, and none resolves before it is there', async () => {
    const file = join(folder, 'busy');
    const log = await AppendLog.open(file);
    const early: string[] = [];
    const written = Array.from({ length: 300 }, async (_, index) => {
      // Three ticks, each with a hundred lines.
      for (let tick = 0; tick < index % 3; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      const line = `${index}\n`;
      await log.append(line);
      if (!readFileSync(file, 'utf8').split('\n').includes(String(index))) early.push(line);
    });
    await Promise.all(written);
    await log.close();
    expect(early).toEqual([]);
    expect(log.syncs).toBeLessThanOrEqual(3);
  });

  test('closing waits for the lines under way, and is the end', async () => {
    const file = join(folder, 'closed');
    const log = await AppendLog.open(file);
    const appended = Promise.all([log.append('a\n'), log.append('b\n')]);
    await log.close();
    expect(await readFile(file, 'utf8')).toBe('a\nb\n');
    await appended;
    await expect(log.append('c\n')).rejects.toThrow('closed');
    await log.close();
  });

  test('a file that cannot be made is refused by name', async () => {
    await expect(AppendLog.open(join(folder, 'absent', 'log'))).rejects.toMatchObject({
      name: 'FileAccessError',
    });
  });

  const withFull = existsSync('/dev/full') ? test : test.skip;
  withFull('a full disk fails every line, then and later, and flush tells (needs /dev/full)', async () => {
    const log = await AppendLog.open('/dev/full');
    const full = { name: 'FileAccessError', message: expect.stringContaining('ENOSPC') };
    const results = await Promise.allSettled([log.append('a\n'), log.append('b\n')]);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: full });
    await expect(log.append('c\n')).rejects.toMatchObject(full);
    await expect(log.flush()).rejects.toMatchObject(full);
    await log.close();
  });
});
