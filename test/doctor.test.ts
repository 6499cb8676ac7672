/** `boxed doctor` on this machine, whatever it has, and providers that are asked for and not available. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Doctor, Finding } from '../src/cli/doctorReport.js';
import { PROVIDERS } from '../src/engine/probe.js';
import { ProviderUnavailableError, requireProvider, tryProvider } from '../src/engine/providers.js';
import { type CliResult, MAIN, runCli } from './support/cli.js';
import { temporaryFolder } from './support/models.js';

type Printed = Doctor & { readonly findings: readonly Finding[] };

/** Runs `boxed doctor` with changes to its environment. */
async function doctor(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CliResult> {
  const child = spawn(process.execPath, [MAIN, 'doctor', ...args], { env: { ...process.env, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}

describe('boxed doctor', () => {
  test('tries every provider, and for each that does not work says why and what to do', async () => {
    const { status, stdout, stderr } = await runCli(['doctor', 'models/pebble-sft', '--json']);
    const printed = JSON.parse(stdout) as Printed;
    expect([status, stderr]).toEqual([0, '']);
    expect(printed.providers.map(({ provider }) => provider)).toEqual([...PROVIDERS]);
    expect(printed.providers[0]).toMatchObject({ provider: 'cpu', works: true });
    for (const { provider, works, reason, advice } of printed.providers) {
      expect(works === (reason === null)).toBe(true);
      expect(works || printed.findings.some((finding) => finding.about === provider)).toBe(true);
      expect(works === (advice === null)).toBe(true);
    }
    expect(printed.versions['onnxruntime-node']).toMatch(/^\d+\.\d+\.\d+$/);
    expect(printed.machine.availableBytes).toBeGreaterThan(0);
    expect(printed.disk.freeBytes).toBeGreaterThan(0);
    expect(printed.model).toMatchObject({ faults: [], config: { architecture: 'qwen2' } });
  });

  test('tells it to people in a few lines; a folder that holds no model is a finding, not a failure', async () => {
    const { status, stdout } = await runCli(['doctor', 'problems']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^This machine\n/);
    expect(stdout).toMatch(/\n {2}ok {2}cpu /);
    expect(stdout).toMatch(/\nModel problems\n/);
    expect(stdout).toContain('MissingCheckpointFileError');
    expect(stdout.split('\n').length).toBeLessThan(50);
  });

  test('without a Vulkan driver WebGPU is said not to work', async () => {
    const nowhere = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    const { status, stdout } = await doctor(['--json'], nowhere);
    const { providers, findings } = JSON.parse(stdout) as Printed;
    expect(status).toBe(0);
    expect(providers[1]).toMatchObject({ provider: 'webgpu', works: false, device: null });
    expect(providers[1]!.reason).toMatch(/libvulkan\.so\.1 is missing|no Vulkan driver/);
    expect(findings.find(({ about }) => about === 'webgpu')?.advice).toContain('mesa-vulkan-drivers');
  });

  test('status 1 where not even the CPU computes', async () => {
    const breaker = join(await temporaryFolder(), 'break.cjs');
    await writeFile(breaker, "if (process.argv[1]?.endsWith('providerProbe.js')) process.exit(7);\n");
    const { status, stdout } = await doctor([], { NODE_OPTIONS: `--require ${breaker}` });
    expect(status).toBe(1);
    expect(stdout).toMatch(/ {2}not cpu +its process ended with status 7/);
  });

  test('has help with an example', async () => {
    const { status, stdout } = await runCli(['doctor', '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('$ boxed doctor models/pebble-sft');
  });
});

describe('a provider that is asked for', () => {
  test.each(['webgpu', 'cuda'] as const)(
    '%s works, or the error says why not and what to do',
    async (provider) => {
      const report = await tryProvider(provider);
      const required = requireProvider(provider);
      if (report.works) {
        await expect(required).resolves.toBeUndefined();
        return;
      }
      await expect(required).rejects.toBeInstanceOf(ProviderUnavailableError);
      await expect(required).rejects.toMatchObject({
        message: expect.stringContaining(`with ${provider} here: ${report.reason}`),
        hint: expect.stringContaining('--device cpu'),
        report,
      });
    },
  );
});
