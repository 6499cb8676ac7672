/** The weights of a checkpoint: one safetensors file or several shards, read tensor by tensor as float32. */
import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BoxedError } from '../errors.js';
import { accessError, readText } from '../files.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './halfFloats.js';
import { parseJsonFile } from './json.js';
import { BadWeightsError, readHeader, type TensorPlace } from './safetensors.js';

/** A checkpoint without weight files, or without one that its index names. */
export class MissingWeightsError extends BoxedError {
  override readonly name = 'MissingWeightsError';
}

/** A tensor that the model needs and the files do not hold. */
export class MissingTensorError extends BoxedError {
  override readonly name = 'MissingTensorError';
}

/** A tensor of another shape than `config.json` implies. */
export class TensorShapeError extends BoxedError {
  override readonly name = 'TensorShapeError';
}

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** Bytes given to one read call: the system takes at most 2 GiB at once. */
const READ_BYTES = 1 << 30;

/** Names of the weight files in `folder`, shards in order. @throws MissingWeightsError */
export async function weightFiles(folder: string): Promise<string[]> {
  if (existsSync(join(folder, SINGLE_FILE))) return [SINGLE_FILE];
  const index = join(folder, INDEX_FILE);
  if (!existsSync(index)) throw await withoutWeights(folder);
  const { weight_map } = parseJsonFile(index, await readText(index), indexSchema);
  const files = [...new Set(Object.values(weight_map))].sort();
  for (const name of files) {
    if (existsSync(join(folder, name))) continue;
    throw new MissingWeightsError('this shard is missing', `${INDEX_FILE} names it: fetch it.`, {
      file: join(folder, name),
    });
  }
  return files;
}

export class Weights {
  readonly #folder: string;
  readonly #handles: ReadonlyMap<string, FileHandle>;
  readonly #places: ReadonlyMap<string, TensorPlace>;

  private constructor(folder: string, handles: Map<string, FileHandle>, places: Map<string, TensorPlace>) {
    this.#folder = folder;
    this.#handles = handles;
    this.#places = places;
  }

  /** Opens all files and checks their headers. @throws MissingWeightsError, BadWeightsError, TruncatedWeightsError */
  static async open(folder: string): Promise<Weights> {
    const handles = new Map<string, FileHandle>();
    const places = new Map<string, TensorPlace>();
    try {
      for (const name of await weightFiles(folder)) {
        const file = join(folder, name);
        const handle = await open(file).catch((error: unknown) => {
          throw accessError('read', file, error);
        });
        handles.set(file, handle);
        for (const [tensor, place] of await readHeader(handle, file)) {
          if (places.has(tensor)) {
            throw new BadWeightsError('another shard holds it, too', 'Fetch the checkpoint again.', {
              file,
              field: tensor,
            });
          }
          places.set(tensor, place);
        }
      }
    } catch (error) {
      await closeAll(handles);
      throw error;
    }
    return new Weights(folder, handles, places);
  }

  names(): string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Checks that a tensor is there with this shape. @throws MissingTensorError, TensorShapeError */
  check(name: string, shape: readonly number[]): TensorPlace {
    const place = this.#places.get(name);
    if (!place) {
      throw new MissingTensorError('the checkpoint has no such tensor', 'Is config.json of the same model?', {
        file: this.#folder,
        field: name,
      });
    }
    if (place.shape.join() !== shape.join()) {
      throw new TensorShapeError(
        `its shape is [${place.shape.join(', ')}] and config.json implies [${shape.join(', ')}]`,
        'Is config.json of the same model?',
        { file: place.file, field: name },
      );
    }
    return place;
  }

  /** A tensor in row-major order. @throws MissingTensorError, TensorShapeError, FileAccessError */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const { file, type, start, end } = this.check(name, shape);
    const bytes = new Uint8Array(end - start);
    const handle = this.#handles.get(file)!;
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(READ_BYTES, bytes.length - at);
      const { bytesRead } = await handle.read(bytes, at, length, start + at);
      if (bytesRead === 0) throw accessError('read', file, new Error('it became shorter while it was read'));
      at += bytesRead;
    }
    switch (type) {
      case 'F32':
        return new Float32Array(bytes.buffer);
      case 'F16':
        return float16ToFloat32(new Uint16Array(bytes.buffer));
      case 'BF16':
        return bfloat16ToFloat32(new Uint16Array(bytes.buffer));
      default:
        return type satisfies never;
    }
  }

  async close(): Promise<void> {
    await closeAll(this.#handles);
  }
}

async function closeAll(handles: ReadonlyMap<string, FileHandle>): Promise<void> {
  await Promise.all([...handles.values()].map((handle) => handle.close()));
}

/** Says what was looked for, and what to do with weights in another format. */
async function withoutWeights(folder: string): Promise<MissingWeightsError> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw accessError('read', folder, error);
  });
  const other = names.find((name) => /\.(bin|pt|pth|gguf)$/.test(name));
  const hint = other
    ? `${other} must be converted: load the checkpoint with transformers and save it with safe_serialization=True.`
    : 'Give a checkpoint folder in Hugging Face layout.';
  return new MissingWeightsError(`neither ${SINGLE_FILE} nor ${INDEX_FILE} is there`, hint, { file: folder });
}
