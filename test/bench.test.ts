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

const bench = (...options: string[]) =>
  runCli([
    'bench',
    MODEL,
    '--export-dir',
    folder,
    '--repeats',
    '1',
    '--threads',
    '1',
    '--greedy',
    ...options,
  ]);

describe('boxed bench', () => {
  test('measures a run, and decoding apart from prompts', async () => {
    const { status, stdout } = await bench('--rows', '1,3', '--tokens', '8', '--context', '100', '--json');
    expect(status).toBe(0);
    const { figures } = JSON.parse(stdout);
    expect(figures.map(({ rows }: { rows: number }) => rows)).toEqual([1, 3]);
    for (const figure of figures) {
      expect(figure.fitting).toBe(figure.rows);
      expect(figure.tokensPerSecond).toBeGreaterThan(0);
      expect(figure.promptTokensPerSecond).toBeGreaterThan(0);
      // Each row draws one token a step, after 100 positions and, on average, 4.5 of its own.
      expect((1000 * figure.rows) / figure.msPerStep).toBeCloseTo(figure.decodeTokensPerSecond, 6);
      expect(figure.positions).toBe(104.5);
      expect(figure.outside).toBeGreaterThan(0);
      expect(figure.outside).toBeLessThan(1);
    }
  });

  test('prints shares of what the machine can do, for each format of the weights', async () => {
    const size = ['--rows', '2', '--tokens', '8', '--dtype', 'fp32,int8'];
    const { status, stdout } = await bench(...size, '--roofline', '--json');
    expect(status).toBe(0);
    const { limits, figures } = JSON.parse(stdout);
    expect(limits.readBytes).toBeGreaterThan(1e8);
    expect(Object.keys(limits.flops).sort()).toEqual(['fp32', 'int8/128']);
    expect(limits.flops.fp32).toBeGreaterThan(1e8);
    const [float, quantized] = figures;
    // 0.85 M weights of 4 bytes or of 1 and a scale for 128; 44.5 positions of 4 layers and 2 heads of 32.
    const cacheBytes = 2 * 2 * 44.5 * 4 * 2 * 32 * 4;
    const memoryMs = (bytes: number) => (1000 * (bytes + cacheBytes)) / limits.readBytes;
    const weights = 4 * (256 * 128 + 128 * 128 + 3 * 128 * 384) + 512 * 128;
    const attentionMs = (1000 * 4 * 2 * 44.5 * 4 * 4 * 32) / limits.flops.fp32;
    const arithmeticMs = (format: string) => (1000 * 4 * weights) / limits.flops[format] + attentionMs;
    expect(float.bound.ms).toBeCloseTo(Math.max(memoryMs(4 * weights), arithmeticMs('fp32')), 9);
    expect(quantized.bound.ms).toBeCloseTo(
      Math.max(
        memoryMs(weights + weights / 32),
        1000 * ((4 * weights) / limits.flops['int8/128']) + attentionMs,
      ),
      9,
    );
    expect(['memory', 'arithmetic']).toContain(float.bound.by);
  });

  test('says where the time of a step goes, and leaves no profile', async () => {
    const before = await readdir(tmpdir());
    const { status, stdout } = await bench('--rows', '2', '--tokens', '10', '--profile', '--json');
    expect(status).toBe(0);
    const [{ profile }] = JSON.parse(stdout).profiles;
    expect(profile.steps).toBe(10);
    const lines: { part: string; operator: string; calls: number; ms: number }[] = profile.operators;
    const callsOf = (part: string, operator: string) =>
      lines.find((line) => line.part === part && line.operator === operator)?.calls;
    // Five products a layer and the head; scores and mixing, over the local part and the frozen one.
    expect(callsOf('products', 'FusedMatMul')).toBe((5 * 4 + 1) * 10);
    expect(callsOf('attention', 'FusedMatMul')).toBe(2 * 4 * 10);
    expect(callsOf('attention', 'MatMul')).toBe(2 * 4 * 10);
    expect(callsOf('attention', 'Softmax')).toBe(4 * 10);
    expect(callsOf('sampling', 'TopK')).toBe(10);
    expect(callsOf('rest', 'QuickGelu')).toBe(4 * 10);
    expect(lines.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(profile.ms);
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith('boxed-profile-'));
    expect(left.filter((name) => !before.includes(name))).toEqual([]);
  });

  test('prints tables', async () => {
    const { status, stdout } = await bench('--rows', '2', '--tokens', '8', '--roofline', '--profile');
    expect(status).toBe(0);
    expect(stdout).toContain('set by');
    expect(stdout).toMatch(/This machine at best: reads [\d.]+ GB\/s; products \d+ GFLOP\/s in fp32/);
    expect(stdout).toMatch(/products [\d.]+ %, attention [\d.]+ %, sampling [\d.]+ %, rest [\d.]+ %/);
  });

  test('tells how many rows fit', async () => {
    const size = ['--rows', '6', '--tokens', '8', '--context', '600', '--kv-memory', '9MB', '--profile'];
    const { status, stdout } = await bench(...size, '--json');
    expect(status).toBe(0);
    const [figure] = JSON.parse(stdout).profiles;
    expect(figure.rows).toBe(6);
    expect(figure.fitting).toBeLessThan(6);
    expect(figure.fitting).toBeGreaterThan(0);
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
