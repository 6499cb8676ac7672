/**
 * Makes the files that the peers need from a checkpoint, once:
 *   node dist/bench/peers/prepare.js CHECKPOINT fp32|int8
 * `peers/DTYPE.gguf` for llama.cpp (int8: Q8_0) and `peers/DTYPE/onnx/model.onnx` for transformers.js (int8: MatMulNBits).
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDecoderConfig } from '../../src/checkpoint/config.js';
import { Weights } from '../../src/checkpoint/weights.js';
import { UsageError } from '../../src/errors.js';
import { BlockPool } from '../../src/export/blockPool.js';
import { parametersOf } from '../../src/export/layout.js';
import { Quantizer } from '../../src/export/quantizer.js';
import { quantizationOf } from '../../src/export/target.js';
import { writeModel } from '../../src/onnx/writer.js';
import { VERSION } from '../../src/version.js';
import { writeGgufModel } from './ggufModel.js';
import { buildStep } from './stepGraph.js';

/** Element types that the peers have files for. */
export const PEER_DTYPES = ['fp32', 'int8'] as const;
export type PeerDtype = (typeof PEER_DTYPES)[number];

export interface PeerFiles {
  readonly gguf: string;
  /** In the layout of transformers.js: `config.json` and `onnx/model.onnx`. */
  readonly onnxFolder: string;
}

/** Makes what is not there yet. @throws the errors of `readDecoderConfig`, `Weights` and the writers */
export async function preparePeers(checkpoint: string, dtype: PeerDtype): Promise<PeerFiles> {
  const folder = join(checkpoint, 'peers');
  const files = { gguf: join(folder, `${dtype}.gguf`), onnxFolder: join(folder, dtype) };
  const config = await readDecoderConfig(checkpoint);
  const weights = await Weights.open(checkpoint);
  const pool = new BlockPool();
  try {
    await mkdir(folder, { recursive: true });
    if (!existsSync(files.gguf)) {
      await writeGgufModel(`${files.gguf}.part`, config, weights, dtype === 'int8' ? 'Q8_0' : 'F32');
      await rename(`${files.gguf}.part`, files.gguf);
    }
    if (!existsSync(files.onnxFolder)) {
      const part = `${files.onnxFolder}.part`;
      await rm(part, { recursive: true, force: true });
      await mkdir(join(part, 'onnx'), { recursive: true });
      const quantizer = new Quantizer(weights, pool);
      const quantization = quantizationOf({ device: 'cpu', dtype });
      const graph = buildStep(config, parametersOf(quantization, config, weights, quantizer));
      await writeModel(graph, join(part, 'onnx'), { producerVersion: VERSION });
      await copyFile(join(checkpoint, 'config.json'), join(part, 'config.json'));
      await rename(part, files.onnxFolder);
    }
  } finally {
    await pool.close();
    await weights.close();
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [checkpoint = '', name = ''] = process.argv.slice(2);
  const dtype = PEER_DTYPES.find((known) => known === name);
  if (checkpoint === '' || dtype === undefined)
    throw new UsageError('two arguments are needed', `Give a checkpoint and ${PEER_DTYPES.join(' or ')}.`);
  await preparePeers(checkpoint, dtype);
}
