/** Checkpoints of a training: read as trained tensors, written in Hugging Face layout. */
import { join } from 'node:path';
import { type DecoderConfig, readDecoderConfig } from '../checkpoint/config.js';
import { writeSafetensors } from '../checkpoint/safetensorsWriter.js';
import { Weights } from '../checkpoint/weights.js';
import { copyCompanions } from '../export/companions.js';
import { makeWritableFolder } from '../files.js';
import { EMBEDDING, HEAD, tensorShapes } from '../model/tensors.js';
import { type RandomBits, seededBits } from '../score/random.js';
import { type TrainedTensor, trainedTensor } from './adamW.js';

export type Tensors = ReadonlyMap<string, TrainedTensor>;

const WEIGHTS_FILE = 'model.safetensors';
/** Standard deviation of a new embedding, as transformers has it. */
const EMBEDDING_DEVIATION = 0.02;

/** Opens the checkpoint in `folder`, its weights as float32. @throws the errors of `readDecoderConfig` and `Weights` */
export async function readModel(folder: string): Promise<{ config: DecoderConfig; tensors: Tensors }> {
  const config = await readDecoderConfig(folder);
  const weights = await Weights.open(folder);
  try {
    const tensors = new Map<string, TrainedTensor>();
    for (const [name, dims] of tensorShapes(config)) {
      // A copy: tensors of one file may be views of one buffer.
      const data = Float32Array.from(await weights.read(name, dims));
      tensors.set(name, trainedTensor(dims, data, decays(name)));
    }
    return { config, tensors };
  } finally {
    await weights.close();
  }
}

/**
 * New weights for `config`: matrices from N(0, 1 / inputs), those that write to the residual stream divided by √(2 · layers)
 * as in GPT-2, the embedding from N(0, 0.02²), scales 1, biases 0.
 */
export function newTensors(config: DecoderConfig, seed: number): Tensors {
  const normal = normalNumbers(seededBits(seed));
  const tensors = new Map<string, TrainedTensor>();
  for (const [name, dims] of tensorShapes(config)) {
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
    const deviation = deviationOf(name, dims, config.layers);
    if (deviation === null) data.fill(name.endsWith('.bias') ? 0 : 1);
    else for (let at = 0; at < data.length; at += 1) data[at] = deviation * normal();
    tensors.set(name, trainedTensor(dims, data, decays(name)));
  }
  return tensors;
}

/** Writes weights into `folder`, beside copies of all else that the checkpoint `like` has. @throws FileAccessError */
export async function writeModelFolder(folder: string, tensors: Tensors, like: string): Promise<void> {
  await makeWritableFolder(folder);
  await copyCompanions(like, folder);
  await writeSafetensors(join(folder, WEIGHTS_FILE), tensors);
}

/** Matrices of the layers decay. Norms and biases do not, nor does the embedding, whose rows are not used alike. */
function decays(name: string): boolean {
  return name.endsWith('_proj.weight');
}

function deviationOf(name: string, dims: readonly number[], layers: number): number | null {
  if (name === `${EMBEDDING}.weight` || name === `${HEAD}.weight`) return EMBEDDING_DEVIATION;
  if (dims.length < 2) return null;
  const residual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return 1 / Math.sqrt(dims[1]! * (residual ? 2 * layers : 1));
}

/** Normally distributed numbers by Box and Muller (1958). */
function normalNumbers(bits: RandomBits): () => number {
  const uniform = () => (bits() + 0.5) / 2 ** 32;
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
