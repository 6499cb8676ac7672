/** The options that say which model runs and how, and the export they come to. */
import type { Command } from 'commander';
import { defaultKvMemoryBytes } from '../engine/kvBudget.js';
import { requireProvider } from '../engine/providers.js';
import { UsageError } from '../errors.js';
import { BLOCK_SIZES } from '../export/blocks.js';
import type { ExportedModel } from '../export/manifest.js';
import { parseBlockSize, parseRules, type QuantizationOptions } from '../export/quantization.js';
import { resolveModel } from '../export/resolve.js';
import { DEVICES, type Device, DTYPES, parseTarget, quantizationOf, type Target } from '../export/target.js';
import { byteCount, integerFrom } from './options.js';
import { ProgressLine } from './progress.js';

export interface ModelFlags {
  dtype?: string;
  device: string;
  exportDir?: string;
  blockSize?: number;
  zeroPoints?: boolean;
  precision?: string;
}

export interface EngineFlags extends KvMemoryFlags {
  rows: number;
  threads?: number;
  draftTokens: number;
  batchInvariant?: boolean;
}

export interface KvMemoryFlags {
  kvMemory?: number;
}

/** Adds `--dtype --device --export-dir --block-size --zero-points --precision`. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--dtype <type>', `element type of the weights: ${DTYPES.join(', ')}; default: the device's own`)
    .option('--device <device>', `where the model runs: ${DEVICES.join(', ')}`, 'cpu')
    .option(
      '--export-dir <folder>',
      "where exports are kept; default: onnx/ in the checkpoint's folder, or the user's cache where that is read-only",
    )
    .option(
      '--block-size <count>',
      `weights that share a scale, for int8 and int4: ${BLOCK_SIZES.join(', ')}`,
      integerFrom(1),
    )
    .option('--zero-points', 'quantize with a zero point for each block')
    .option('--no-zero-points', 'quantize symmetrically')
    .option(
      '--precision <rules>',
      'precision of some matrices, such as lm_head=int8,0-1=float,down_proj=int8: layers, projections or both',
    );
}

/** What the flags ask for. @throws UsageError */
export function targetOf(flags: ModelFlags): Target {
  const target = parseTarget(flags.device, flags.dtype);
  const quantization: QuantizationOptions = {
    ...(flags.blockSize !== undefined && { blockSize: parseBlockSize(flags.blockSize) }),
    ...(flags.zeroPoints !== undefined && { symmetric: !flags.zeroPoints }),
    ...(flags.precision !== undefined && { rules: parseRules(flags.precision) }),
  };
  if (Object.keys(quantization).length === 0) return target;
  if (quantizationOf(target) === null) {
    throw new UsageError(
      `--dtype ${target.dtype} quantizes nothing`,
      'Use --block-size, --zero-points and --precision with --dtype int8 or int4.',
    );
  }
  return { ...target, quantization };
}

/** Adds `--rows --threads --draft-tokens --batch-invariant --kv-memory`. */
export function addEngineOptions(command: Command, rows: number): Command {
  command
    .option(
      '--rows <count>',
      'samples drawn at the same time, where their keys and values have room',
      integerFrom(1),
      rows,
    )
    .option('--threads <count>', 'threads of the runtime; default: the processors there are', integerFrom(1))
    .option(
      '--draft-tokens <count>',
      'tokens of a sample guessed at most from what it repeats, and verified together; draws stay the same; pays with few rows of a large model',
      integerFrom(0),
      0,
    )
    .option(
      '--batch-invariant',
      'draw the same tokens, to the last bit of their probabilities, whatever else is in the batch; slower',
    );
  return addKvMemoryOption(command);
}

export function addKvMemoryOption(command: Command): Command {
  return command.option(
    '--kv-memory <size>',
    'memory for keys and values at most, such as 8GB; rows that do not fit wait; default: half of what is available, or 4 GiB of a device',
    byteCount,
  );
}

/** The bytes for keys and values that the flags ask for, or what is taken by itself. */
export function kvMemoryOf({ kvMemory }: KvMemoryFlags, model: ExportedModel): number {
  return kvMemory ?? defaultKvMemoryBytes(model.manifest);
}

/** Opens an export, or exports a checkpoint first, with a progress line. */
export async function openModel(path: string, flags: ModelFlags): Promise<ExportedModel> {
  const target = targetOf(flags);
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  let line: ProgressLine | null = null;
  try {
    return await resolveModel(path, {
      ...target,
      ...(flags.exportDir !== undefined && { exportFolder: flags.exportDir }),
      onExport: (_, target) => {
        process.stderr.write(`exporting to ${target}\n`);
        line = new ProgressLine({ label: `exporting ${path}`, unit: 'MB', rateUnit: 'MB/s' });
      },
      onProgress: (written, total) => {
        line?.update({ done: megabytes(written), total: megabytes(total), amount: written / 1e6 });
      },
    });
  } finally {
    (line as ProgressLine | null)?.stop();
  }
}

/** `openModel`, for commands that run it: first sees that its device works. @throws ProviderUnavailableError */
export async function openModelToRun(path: string, flags: ModelFlags): Promise<ExportedModel> {
  const { device } = parseTarget(flags.device, flags.dtype);
  await requireDevice(device);
  const model = await openModel(path, flags);
  // An export runs where it was made for, whatever was asked.
  if (model.manifest.device !== device) await requireDevice(model.manifest.device);
  return model;
}

/** The CPU is always there, and trying it would cost every command a process. */
async function requireDevice(device: Device): Promise<void> {
  if (device !== 'cpu') await requireProvider(device);
}
