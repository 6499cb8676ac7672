import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runProbe } from './probe.js';

/** A probe that does something else. */
async function entry(source: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'boxed-entry-')), 'entry.mjs');
  await writeFile(file, source);
  return file;
}

test('computes on the CPU, where the runtime really ran', async () => {
  expect(await runProbe('cpu')).toMatchObject({ result: { error: null }, end: 'status 0' });
});

test('ends a process that hangs', async () => {
  const hanging = await entry("console.error('hanging'); setInterval(() => {}, 1000);");
  const outcome = await runProbe('cuda', { entry: hanging, timeoutMs: 500 });
  expect(outcome).toMatchObject({ result: null, end: 'timeout' });
});

test('outlives a process that crashes, and keeps its last words', async () => {
  const crashing = await entry(
    "console.error('x'.repeat(30000)); console.error('last'); process.kill(process.pid, 'SIGSEGV');",
  );
  const { result, end, stderr } = await runProbe('cuda', { entry: crashing });
  expect([result, end]).toEqual([null, 'SIGSEGV']);
  expect(stderr.length).toBe(20_000);
  expect(stderr.endsWith('last\n')).toBe(true);
});

test('keeps what a process said before it failed', async () => {
  const failing = await entry('process.send({ error: process.argv[2] }, () => process.exit(3));');
  expect(await runProbe('webgpu', { entry: failing })).toEqual({
    result: { error: 'webgpu' },
    stderr: '',
    end: 'status 3',
  });
});
