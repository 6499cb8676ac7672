/** What the trial of an execution provider means: whether it works, what is missing, and what to do about it. */
import { basename } from 'node:path';
import type { Graphics } from './graphics.js';
import type { ProbeOutcome, Provider } from './probe.js';

export interface ProviderReport {
  readonly provider: Provider;
  readonly works: boolean;
  /** What went wrong, as part of a sentence; `null` where it works. */
  readonly reason: string | null;
  /** Names of shared libraries that could not be loaded. */
  readonly missingLibraries: readonly string[];
  /** What to do, as sentences; `null` where there is nothing to do. */
  readonly advice: string | null;
  /** What it computes on, as far as that can be known. */
  readonly device: string | null;
}

/** What is known about the machine beside the outcome of the trial. */
export interface ProbeContext {
  readonly graphics: Graphics;
  /** Folder of the runtime's native libraries. */
  readonly runtimeFolder: string;
  /** Libraries that the loader does not find for the CUDA provider, all at once: it names only the first by itself. */
  readonly unresolvedLibraries: readonly string[];
}

/** NVIDIA's oldest driver that runs programs of CUDA 12 (CUDA compatibility guide, minor version compatibility). */
const OLDEST_NVIDIA_DRIVER = 525;

/** A reason is one line of a terminal or two. */
const REASON_LENGTH = 240;

/** The provider's libraries of the runtime itself. */
const PROVIDER_LIBRARY = /^libonnxruntime_providers_/;
const DRIVER_LIBRARY = /^libcuda\.so/;

/** Libraries by what they come with. */
const CUDA_RUNTIME = /^lib(cudart|cublas|cublasLt|cufft|curand|cusparse|cusolver|nvrtc|nvJitLink)\.so/;
const CUDNN = /^libcudnn/;
const VULKAN = /^libvulkan\.so/;

/** CUDA's error codes that a user can act on (cudaError_t). */
const CUDA_FAILURES: Readonly<Record<string, string>> = {
  '2': 'Its memory is full: end what else uses it.',
  '35': `Update NVIDIA's driver: CUDA 12 needs ${OLDEST_NVIDIA_DRIVER} or newer.`,
  '46': 'Another process holds the device: end it.',
  '100':
    'No device is visible: check CUDA_VISIBLE_DEVICES, and that the container was started with its GPUs.',
  '209': 'This GPU is older than the runtime was built for (compute capability 6.0).',
  '802': 'The system is not ready: start nvidia-fabricmanager.',
};

/** Reads the outcome of a trial. */
export function readOutcome(
  provider: Provider,
  outcome: ProbeOutcome,
  context: ProbeContext,
): ProviderReport {
  if (outcome.result?.error === null) {
    const device = deviceOf(provider, context.graphics);
    return { provider, works: true, reason: null, missingLibraries: [], advice: null, device };
  }
  const stderr = withoutColours(outcome.stderr);
  const missingLibraries = [...new Set([...librariesIn(stderr), ...context.unresolvedLibraries])];
  const reason = reasonOf(provider, outcome, stderr, missingLibraries, context);
  const advice = adviceOn(provider, `${stderr}\n${outcome.result?.error ?? ''}`, missingLibraries, context);
  return { provider, works: false, reason, missingLibraries, advice, device: null };
}

/** Names of libraries that the loader could not open, in the order in which it says so. */
export function librariesIn(text: string): string[] {
  const missing = text.matchAll(/([^\s:]+\.so[^\s:]*): cannot open shared object file/g);
  return [...new Set([...missing].map(([, file]) => basename(file!)))];
}

/** Libraries that `ldd` does not find: lines `libcudart.so.12 => not found`. */
export function unresolvedIn(text: string): string[] {
  return [...new Set([...text.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name!))];
}

