/** What a model's folder holds and what running it would take, without reading a weight. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DecoderConfig, readDecoderConfig } from '../checkpoint/config.js';
import { DTYPE_BYTES } from '../checkpoint/safetensors.js';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { Weights } from '../checkpoint/weights.js';
import { BoxedError } from '../errors.js';
import { WEIGHTS_FILE } from '../onnx/writer.js';
import { MANIFEST_FILE, readExport } from './manifest.js';
import { exportFolders } from './resolve.js';

/** An export that is there already. */
export interface FoundExport {
  readonly folder: string;
  readonly device: string;
  readonly dtype: string;
}

export interface WeightSummary {
  readonly parameters: number;
  readonly bytes: number;
  /** Types of the tensors, each once. */
  readonly dtypes: readonly string[];
}

/** Bytes of the weights in memory by the dtype of an export, about. */
export interface WeightMemory {
  readonly fp32: number;
  readonly fp16: number;
  readonly int8: number;
  readonly int4: number;
}

export interface ModelInspection {
  readonly path: string;
  /** `null` when it could not be read. */
  readonly config: DecoderConfig | null;
  /** `null` for an export, and when they could not be read. */
  readonly weights: WeightSummary | null;
  readonly memory: WeightMemory | null;
  /** Bytes of keys and values for one token of a row, in fp32. */
  readonly cacheBytesPerToken: number | null;
  readonly exports: readonly FoundExport[];
  /** Where a new export would go. */
  readonly exportFolder: string;
  /** What is wrong with it. */
  readonly faults: readonly { readonly name: string; readonly message: string; readonly hint: string }[];
}

/** Quantized matrices have a float32 scale for each block of this many weights. */
const BLOCK = 32;

/** Looks into a checkpoint, or an export. What is wrong with it becomes a fault of the result, not an error. */
export async function inspectModel(path: string): Promise<ModelInspection> {
  const faults: BoxedError[] = [];
  const attempt = async <T>(action: () => Promise<T>): Promise<T | null> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof BoxedError)) throw error;
      faults.push(error);
      return null;
    }
  };
  const isExport = existsSync(join(path, MANIFEST_FILE));
  const folders = isExport ? [path] : await exportFolders(path);
  let config: DecoderConfig | null = null;
  let weights: WeightSummary | null = null;
  if (isExport) {
    config = await attempt(async () => (await readExport(path)).manifest.config);
  } else {
    config = await attempt(() => readDecoderConfig(path));
    weights = await attempt(() => summarise(path));
  }
  await attempt(() => ChatTokenizer.open(path));
  return {
    path,
    config,
    weights,
    memory: config && weights && weightMemory(config, weights.parameters),
    cacheBytesPerToken: config && 2 * config.layers * config.kvHeads * config.headDim * 4,
    exports: isExport ? await exportsIn([path]) : await exportsBelow(folders),
    exportFolder: folders.at(-1)!,
    faults: faults.map(({ name, message, hint }) => ({ name, message, hint })),
  };
}

async function summarise(path: string): Promise<WeightSummary> {
  const weights = await Weights.open(path);
  try {
    let [parameters, bytes] = [0, 0];
    const dtypes = new Set<string>();
    for (const name of weights.names()) {
      const elements = weights.shape(name).reduce((product, size) => product * size, 1);
      const dtype = weights.dtype(name);
      parameters += elements;
      bytes += elements * DTYPE_BYTES[dtype];
      dtypes.add(dtype);
    }
    return { parameters, bytes, dtypes: [...dtypes] };
  } finally {
    await weights.close();
  }
}

/** Matrices are quantized; an embedding that is not the head as well stays as it is. */
export function weightMemory(config: DecoderConfig, parameters: number): WeightMemory {
  const kept = config.tieWordEmbeddings ? 0 : config.vocabSize * config.hiddenSize;
  const quantized = (bits: number) => (parameters - kept) * (bits / 8 + 4 / BLOCK) + kept * 4;
  return { fp32: 4 * parameters, fp16: 2 * parameters, int8: quantized(8), int4: quantized(4) };
}

async function exportsBelow(folders: readonly string[]): Promise<FoundExport[]> {
  const below = await Promise.all(
    folders.map(async (folder) => {
      const names = existsSync(folder) ? await readdir(folder) : [];
      return names.sort().map((name) => join(folder, name));
    }),
  );
  return exportsIn(below.flat());
}

/** Those of the folders that hold a whole export of this version. */
async function exportsIn(folders: readonly string[]): Promise<FoundExport[]> {
  const found: FoundExport[] = [];
  for (const folder of folders) {
    if (!existsSync(join(folder, MANIFEST_FILE))) continue;
    const manifest = await readExport(folder).then(
      (model) => model.manifest,
      () => null,
    );
    const complete = await stat(join(folder, WEIGHTS_FILE)).catch(() => null);
    if (manifest && complete) found.push({ folder, device: manifest.device, dtype: manifest.dtype });
  }
  return found;
}
