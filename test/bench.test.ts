/** `boxed bench` as a user runs it: its figures hang together, and nothing is left behind. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from './support/cli.js';

const MODEL = 'models/pebble-grpo';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Exports go to `folder`, and so do temporary files. */
const bench = (...options: string[]) =>
  runCli(
    ['bench', MODEL, '--export-dir', folder, '--repeats', '1', '--threads', '1', '--greedy', ...options],
    '',
    { TMPDIR: folder },
  );

describe('boxed bench', () => {
  test('measures a run, and decoding apart from prompts, in as many rows as fit', async () => {
    const size = ['--rows', '1,6', '--tokens', '8', '--context', '600', '--kv-memory', '9MB'];
    const { status, stdout } = await bench(...size, '--json');
    expect(status).toBe(0);
    const { figures } = JSON.parse(stdout);
    expect(figures.map(({ rows }: { rows: number }) => rows)).toEqual([1, 6]);
    expect(figures[0].fitting).toBe(1);
    // A position takes 2 KB (keys and values of 4 layers, 2 heads of 32), a row two blocks of 512: 2 MB of seven eighths of 9.
    expect(figures[1].fitting).toBeGreaterThan(1);
    expect(figures[1].fitting).toBeLessThan(5);
    for (const figure of figures) {
      expect(figure.tokensPerSecond).toBeGreaterThan(0);
      expect(figure.promptTokensPerSecond).toBeGreaterThan(0);
      // Each row draws one token a step, after 600 positions and, on average, 4.5 of its own.
      expect((1000 * figure.fitting) / figure.msPerStep).toBeCloseTo(figure.decodeTokensPerSecond, 6);
      expect(figure.positions).toBe(604.5);
      expect(figure.outside).toBeGreaterThan(0);
      expect(figure.outside).toBeLessThan(1);
    }
  });

  test('holds decoding against the machine, says where its time goes, and leaves no profile', async () => {
    const { status, stdout } = await bench(
      '--rows',
      '2',
      '--tokens',
      '8',
      '--roofline',
      '--profile',
      '--json',
    );
    expect(status).toBe(0);
    const { limits, figures, profiles } = JSON.parse(stdout);
    expect(limits.readBytes).toBeGreaterThan(0);
    // 0.85 M weights of 4 bytes; 44.5 positions of 4 layers, 2 heads of 32 for keys and values, 4 for queries.
    const weights = 4 * (256 * 128 + 128 * 128 + 3 * 128 * 384) + 512 * 128;
    const bytes = 4 * weights + 2 * 2 * 44.5 * 4 * 2 * 32 * 4;
    const operations = 2 * 2 * weights + 4 * 2 * 44.5 * 4 * 4 * 32;
    const [memoryMs, arithmeticMs] = [
      (1000 * bytes) / limits.readBytes,
      (1000 * operations) / limits.flops.fp32,
    ];
    expect(figures[0].bound.ms).toBeCloseTo(Math.max(memoryMs, arithmeticMs), 9);
    expect(figures[0].bound.by).toBe(memoryMs >= arithmeticMs ? 'memory' : 'arithmetic');

    const [{ profile }] = profiles;
    expect(profile.steps).toBe(8);
    const lines: { part: string; operator: string; calls: number; ms: number }[] = profile.operators;
    const callsOf = (part: string, operator: string) =>
      lines.find((line) => line.part === part && line.operator === operator)?.calls;
    // Five products a layer and the head; scores and mixing, over the local part and the frozen one.
    expect(callsOf('products', 'FusedMatMul')).toBe((5 * 4 + 1) * 8);
    expect(callsOf('attention', 'FusedMatMul')).toBe(2 * 4 * 8);
    expect(callsOf('attention', 'MatMul')).toBe(2 * 4 * 8);
    expect(callsOf('attention', 'Softmax')).toBe(4 * 8);
    expect(callsOf('sampling', 'TopK')).toBe(8);
    expect(callsOf('rest', 'QuickGelu')).toBe(4 * 8);
    expect(lines.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(profile.ms);
    expect((await readdir(folder)).filter((name) => name.startsWith('boxed-profile-'))).toEqual([]);
  });

  test('prints tables, with the speed of quantized products', async () => {
    const size = ['--dtype', 'int8', '--rows', '2', '--tokens', '8'];
    const { status, stdout } = await bench(...size, '--roofline', '--profile');
    expect(status).toBe(0);
    expect(stdout).toContain('set by');
    expect(stdout).toMatch(
      /This machine at best: reads [\d.]+ GB\/s; products \d+ GFLOP\/s in int8\/128, \d+ GFLOP\/s in fp32/,
    );
    expect(stdout).toMatch(/products [\d.]+ %, attention [\d.]+ %, sampling [\d.]+ %, rest [\d.]+ %/);
    expect(stdout).toContain('MatMulNBits');
  });

  test('refuses to hold another device against the limits of the CPU', async () => {
    const { status, stderr } = await bench('--device', 'webgpu', '--roofline');
    expect(status).toBe(2);
    expect(stderr).toContain('--roofline and --profile measure the CPU, not webgpu');
  });

  test('refuses samples longer than the model', async () => {
    const { status, stderr } = await bench('--context', '1000', '--tokens', '30');
    expect(status).toBe(2);
    expect(stderr).toContain('samples of 45 tokens after 1000 take 1045 positions, and the model has 1024');
    expect(stderr).toContain('--context');
  });

  test.each([
    ['--rows', '0', 'whole number, 1 or more'],
    ['--context', 'much', 'whole number, 1 or more'],
    ['--tokens', '7', 'whole number, 8 or more'],
  ])('refuses %s %s', async (option, value, reason) => {
    const { status, stderr } = await bench(option, value);
    expect(status).toBe(2);
    expect(stderr).toContain(option);
    expect(stderr).toContain(reason);
  });
});
