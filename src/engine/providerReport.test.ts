import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Graphics } from './graphics.js';
import type { ProbeOutcome } from './probe.js';
import { librariesIn, type ProbeContext, readOutcome, unresolvedIn } from './providerReport.js';

const NO_GRAPHICS: Graphics = { nvidiaDriver: null, nvidiaGpus: [], vulkanDevices: [], vulkanDrivers: [] };
const WITH_NVIDIA: Graphics = {
  ...NO_GRAPHICS,
  nvidiaDriver: '550.54.15',
  nvidiaGpus: [{ name: 'NVIDIA H100', memoryBytes: 8e10 }],
};
const FOLDER = '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64';

/** What the runtime prints, colours included, when the loader refuses a library of the provider. */
const refused = (library: string, reason: string) =>
  `\x1b[1;31m2026-11-25 02:22:12.8 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] ` +
  `/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& ` +
  `onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library ` +
  `${FOLDER}/${library} with error: ${reason}\n\x1b[m\n`;
const notFound = (file: string) => `${file}: cannot open shared object file: No such file or directory`;

const failed = (error: string | null, stderr: string, end = 'status 0'): ProbeOutcome => ({
  result: error === null ? null : { error },
  stderr,
  end,
});
const CUDA_ERROR = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';

function cuda(stderr: string, changes: Partial<ProbeContext> = {}, error: string | null = CUDA_ERROR) {
  const context = { graphics: WITH_NVIDIA, runtimeFolder: FOLDER, unresolvedLibraries: [], ...changes };
  return readOutcome('cuda', failed(error, stderr), context);
}

function webgpu(error: string | null, stderr: string, end?: string) {
  const context = { graphics: NO_GRAPHICS, runtimeFolder: FOLDER, unresolvedLibraries: [] };
  return readOutcome('webgpu', failed(error, stderr, end), context);
}

test('a provider that computed what is right works, on the device that is known', () => {
  const outcome = { result: { error: null }, stderr: 'Warning: something', end: 'status 0' };
  const graphics: Graphics = {
    ...WITH_NVIDIA,
    vulkanDevices: [
      { name: 'llvmpipe', software: true },
      { name: 'NVIDIA H100', software: false },
    ],
  };
  const context = { graphics, runtimeFolder: FOLDER, unresolvedLibraries: [] };
  const right = { works: true, reason: null, missingLibraries: [], advice: null };
  expect(readOutcome('cuda', outcome, context)).toEqual({
    provider: 'cuda',
    ...right,
    device: 'NVIDIA H100',
  });
  expect(readOutcome('webgpu', outcome, context)).toMatchObject({
    ...right,
    device: 'llvmpipe, software or NVIDIA H100',
  });
  expect(readOutcome('cpu', outcome, context)).toMatchObject({ ...right, device: null });
});

describe('CUDA', () => {
  test.each([
    ['libcudart.so.12', "CUDA 12's runtime libraries"],
    ['libcublasLt.so.12', "CUDA 12's runtime libraries"],
    ['libcudnn.so.9', 'cuDNN 9'],
    ['libcuda.so.1', '--gpus all'],
    ['libnccl.so.2', 'Install what provides libnccl.so.2'],
  ])('%s is missing', (library, advice) => {
    const report = cuda(refused('libonnxruntime_providers_cuda.so', notFound(library)));
    expect(report).toMatchObject({
      works: false,
      reason: `${library} is missing`,
      missingLibraries: [library],
      device: null,
    });
    expect(report.advice).toContain(advice);
  });

  test.each(['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'])(
    "%s, the runtime's own, is missing",
    (library) => {
      const report = cuda(refused(library, notFound(`${FOLDER}/${library}`)));
      expect(report.missingLibraries).toEqual([library]);
      expect(report.advice).toContain('node script/install.js');
      expect(report.advice).toContain(FOLDER);
    },
  );

  test('several libraries are missing at once, of which the loader names the first', () => {
    const unresolvedLibraries = ['libcublasLt.so.12', 'libcudart.so.12', 'libcudnn.so.9'];
    const report = cuda(refused('libonnxruntime_providers_cuda.so', notFound('libcublasLt.so.12')), {
      unresolvedLibraries,
    });
    expect(report.missingLibraries).toEqual(unresolvedLibraries);
    expect(report.reason).toBe('libcublasLt.so.12, libcudart.so.12, libcudnn.so.9 are missing');
    expect(report.advice).toContain('CUDA 12');
    expect(report.advice).toContain('cuDNN 9');
  });

  test('without a driver, that comes first, and libraries are still named', () => {
    const stderr = refused(
      'libonnxruntime_providers_shared.so',
      notFound('libonnxruntime_providers_shared.so'),
    );
    const report = cuda(stderr, { graphics: NO_GRAPHICS });
    expect(report.reason).toBe('no NVIDIA driver; libonnxruntime_providers_shared.so is missing');
    expect(report.advice).toContain('install its driver first');
    expect(report.advice).not.toContain('install.js');
  });

  test('a driver that is too old', () => {
    const graphics = { ...WITH_NVIDIA, nvidiaDriver: '470.199.02' };
    const error =
      'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; hostname=h ; expr=cudaSetDevice(info_.device_id);';
    const report = cuda('', { graphics }, `/src/cuda_call.cc:129 bool onnxruntime::CudaCall() ${error}`);
    expect(report.reason).toBe(
      'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version',
    );
    expect(report.advice).toBe("Update NVIDIA's driver from 470.199.02: CUDA 12 needs 525 or newer.");
  });

  test.each([
    ['100: no CUDA-capable device is detected', 'CUDA_VISIBLE_DEVICES'],
    ['2: out of memory', 'full'],
    ['802: system not yet initialized', 'fabricmanager'],
  ])('failure %s', (failure, advice) => {
    const report = cuda('', {}, `prefix CUDA failure ${failure} ; GPU=0 ; hostname=h`);
    expect(report.reason).toBe(`CUDA failure ${failure}`);
    expect(report.advice).toContain(advice);
  });

  test('a reason that nobody foresaw is passed on, its first line, not without end', () => {
    const report = cuda('', {}, `${'x'.repeat(5000)}\nmore`);
    expect(report.reason).toBe(`${'x'.repeat(240)}…`);
    expect(report.advice).toContain('nvidia-smi');
  });
});

