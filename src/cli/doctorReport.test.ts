import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { Machine } from '../engine/machine.js';
import type { ProviderReport } from '../engine/providerReport.js';
import type { ModelInspection } from '../export/inspection.js';
import { type Doctor, findingsOf } from './doctorReport.js';
import { renderDoctor } from './doctorText.js';

const MACHINE: Machine = {
  processor: 'Some CPU',
  processors: 8,
  threads: 8,
  processorQuota: null,
  memoryBytes: 64e9,
  memoryLimitBytes: null,
  availableBytes: 32e9,
};

const WORKS = { works: true, reason: null, missingLibraries: [], advice: null, device: null };
const HEALTHY: Doctor = {
  versions: { boxed: '0.1.0', Node: '20.12.0', 'onnxruntime-node': '1.30.0', tokenizers: '0.2.0' },
  runtimeFolder: 'bin/napi-v6/linux/x64',
  machine: MACHINE,
  disk: { folder: 'models/any/onnx', freeBytes: 100e9 },
  graphics: {
    nvidiaDriver: '550.54.15',
    nvidiaGpus: [{ name: 'NVIDIA H100', memoryBytes: 85e9 }],
    vulkanDevices: [{ name: 'NVIDIA H100', software: false }],
    vulkanDrivers: ['nvidia_icd.json'],
  },
  providers: [
    { provider: 'cpu', ...WORKS },
    { provider: 'webgpu', ...WORKS, device: 'NVIDIA H100' },
    { provider: 'cuda', ...WORKS, device: 'NVIDIA H100' },
  ],
  model: null,
};

const BROKEN: ProviderReport = {
  provider: 'cuda',
  works: false,
  reason: 'libcublasLt.so.12, libcudart.so.12, libcudnn.so.9, libcufft.so.11, libcurand.so.10 are missing',
  missingLibraries: ['libcublasLt.so.12', 'libcudart.so.12'],
  advice:
    "Install CUDA 12's runtime libraries (cudart, cuBLAS, cuFFT, cuRAND), or name their folder in LD_LIBRARY_PATH.",
  device: null,
};

const MODEL: ModelInspection = {
  path: 'models/any',
  config: null,
  weights: { parameters: 14.8e9, bytes: 29.5e9, dtypes: ['BF16'] },
  memory: { fp32: 59e9, fp16: 29.5e9, int8: 16.6e9, int4: 9.2e9 },
  cacheBytesPerToken: 786_432,
  exports: [],
  exportFolder: 'models/any/onnx',
  faults: [],
};

const findings = (changes: Partial<Doctor>) => findingsOf({ ...HEALTHY, ...changes });

describe('findings', () => {
  test('none where all is well', () => {
    expect(findings({})).toEqual([]);
  });

  test('a provider that does not work, with what to do', () => {
    expect(findings({ providers: [HEALTHY.providers[0]!, BROKEN] })).toEqual([
      { about: 'cuda', advice: BROKEN.advice },
    ]);
  });

  test('a Vulkan driver that computes on the processor', () => {
    const vulkanDevices = [{ name: 'llvmpipe', software: true }];
    const [finding] = findings({ graphics: { ...HEALTHY.graphics, vulkanDevices } });
    expect(finding?.about).toBe('webgpu');
  });

  test('a container that grants less than it shows', () => {
    const [finding] = findings({ machine: { ...MACHINE, processorQuota: 2.5 } });
    expect(finding).toMatchObject({
      about: 'processors',
      advice: expect.stringContaining('--threads 2.'),
    });
    expect(findings({ machine: { ...MACHINE, processorQuota: 8 } })).toEqual([]);
  });

  test('memory and disk, for a model and without one', () => {
    const poor = { machine: { ...MACHINE, availableBytes: 5e8 }, disk: { ...HEALTHY.disk, freeBytes: 5e8 } };
    expect(findings(poor).map(({ about }) => about)).toEqual(['memory', 'disk']);
    const [memory] = findings({ model: MODEL });
    expect(memory).toMatchObject({ about: 'memory', advice: expect.stringContaining('59.0 GB') });
    expect(findings({ model: MODEL, machine: { ...MACHINE, availableBytes: 60e9 } })).toEqual([]);
    const disk = { ...HEALTHY.disk, freeBytes: 50e9 };
    const [full] = findings({ model: MODEL, machine: { ...MACHINE, availableBytes: 60e9 }, disk });
    expect(full).toMatchObject({ about: 'disk', advice: expect.stringContaining('--export-dir') });
  });

  test("a model's faults, first", () => {
    const faults = [{ name: 'MissingWeightsError', message: 'there are none', hint: 'Fetch them.' }];
    const [first] = findings({ model: { ...MODEL, faults }, providers: [BROKEN] });
    expect(first).toEqual({ about: 'model', advice: 'there are none. Fetch them.' });
  });
});

describe('the text', () => {
  const text = (changes: Partial<Doctor>, colours = false) => {
    const doctor = { ...HEALTHY, ...changes };
    return renderDoctor(doctor, findingsOf(doctor), colours);
  };

  test('says nothing of what to do where there is nothing', () => {
    expect(text({})).not.toContain('What to do');
  });

  test('keeps to 100 columns, further lines under the first', () => {
    const lines = text({ providers: [BROKEN], model: MODEL }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const at = lines.findIndex((line) => line.startsWith('  not cuda'));
    expect(lines[at]!.indexOf('libcublasLt')).toBe(lines[at + 1]!.search(/\S/));
  });

  test('is the same in colour', () => {
    const changes = { providers: [...HEALTHY.providers.slice(0, 2), BROKEN], model: MODEL };
    const coloured = text(changes, true);
    expect(coloured).toContain('\x1b[');
    expect(stripVTControlCharacters(coloured)).toBe(text(changes));
  });

  test('says what the container grants, and what is not installed', () => {
    const machine = { ...MACHINE, processorQuota: 1.5, memoryLimitBytes: 8e9, availableBytes: 6e9 };
    const graphics = { nvidiaDriver: null, nvidiaGpus: [], vulkanDevices: [], vulkanDrivers: [] };
    const limited = text({ machine, graphics, versions: { tokenizers: null } });
    expect(limited).toMatch(/tokenizers +not installed/);
    expect(limited).toMatch(
      /processors +8 × Some CPU, 8 for this process; the container grants the time of 1.5/,
    );
    expect(limited).toMatch(/memory +64.0 GB, 8.00 GB granted by the container, 6.00 GB available/);
    expect(limited).toMatch(/NVIDIA +no driver/);
    expect(limited).toMatch(/Vulkan +no driver/);
  });
});
