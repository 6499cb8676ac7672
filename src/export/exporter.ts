/** Checkpoint to ONNX: builds the graph, streams the weights, and moves the finished export into place at once. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readDecoderConfig } from '../checkpoint/config.js';
import { checkVocabularyIn } from '../checkpoint/vocabularyMatch.js';
import { Weights } from '../checkpoint/weights.js';
import { accessError, makeWritableFolder, systemCode, writeAtomically } from '../files.js';
import { checkTensors } from '../model/tensorCheck.js';
import { dataFileBytes, writeModel } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import { BlockPool } from './blockPool.js';
import { companionBytes, copyCompanions } from './companions.js';
import { checkFreeDisk } from './diskRoom.js';
import { buildGraph } from './layout.js';
import {
  EXPORT_FORMAT,
  type ExportedModel,
  type ExportManifest,
  MANIFEST_FILE,
  readExport,
} from './manifest.js';
import { writeQuantizationReport } from './quantizationReport.js';
import { Quantizer } from './quantizer.js';
import { quantizationOf, type Target } from './target.js';
import { makeWorkFolder, removeLeftovers } from './workFolder.js';

export interface ExportOptions extends Target {
  /** Digest of the checkpoint, recorded in the manifest. */
  readonly digest: string;
  /** Also gives the graph the output `logits`. Default: false. */
  readonly logits?: boolean;
  /** Positions of a block in the paged layout. Default: 256. */
  readonly blockSize?: number;
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

/**
 * Exports `checkpoint` into the new folder `target`. A failed or killed export leaves nothing there.
 * @throws the errors of `readDecoderConfig`, `checkVocabularyIn`, `checkTensors`, `Weights` and `buildGraph`,
 *   NotEnoughDiskError, FileAccessError when `target` cannot be written, QuantizingFailedError
 */
export async function exportCheckpoint(
  checkpoint: string,
  target: string,
  options: ExportOptions,
): Promise<ExportedModel> {
  const config = await readDecoderConfig(checkpoint);
  await checkVocabularyIn(checkpoint, config.vocabSize);
  const weights = await Weights.open(checkpoint);
  const pool = new BlockPool();
  let unfinished: string | null = null;
  try {
    await checkTensors(config, weights);
    const logits = options.logits ?? false;
    const { blockSize, onProgress } = options;
    const quantizer = new Quantizer(weights, pool);
    const settings = { logits, ...(blockSize && { blockSize }) };
    const { graph, layout } = buildGraph(options, config, weights, quantizer, settings);
    const parent = dirname(target);
    await makeWritableFolder(parent);
    await removeLeftovers(parent);
    await checkFreeDisk(parent, dataFileBytes(graph) + (await companionBytes(checkpoint)));
    unfinished = await makeWorkFolder(parent);
    await writeModel(graph, unfinished, { producerVersion: VERSION, ...(onProgress && { onProgress }) });
    await copyCompanions(checkpoint, unfinished);
    const quantization = quantizationOf(options);
    if (quantization) await writeQuantizationReport(unfinished, quantizer.report);
    const manifest: ExportManifest = {
      format: EXPORT_FORMAT,
      program: VERSION,
      layout,
      dtype: options.dtype,
      device: options.device,
      quantization,
      digest: options.digest,
      logits,
      config,
    };
    await writeAtomically(join(unfinished, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    await moveIntoPlace(unfinished, target);
  } finally {
    await pool.close();
    await weights.close();
    if (unfinished !== null) await rm(unfinished, { recursive: true, force: true });
  }
  return readExport(target);
}

/** Another process may have just put the same export there; anything else at `target` is the rest of a broken one. */
async function moveIntoPlace(unfinished: string, target: string): Promise<void> {
  const isThere = () => existsSync(join(target, MANIFEST_FILE));
  try {
    if (await renameOnto(unfinished, target)) return;
    // Only now, for whoever looks and removes first would remove what another has finished in between.
    if (!isThere()) await rm(target, { recursive: true, force: true });
    if (!isThere()) await renameOnto(unfinished, target);
  } catch (error) {
    throw accessError('write', target, error);
  }
}

/** Renames a folder; `false` where another stands in the way. */
async function renameOnto(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}
