/** The weights of a checkpoint, read tensor by tensor as float32; no file is ever held in memory as a whole. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { accessError } from '../files.js';
import {
  MissingTensorError,
  NonFiniteWeightError,
  TensorShapeError,
  UnsupportedDtypeError,
} from './errors.js';
import { FLOAT_DTYPES, type FloatDtype, firstNonFinite, sourceBytes, widenInPlace } from './floats.js';
import { readExactly } from './positionedRead.js';
import { DTYPE_BYTES, type Dtype, readHeader, type TensorPlace } from './safetensors.js';
import { findWeightFiles, INDEX_FILE, type WeightFiles } from './weightFiles.js';

/**
 * Elements read and widened at a time, 16 MiB as float32: long enough for the disk, short enough to leave other
 * work on the thread its turn.
 */
const CHUNK_ELEMENTS = 2 ** 22;

interface Shard {
  readonly file: string;
  readonly handle: FileHandle;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

interface Tensor extends TensorPlace {
  readonly name: string;
  readonly shard: Shard;
}

export class Weights {
  readonly #shards: readonly Shard[];
  readonly #tensors: ReadonlyMap<string, Tensor>;
  /** What an absent tensor is missed in: the single file, or the index. */
  readonly #file: string;

  private constructor(file: string, shards: readonly Shard[], tensors: ReadonlyMap<string, Tensor>) {
    this.#file = file;
    this.#shards = shards;
    this.#tensors = tensors;
  }

  /**
   * Opens `model.safetensors`, or the shards of `model.safetensors.index.json`, in `folder` and checks every header.
   * Files stay open until {@link Weights.close}.
   * @throws MissingWeightsError, InvalidCheckpointFileError (index), InvalidSafetensorsError, TruncatedWeightsError,
   * MissingTensorError when a shard lacks a tensor that the index places in it, FileAccessError
   */
  static async open(folder: string): Promise<Weights> {
    const files = await findWeightFiles(folder);
    const shards: Shard[] = [];
    try {
      for (const name of files.shards) shards.push(await openShard(join(folder, name)));
      const file = join(folder, files.shardOf ? INDEX_FILE : files.shards[0]!);
      return new Weights(file, shards, collectTensors(folder, files, shards));
    } catch (error) {
      await Promise.all(shards.map(({ handle }) => handle.close()));
      throw error;
    }
  }

  /** Names of all tensors, in the order of their place in the files. */
  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** @throws MissingTensorError */
  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  /** The type in the file; {@link Weights.read} gives float32 whatever it is. @throws MissingTensorError */
  dtype(name: string): Dtype {
    return this.#tensor(name).dtype;
  }

  /** The file that holds a tensor. @throws MissingTensorError */
  fileOf(name: string): string {
    return this.#tensor(name).shard.file;
  }

  /** Sees that a tensor can be read in this shape. @throws MissingTensorError, TensorShapeError, UnsupportedDtypeError */
  check(name: string, expectedShape: readonly number[]): void {
    this.#checked(name, expectedShape);
  }

  /**
   * Reads a whole tensor, row-major.
   * @throws MissingTensorError, TensorShapeError, UnsupportedDtypeError, NonFiniteWeightError, TruncatedWeightsError,
   * FileAccessError
   */
  async read(name: string, expectedShape: readonly number[]): Promise<Float32Array> {
    const tensor = this.#checked(name, expectedShape);
    const values = new Float32Array(elementsOf(tensor));
    for (let first = 0; first < values.length; first += CHUNK_ELEMENTS)
      await fill(tensor, first, values.subarray(first, first + CHUNK_ELEMENTS));
    return values;
  }

