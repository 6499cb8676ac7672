/** From what a user calls a model to an exported one: an export as it is, or a checkpoint exported once and cached. */
import { constants, existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { refuseAdapter } from '../checkpoint/adapter.js';
import { readDecoderConfig } from '../checkpoint/config.js';
import { checkpointDigest, type KnownDigests } from '../checkpoint/digest.js';
import { BoxedError } from '../errors.js';
import { digestOf, writeAtomically } from '../files.js';
import { refreshCompanions } from './companions.js';
import { exportCheckpoint } from './exporter.js';
import { EXPORT_FORMAT, type ExportedModel, MANIFEST_FILE, readExport } from './manifest.js';
import { quantizationOf, type Target } from './target.js';

/** A path that holds neither a checkpoint nor an export. */
export class NoModelError extends BoxedError {
  override readonly name = 'NoModelError';
}

/** Hexadecimal digits of a digest in the names of folders. */
const KEY_LENGTH = 12;
/** Digests of weight files by size and time of change, beside the exports they name. */
const DIGESTS_FILE = 'digests.json';

export interface ResolveOptions extends Target {
  /**
   * Where exports are kept. Default: `onnx/` in the checkpoint's folder or, where that is read-only as inputs on Kaggle are,
   * a folder of its own in the user's cache.
   */
  readonly exportFolder?: string;
  /** Called before an export is made, with the folder it goes to. */
  readonly onExport?: (checkpoint: string, target: string) => void;
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

/**
 * Opens the export in `path`, or exports the checkpoint in `path` if that has not been done for its present content.
 * @throws NoModelError, AdapterOnlyError, and the errors of `exportCheckpoint`.
 */
export async function resolveModel(path: string, options: ResolveOptions): Promise<ExportedModel> {
  if (existsSync(join(path, MANIFEST_FILE))) return readExport(path);
  if (!existsSync(join(path, 'config.json'))) {
    if (existsSync(path)) await refuseAdapter(path);
    throw new NoModelError(
      'neither config.json nor export.json is there',
      'Give a checkpoint folder in Hugging Face layout, or a folder that `boxed export` made.',
      { file: path },
    );
  }
  // Refused before all weights are read for the digest.
  await readDecoderConfig(path);
  const { dtype, device, quantization, onProgress } = options;
  const folders = await exportFolders(path, options.exportFolder);
  const digest = await cachedDigest(path, folders);
  const identity = [digest, EXPORT_FORMAT, dtype, device, quantizationOf(options)];
  const key = digestOf(JSON.stringify(identity)).slice(0, KEY_LENGTH);
  const targets = folders.map((folder) => join(folder, `${device}-${dtype}-${key}`));
  const made = targets.find((target) => existsSync(join(target, MANIFEST_FILE)));
  if (made !== undefined) {
    await refreshCompanions(path, made);
    return readExport(made);
  }
  const target = targets.at(-1)!;
  options.onExport?.(path, target);
  const settings = {
    dtype,
    device,
    digest,
    ...(quantization && { quantization }),
    ...(onProgress && { onProgress }),
  };
  const exported = await exportCheckpoint(path, target, settings);
  await cachedDigest(path, folders);
  return exported;
}

/** Where to look for exports; new ones go to the last of them. */
export async function exportFolders(checkpoint: string, chosen?: string): Promise<string[]> {
  if (chosen !== undefined) return [chosen];
  const beside = join(checkpoint, 'onnx');
  try {
    await access(checkpoint, constants.W_OK);
    return [beside];
  } catch {
    const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
    const place = digestOf(resolve(checkpoint)).slice(0, KEY_LENGTH);
    return [beside, join(cache, 'boxed', `${basename(resolve(checkpoint))}-${place}`)];
  }
}

/** The checkpoint's digest; what is known of unchanged files is kept beside the exports once there are some. */
async function cachedDigest(checkpoint: string, folders: readonly string[]): Promise<string> {
  const file = join(folders.at(-1)!, DIGESTS_FILE);
  const known = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as KnownDigests)
    .catch(() => undefined);
  const { digest, files } = await checkpointDigest(checkpoint, known);
  if (existsSync(folders.at(-1)!)) await writeAtomically(file, `${JSON.stringify(files, null, 2)}\n`);
  return digest;
}
