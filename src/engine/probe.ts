/** Tries an execution provider in a process of its own: a provider that crashes or hangs takes only that process with it. */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessError } from '../files.js';

/** Execution providers of the runtime that this program uses. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** The runtime's names of them. */
export const RUNS_ON: Readonly<Record<Provider, string>> = {
  cpu: 'CPUExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  cuda: 'CUDAExecutionProvider',
};

/** What the process itself says. */
export interface ProbeResult {
  /** `null` when the provider computed what is right. */
  readonly error: string | null;
}

export interface ProbeOutcome {
  /** `null` when the process ended without a word. */
  readonly result: ProbeResult | null;
  /** The loader's reasons stand here and nowhere else. */
  readonly stderr: string;
  /** How the process ended: `status 0`, `SIGSEGV`, or `timeout`. */
  readonly end: string;
}

/** A probe takes a second; loading CUDA's libraries from a cold disk takes tens of them. */
export const PROBE_TIMEOUT_MS = 90_000;
/** Characters of the error output that are kept; the loader's lines take a few hundred each. */
const STDERR_KEPT = 20_000;

const ENTRY = fileURLToPath(new URL('./providerProbe.js', import.meta.url));

export interface ProbeOptions {
  /** Default: the program's own probe. */
  readonly entry?: string;
  /** Default: {@link PROBE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** Runs the probe to its end, or ends it after `timeoutMs`. @throws FileAccessError without a folder for temporary files. */
export async function runProbe(provider: Provider, options: ProbeOptions = {}): Promise<ProbeOutcome> {
  const { entry = ENTRY, timeoutMs = PROBE_TIMEOUT_MS } = options;
  const folder = await mkdtemp(join(tmpdir(), 'boxed-probe-')).catch((error: unknown) => {
    throw accessError('write to', tmpdir(), error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const child = fork(entry, [provider, folder], {
        execArgv: ['--no-warnings'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      let result: ProbeResult | null = null;
      let stderr = '';
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, timeoutMs);
      child.on('message', (message) => {
        result = message as ProbeResult;
      });
      child.stderr!.on('data', (chunk: Buffer) => {
        stderr = (stderr + chunk.toString()).slice(-STDERR_KEPT);
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ result, stderr, end: late ? 'timeout' : (signal ?? `status ${code}`) });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