  /**
   * Reads a tensor in pieces of `chunkElements` (the last may be shorter), for tensors that are not wanted in memory
   * as a whole. A piece is overwritten by the next: copy what must stay.
   * @throws as {@link Weights.read}
   */
  async *stream(
    name: string,
    expectedShape: readonly number[],
    chunkElements: number = CHUNK_ELEMENTS,
  ): AsyncGenerator<Float32Array, void, void> {
    if (!(Number.isInteger(chunkElements) && chunkElements > 0))
      throw new RangeError(`chunkElements must be a positive integer, not ${chunkElements}`);
    const tensor = this.#checked(name, expectedShape);
    const elements = elementsOf(tensor);
    const chunk = new Float32Array(Math.min(elements, chunkElements));
    for (let first = 0; first < elements; first += chunkElements) {
      const piece = chunk.subarray(0, elements - first);
      await fill(tensor, first, piece);
      yield piece;
    }
  }

  /**
   * Reads elements from `first` on as they are stored, to the place in `target` from which `widenInPlace` takes them: the
   * caller widens and checks them, on whichever thread.
   * @returns the type they are stored in
   * @throws MissingTensorError, TensorShapeError, UnsupportedDtypeError, TruncatedWeightsError, FileAccessError
   */
  async readStored(
    name: string,
    expectedShape: readonly number[],
    first: number,
    target: Float32Array,
  ): Promise<FloatDtype> {
    const tensor = this.#checked(name, expectedShape);
    if (!(Number.isInteger(first) && first >= 0 && first + target.length <= elementsOf(tensor)))
      throw new RangeError(`${name} has no elements ${first} to ${first + target.length}`);
    await fillStored(tensor, first, target);
    return tensor.dtype;
  }

  /** The error for an element that turned out to be no number. */
  nonFinite(name: string, element: number, value: number): NonFiniteWeightError {
    return new NonFiniteWeightError(this.#tensor(name).shard.file, name, element, value);
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map(({ handle }) => handle.close()));
  }

  #tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new MissingTensorError(this.#file, name);
    return tensor;
  }

  #checked(name: string, expected: readonly number[]): FloatTensor {
    const tensor = this.#tensor(name);
    const { dtype, shape, shard } = tensor;
    if (shape.length !== expected.length || shape.some((size, axis) => size !== expected[axis]))
      throw new TensorShapeError(shard.file, name, expected, shape);
    if (!isFloatDtype(dtype))
      throw new UnsupportedDtypeError(
        `its numbers are stored as ${dtype}`,
        `Supported: ${FLOAT_DTYPES.join(', ')}; convert the checkpoint, or take its unquantized original.`,
        { file: shard.file, field: name },
      );
    return { ...tensor, dtype };
  }
}

async function openShard(file: string): Promise<Shard> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw accessError('read', file, error);
  });
  try {
    return { file, handle, tensors: await readHeader(handle, file, (await handle.stat()).size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Tensors by name; with an index, the shard that it names is where a tensor must be. */
function collectTensors(
  folder: string,
  { shardOf }: WeightFiles,
  shards: readonly Shard[],
): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const shard of shards)
    for (const [name, place] of shard.tensors)
      if (!shardOf || join(folder, shardOf.get(name) ?? '') === shard.file)
        tensors.set(name, { ...place, name, shard });
  for (const [name, shard] of shardOf ?? [])
    if (!tensors.has(name))
      throw new MissingTensorError(
        join(folder, shard),
        name,
        `${INDEX_FILE} places it here: index and shards are not of one checkpoint, fetch them again.`,
      );
  return tensors;
}

type FloatTensor = Tensor & { readonly dtype: FloatDtype };

/** Reads elements `first` to `first + target.length` of a tensor and sees that all are numbers. */
async function fill(tensor: FloatTensor, first: number, target: Float32Array): Promise<void> {
  await fillStored(tensor, first, target);
  widenInPlace(target, tensor.dtype);
  const at = firstNonFinite(target);
  if (at >= 0) throw new NonFiniteWeightError(tensor.shard.file, tensor.name, first + at, target[at]!);
}

async function fillStored(
  { shard, offset, dtype }: FloatTensor,
  first: number,
  target: Float32Array,
): Promise<void> {
  const bytes = sourceBytes(target, dtype);
  await readExactly(shard.handle, shard.file, bytes, offset + first * DTYPE_BYTES[dtype]);
}

function elementsOf({ shape }: TensorPlace): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return (FLOAT_DTYPES as readonly string[]).includes(dtype);
}
