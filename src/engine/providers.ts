/** Execution providers that really work, found out by trying them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BoxedError } from '../errors.js';
import { packageFolder } from '../version.js';
import { type Graphics, readGraphics } from './graphics.js';
import { type Provider, runProbe } from './probe.js';
import { type ProviderReport, readOutcome, unresolvedIn } from './providerReport.js';

/** The library that the CUDA provider is in. */
const CUDA_PROVIDER_LIBRARY = 'libonnxruntime_providers_cuda.so';
/** `ldd` reads a few files. */
const LDD_TIMEOUT_MS = 20_000;

/** A provider that was asked for does not work here. */
export class ProviderUnavailableError extends BoxedError {
  override readonly name = 'ProviderUnavailableError';

  constructor(readonly report: ProviderReport) {
    super(
      `the runtime cannot compute with ${report.provider} here: ${report.reason}`,
      `${report.advice ?? ''} --device cpu works without it; \`boxed doctor\` tells more.`.trim(),
    );
  }
}

/** Where the runtime's native libraries lie, by platform. */
export function runtimeFolder(): string {
  const place = join('bin', 'napi-v6', process.platform, process.arch);
  return join(packageFolder('onnxruntime-node') ?? join('node_modules', 'onnxruntime-node'), place);
}

/** Tries a provider: a small product in a process of its own. `graphics` spares asking for it again. */
export async function tryProvider(provider: Provider, graphics?: Graphics): Promise<ProviderReport> {
  const folder = runtimeFolder();
  const outcome = await runProbe(provider);
  const failed = outcome.result?.error !== null;
  return readOutcome(provider, outcome, {
    graphics: graphics ?? (await readGraphics()),
    runtimeFolder: folder,
    unresolvedLibraries: failed && provider === 'cuda' ? await unresolvedLibraries(folder) : [],
  });
}

/**
 * Sees that a provider works before a model is exported for it or run on it; there is no falling back to the CPU. Starts a
 * process, so it belongs into the command, before the solver's process, which may start none.
 * @throws ProviderUnavailableError naming what is missing and what to do.
 */
export async function requireProvider(provider: Provider): Promise<void> {
  const report = await tryProvider(provider);
  if (!report.works) throw new ProviderUnavailableError(report);
}

async function unresolvedLibraries(folder: string): Promise<string[]> {
  const library = join(folder, CUDA_PROVIDER_LIBRARY);
  if (!existsSync(library)) return [CUDA_PROVIDER_LIBRARY];
  return new Promise((resolve) => {
    execFile('ldd', [library], { timeout: LDD_TIMEOUT_MS }, (_, stdout) => resolve(unresolvedIn(stdout)));
  });
}
