/** From what a user calls a model to an exported one: an export as it is, or a checkpoint exported once and cached. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointDigest, type KnownDigests } from '../checkpoint/digest.js';
import { BoxedError, UsageError } from '../errors.js';
import { digestOf, readText, writeAtomically } from '../files.js';
import { exportCheckpoint } from './exporter.js';
import {
  DEVICES,
  type Device,
  DTYPES,
  type Dtype,
  EXPORT_FORMAT,
  type ExportedModel,
  MANIFEST_FILE,
  readExport,
} from './manifest.js';

/** A path that holds neither a checkpoint nor an export. */
export class NoModelError extends BoxedError {
  override readonly name = 'NoModelError';
}

/** Digests of weight files by size and time of change, beside the exports they name. */
const DIGESTS_FILE = 'digests.json';

export interface ResolveOptions {
  readonly dtype: Dtype;
  readonly device: Device;
  /** Where exports are kept. Default: `onnx/` in the checkpoint's folder. */
  readonly exportFolder?: string;
  readonly onExport?: (checkpoint: string) => void;
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

/** Checks a `--dtype` and a `--device`. @throws UsageError naming those there are. */
export function parseTarget(dtype: string, device: string): { dtype: Dtype; device: Device } {
  return { dtype: oneOf('--dtype', dtype, DTYPES), device: oneOf('--device', device, DEVICES) };
}

/**
 * Opens the export in `path`, or exports the checkpoint in `path` if that has not been done for its present content.
 * @throws NoModelError, and the errors of `exportCheckpoint`.
 */
export async function resolveModel(path: string, options: ResolveOptions): Promise<ExportedModel> {
  if (existsSync(join(path, MANIFEST_FILE))) return readExport(path);
  if (!existsSync(join(path, 'config.json'))) {
    throw new NoModelError(
      'neither config.json nor export.json is there',
      'Give a checkpoint folder in Hugging Face layout, or a folder that `boxed export` made.',
      { file: path },
    );
  }
  const exports = options.exportFolder ?? join(path, 'onnx');
  const digest = await cachedDigest(path, exports);
  const { dtype, device } = options;
  const key = digestOf(JSON.stringify([digest, EXPORT_FORMAT, dtype, device])).slice(0, 12);
  const target = join(exports, `${device}-${dtype}-${key}`);
  if (existsSync(join(target, MANIFEST_FILE))) return readExport(target);
  options.onExport?.(path);
  const { onProgress } = options;
  const exported = await exportCheckpoint(path, target, {
    dtype,
    device,
    digest,
    ...(onProgress && { onProgress }),
  });
  await cachedDigest(path, exports);
  return exported;
}

/** The checkpoint's digest; what is known of unchanged files is kept in the export folder once there is one. */
async function cachedDigest(checkpoint: string, exports: string): Promise<string> {
  const file = join(exports, DIGESTS_FILE);
  const known = existsSync(file) ? (JSON.parse(await readText(file)) as KnownDigests) : undefined;
  const { digest, files } = await checkpointDigest(checkpoint, known);
  if (existsSync(exports)) await writeAtomically(file, `${JSON.stringify(files, null, 2)}\n`);
  return digest;
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(
    `${option} ${value} is not one of those there are`,
    `Use ${allowed.map((name) => `${option} ${name}`).join(' or ')}.`,
  );
}
