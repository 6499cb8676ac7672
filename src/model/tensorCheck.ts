/** Holds the tensors of a checkpoint against those of its decoder, before anything is built from them. */
import type { DecoderConfig } from '../checkpoint/config.js';
import { UnexpectedTensorError } from '../checkpoint/errors.js';
import type { Weights } from '../checkpoint/weights.js';
import { EMBEDDING, HEAD, tensorShapes } from './tensors.js';

const TIED_HEAD = `${HEAD}.weight`;
/** Buffers that early versions of transformers saved along; they follow from `config.json`. */
const DERIVED = /\.rotary_emb\.inv_freq$/;

/**
 * Sees that every tensor of the decoder is there in its shape, and no tensor that it would leave out of its sums.
 * @throws MissingTensorError, TensorShapeError, UnsupportedDtypeError, UnexpectedTensorError; for a tied head that was
 * saved all the same also the errors of `Weights.read`
 */
export async function checkTensors(config: DecoderConfig, weights: Weights): Promise<void> {
  const shapes = tensorShapes(config);
  for (const [name, shape] of shapes) weights.check(name, shape);
  for (const name of weights.names()) {
    if (shapes.has(name) || DERIVED.test(name)) continue;
    if (name === TIED_HEAD) await checkTiedHead(config, weights);
    else throw unexpected(config, weights, name);
  }
}

/** A head that is tied and saved must be the embedding: transformers would otherwise take it, in spite of the tie. */
async function checkTiedHead(config: DecoderConfig, weights: Weights): Promise<void> {
  const shape = [config.vocabSize, config.hiddenSize];
  const embedding = weights.stream(`${EMBEDDING}.weight`, shape);
  for await (const piece of weights.stream(TIED_HEAD, shape)) {
    const { value: other } = await embedding.next();
    if (Buffer.compare(bytesOf(piece), bytesOf(other!)) !== 0)
      throw new UnexpectedTensorError(
        'differs from the embedding that config.json ties it to',
        'Set tie_word_embeddings to false in config.json if this head was trained, else remove it from the weights.',
        { file: weights.fileOf(TIED_HEAD), field: TIED_HEAD },
      );
  }
}

function unexpected(config: DecoderConfig, weights: Weights, name: string): UnexpectedTensorError {
  return new UnexpectedTensorError(
    `the ${config.architecture} decoder of this config.json has no such tensor`,
    name.endsWith('.bias')
      ? 'Is attention_bias or mlp_bias wrong in config.json? Else the weights belong to another configuration.'
      : 'The weights belong to another configuration, or a tool has added to them: check that both come from the same checkpoint.',
    { file: weights.fileOf(name), field: name },
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
