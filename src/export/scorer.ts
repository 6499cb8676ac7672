/** The scorer of an exported model: another graph over the weights that the export has on disk. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Weights } from '../checkpoint/weights.js';
import { accessError } from '../files.js';
import { buildScorer } from '../model/scorer.js';
import { decodeModel } from '../onnx/schema.js';
import { encodeOver, MODEL_FILE } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import { BlockPool } from './blockPool.js';
import { parametersOf } from './layout.js';
import type { ExportedModel } from './manifest.js';
import { Quantizer } from './quantizer.js';

/**
 * The scorer of `model`, an export of `checkpoint`, as the bytes of a model file whose weights lie in the export's folder.
 * @throws FileAccessError, and the errors of `Weights.open`
 */
export async function scorerOf(checkpoint: string, model: ExportedModel): Promise<Uint8Array> {
  const file = join(model.folder, MODEL_FILE);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw accessError('read', file, error);
  });
  const { config, quantization } = model.manifest;
  const weights = await Weights.open(checkpoint);
  try {
    // Nothing is quantized here: the weights are declared, and never asked for.
    const quantizer = new Quantizer(weights, new BlockPool());
    const graph = buildScorer(config, parametersOf(quantization, config, weights, quantizer));
    return encodeOver(graph, decodeModel(bytes), VERSION);
  } finally {
    await weights.close();
  }
}
