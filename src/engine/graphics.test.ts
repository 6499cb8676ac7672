import { expect, test } from '@jest/globals';
import { parseNvidiaSmi, parseNvidiaVersion, parseVulkanSummary, readGraphics } from './graphics.js';

test.each([
  [
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12.2.0\n',
    '550.54.15',
  ],
  [
    'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (root@host)\n',
    '570.86.15',
  ],
  ['NVRM version: NVIDIA UNIX x86_64 Kernel Module  525.60  Thu\n', '525.60'],
  ['something else 1.2.3 \n', null],
])('version of the NVIDIA driver %#', (text, version) => {
  expect(parseNvidiaVersion(text)).toBe(version);
});

test("GPUs of NVIDIA's tool, and nothing where it failed", () => {
  expect(parseNvidiaSmi('NVIDIA H100 80GB HBM3, 81559\nNVIDIA RTX A2000, 12GB, 12282\n')).toEqual([
    { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20 },
    { name: 'NVIDIA RTX A2000, 12GB', memoryBytes: 12282 * 2 ** 20 },
  ]);
  expect(parseNvidiaSmi("NVIDIA-SMI has failed because it couldn't communicate\n")).toEqual([]);
});

test('Vulkan devices, hardware and software', () => {
  const device = (number: number, type: string, name: string) =>
    `GPU${number}:\n\tapiVersion         = 1.4.305\n\tdeviceID           = 0x0000\n\tdeviceType         = PHYSICAL_DEVICE_TYPE_${type}\n` +
    `\tdeviceName         = ${name}\n\tdriverName         = any\n`;
  const text = `Devices:\n========\n${device(0, 'DISCRETE_GPU', 'NVIDIA H100')}${device(1, 'CPU', 'llvmpipe (LLVM 15.0.6, 256 bits)')}`;
  expect(parseVulkanSummary(text)).toEqual([
    { name: 'NVIDIA H100', software: false },
    { name: 'llvmpipe (LLVM 15.0.6, 256 bits)', software: true },
  ]);
  expect(parseVulkanSummary('ERROR: vkCreateInstance failed')).toEqual([]);
});

test('reads this machine without an error, whatever it has', async () => {
  const { nvidiaDriver, vulkanDrivers } = await readGraphics();
  expect(nvidiaDriver === null || /^\d+\.\d+/.test(nvidiaDriver)).toBe(true);
  expect(vulkanDrivers.filter((name) => !name.endsWith('.json'))).toEqual([]);
});