describe('WebGPU', () => {
  const NO_ADAPTER =
    '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 Initialize(const Config&)::<lambda()> ' +
    'adapter_result.status == wgpu::RequestAdapterStatus::Success was false. ' +
    'Failed to get a WebGPU adapter: No supported adapters\n';

  test('without the Vulkan loader', () => {
    const report = webgpu(NO_ADAPTER, `Warning: Couldn't load Vulkan: ${notFound('libvulkan.so.1')}\n`);
    expect(report.reason).toBe('libvulkan.so.1 is missing');
    expect(report.advice).toContain('libvulkan1 and mesa-vulkan-drivers');
  });

  test('without a driver', () => {
    const report = webgpu(NO_ADAPTER, 'Warning: vkCreateInstance: Found no drivers!\n');
    expect(report.reason).toBe('no Vulkan driver');
    expect(report.advice).toContain('mesa-vulkan-drivers');
  });

  test('with a driver that is too old', () => {
    const report = webgpu(NO_ADAPTER, '');
    expect(report.reason).toBe('Failed to get a WebGPU adapter: No supported adapters');
    expect(report.advice).toContain('update it');
  });
});

test('a probe that hangs, crashes or ends in silence', () => {
  expect(webgpu(null, '', 'timeout').reason).toBe('it did not answer in time');
  expect(webgpu(null, 'first\nlast words\n', 'SIGSEGV').reason).toBe(
    'its process ended with SIGSEGV: last words',
  );
  expect(webgpu(null, '', 'status 1').reason).toBe('its process ended with status 1');
});

test('an answer that is wrong, or from elsewhere, is told as it is', () => {
  expect(cuda('', {}, 'the runtime ran MatMul on CPUExecutionProvider instead').reason).toBe(
    'the runtime ran MatMul on CPUExecutionProvider instead',
  );
});

test('a runtime that does not load at all', () => {
  const context = { graphics: NO_GRAPHICS, runtimeFolder: FOLDER, unresolvedLibraries: [] };
  const stderr = `Error: ${notFound('libonnxruntime.so.1')}\n    at Module._load\n`;
  const report = readOutcome('cpu', failed(null, stderr, 'status 1'), context);
  expect(report).toMatchObject({ works: false, reason: 'libonnxruntime.so.1 is missing' });
  expect(report.advice).toContain('libonnxruntime.so.1');
});

describe('names of libraries', () => {
  const name = fc.stringMatching(/^lib[A-Za-z0-9_]{1,12}\.so(\.[0-9]{1,2})?$/);

  test('are read from any number of messages of the loader, each once', () => {
    fc.assert(
      fc.property(fc.array(name), fc.stringMatching(/^(\/[a-z]{1,5}){0,3}\/?$/), (names, folder) => {
        const place = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
        const text = names
          .map((library) => refused('libany.so', notFound(`${place}${library}`)))
          .join('noise\n');
        expect(librariesIn(text)).toEqual([...new Set(names)]);
      }),
    );
  });

  test("are read from ldd's list", () => {
    const text =
      '\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcublasLt.so.12 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n' +
      '\tlibcudart.so.12 => not found\n\tlibcublasLt.so.12 => not found\n';
    expect(unresolvedIn(text)).toEqual(['libcublasLt.so.12', 'libcudart.so.12']);
  });
});
