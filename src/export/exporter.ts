/** Checkpoint to ONNX: builds the graph, streams the weights, and moves the finished export into place at once. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readDecoderConfig } from '../checkpoint/config.js';
import { checkVocabularyIn } from '../checkpoint/vocabularyMatch.js';
import { Weights } from '../checkpoint/weights.js';
import { makeWritableFolder, writeAtomically } from '../files.js';
import { checkTensors } from '../model/tensorCheck.js';
import { writeModel } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import { buildGraph } from './layout.js';
import {
  EXPORT_FORMAT,
  type ExportedModel,
  type ExportManifest,
  MANIFEST_FILE,
  readExport,
} from './manifest.js';
import type { Target } from './target.js';

/** Files of a checkpoint that an export carries along, so that it can be used on its own. */
const COMPANIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];

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
 * @throws the errors of `readDecoderConfig`, `checkVocabularyIn`, `checkTensors` and `Weights`, FileAccessError when
 *   `target` cannot be written.
 */
export async function exportCheckpoint(
  checkpoint: string,
  target: string,
  options: ExportOptions,
): Promise<ExportedModel> {
  const config = await readDecoderConfig(checkpoint);
  await checkVocabularyIn(checkpoint, config.vocabSize);
  const weights = await Weights.open(checkpoint);
  const unfinished = join(dirname(target), `.unfinished-${randomBytes(6).toString('hex')}`);
  try {
    await checkTensors(config, weights);
    const logits = options.logits ?? false;
    const { blockSize } = options;
    const built = buildGraph(options, config, weights, { logits, ...(blockSize && { blockSize }) });
    await makeWritableFolder(dirname(target));
    await mkdir(unfinished);
    const { onProgress } = options;
    await writeModel(built.graph, unfinished, {
      producerVersion: VERSION,
      ...(onProgress && { onProgress }),
    });
    for (const name of COMPANIONS) {
      if (existsSync(join(checkpoint, name))) await copyFile(join(checkpoint, name), join(unfinished, name));
    }
    const manifest: ExportManifest = {
      format: EXPORT_FORMAT,
      program: VERSION,
      layout: built.layout,
      dtype: options.dtype,
      device: options.device,
      digest: options.digest,
      logits,
      config,
    };
    await writeAtomically(join(unfinished, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
  } finally {
    await weights.close();
    await rm(unfinished, { recursive: true, force: true });
  }
  return readExport(target);
}