function reasonOf(
  provider: Provider,
  { result, end }: ProbeOutcome,
  stderr: string,
  missing: readonly string[],
  { graphics }: ProbeContext,
): string {
  const parts: string[] = [];
  if (provider === 'cuda' && graphics.nvidiaDriver === null) parts.push('no NVIDIA driver');
  if (missing.length > 0) parts.push(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`);
  if (provider === 'webgpu' && missing.length === 0 && isWithoutVulkanDriver(stderr)) {
    parts.push('no Vulkan driver');
  }
  if (parts.length > 0) return parts.join('; ');
  if (end === 'timeout') return 'it did not answer in time';
  if (result === null) return `its process ended with ${end}${lastLine(stderr)}`;
  return shorten(result.error ?? '');
}

function adviceOn(
  provider: Provider,
  text: string,
  missing: readonly string[],
  context: ProbeContext,
): string | null {
  switch (provider) {
    case 'cpu':
      return missing.length > 0
        ? `Install what provides ${missing.join(', ')}.`
        : 'Install the packages again (`make setup`); the runtime needs glibc 2.28 or newer on Linux.';
    case 'webgpu':
      return webgpuAdvice(text, missing);
    case 'cuda':
      return cudaAdvice(text, missing, context);
    default:
      return provider satisfies never;
  }
}

function webgpuAdvice(text: string, missing: readonly string[]): string {
  if (missing.some((name) => VULKAN.test(name)) || isWithoutVulkanDriver(text)) {
    return (
      "Install the Vulkan loader and a driver: the GPU maker's, or Mesa's (on Debian and Ubuntu " +
      'libvulkan1 and mesa-vulkan-drivers), which also has one that needs no GPU.'
    );
  }
  return "The Vulkan driver lacks a feature that is needed: update it (Mesa 25 has it, Mesa 22 has not), or the GPU maker's.";
}

function cudaAdvice(text: string, missing: readonly string[], context: ProbeContext): string {
  const { graphics, runtimeFolder } = context;
  if (graphics.nvidiaDriver === null) {
    return `There is nothing to do without an NVIDIA GPU; with one, install its driver first, ${OLDEST_NVIDIA_DRIVER} or newer.`;
  }
  const steps: string[] = [];
  if (Number.parseInt(graphics.nvidiaDriver, 10) < OLDEST_NVIDIA_DRIVER) {
    steps.push(
      `Update NVIDIA's driver from ${graphics.nvidiaDriver}: CUDA 12 needs ${OLDEST_NVIDIA_DRIVER} or newer.`,
    );
  }
  const has = (pattern: RegExp) => missing.some((name) => pattern.test(name));
  if (has(DRIVER_LIBRARY)) {
    steps.push(
      'The driver is loaded, its libraries are not to be found: in a container, start it with its GPUs (--gpus all).',
    );
  }
  if (has(PROVIDER_LIBRARY)) {
    steps.push(
      "Fetch the runtime's CUDA libraries: `(cd node_modules/onnxruntime-node && ONNXRUNTIME_NODE_INSTALL=cuda12 node script/install.js)`; " +
        `without a network, copy libonnxruntime_providers_shared.so and libonnxruntime_providers_cuda.so of the same version into ${runtimeFolder}.`,
    );
  }
  if (has(CUDA_RUNTIME)) {
    steps.push(
      "Install CUDA 12's runtime libraries (cudart, cuBLAS, cuFFT, cuRAND), or name their folder in LD_LIBRARY_PATH.",
    );
  }
  if (has(CUDNN)) steps.push('Install cuDNN 9 for CUDA 12, or name its folder in LD_LIBRARY_PATH.');
  const known = [PROVIDER_LIBRARY, DRIVER_LIBRARY, CUDA_RUNTIME, CUDNN];
  const others = missing.filter((name) => !known.some((pattern) => pattern.test(name)));
  if (others.length > 0) steps.push(`Install what provides ${others.join(', ')}.`);
  const failure = CUDA_FAILURES[/CUDA failure (\d+)/.exec(text)?.[1] ?? ''];
  if (failure !== undefined && steps.length === 0) steps.push(failure);
  return steps.length > 0 ? steps.join(' ') : 'See whether nvidia-smi works; if it does, please report this.';
}

/** What the Vulkan loader says where it finds no driver that fits. */
function isWithoutVulkanDriver(text: string): boolean {
  return /Found no drivers|VK_ERROR_INCOMPATIBLE_DRIVER/.test(text);
}

function deviceOf(provider: Provider, graphics: Graphics): string | null {
  const names =
    provider === 'cuda'
      ? graphics.nvidiaGpus.slice(0, 1).map(({ name }) => name)
      : provider === 'webgpu'
        ? graphics.vulkanDevices.map(({ name, software }) => (software ? `${name}, software` : name))
        : [];
  return names.length > 0 ? names.join(' or ') : null;
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)!.trim();
  return line === '' ? '' : `: ${shorten(line)}`;
}

/** The telling part of a message of the runtime, which puts source file and function before it. */
function shorten(message: string): string {
  const line = message.trim().split('\n')[0]!;
  const telling = line
    .replace(/^.*? was false\. /, '')
    .replace(/^.*?(CUDA failure \d+: [^;]*?)\s*;.*$/, '$1');
  return telling.length > REASON_LENGTH ? `${telling.slice(0, REASON_LENGTH)}…` : telling;
}

/** Logs of the runtime are coloured even where nobody sees it. */
function withoutColours(text: string): string {
  return text.replace(/\x1b\[[0-9;]*m/g, '');
}
