/** Writes a GGUF file, version 3: metadata, places of the tensors, then their bytes. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
import { writeSynced } from '../../src/onnx/dataFile.js';

/** A value of the metadata. */
export type GgufValue =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int32s'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

/** Element types in use; `Q8_0` holds blocks of 32 numbers in 34 bytes. */
export type GgufType = 'F32' | 'Q8_0';

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Row-major, the last dimension contiguous; a multiple of 32 for `Q8_0`. */
  readonly shape: readonly number[];
  /** All bytes in order; a piece may be overwritten once the next is asked for. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** `gguf_metadata_value_type` of the types in use. */
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
/** `ggml_type` of the element types in use. */
const TENSOR_TYPES: Readonly<Record<GgufType, number>> = { F32: 0, Q8_0: 8 };
/** Tensors begin at multiples of this, the default of `general.alignment`. */
const ALIGNMENT_BYTES = 32;

/** Writes `file`. @throws RangeError when a tensor's bytes do not fill its shape, FileAccessError */
export async function writeGguf(
  file: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  await writeSynced(file, contents(metadata, tensors));
}

/** Bytes that a tensor takes. */
export function tensorBytes({ type, shape }: Pick<GgufTensor, 'type' | 'shape'>): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  return type === 'F32' ? 4 * elements : (elements / 32) * 34;
}

async function* contents(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): AsyncGenerator<Uint8Array> {
  const header = Buffer.concat([...headerParts(metadata, tensors)]);
  yield header;
  yield padding(header.length);
  for (const tensor of tensors) {
    let written = 0;
    for await (const piece of tensor.pieces()) {
      yield piece;
      written += piece.byteLength;
    }
    const expected = tensorBytes(tensor);
    if (written !== expected)
      throw new RangeError(`${tensor.name} has ${written} bytes, its shape asks for ${expected}`);
    yield padding(written);
  }
}

function* headerParts(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Generator<Buffer> {
  yield Buffer.from('GGUF');
  yield uint32(3);
  yield uint64(tensors.length);
  yield uint64(metadata.size);
  for (const [key, value] of metadata) {
    yield text(key);
    yield* valueParts(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    yield text(tensor.name);
    yield uint32(tensor.shape.length);
    // The contiguous dimension comes first.
    for (const size of [...tensor.shape].reverse()) yield uint64(size);
    yield uint32(TENSOR_TYPES[tensor.type]);
    yield uint64(offset);
    offset += tensorBytes(tensor);
    offset += padding(offset).length;
  }
}

function* valueParts(entry: GgufValue): Generator<Buffer> {
  switch (entry.type) {
    case 'uint32':
      yield uint32(VALUE_TYPES.uint32);
      yield uint32(entry.value);
      return;
    case 'float32': {
      yield uint32(VALUE_TYPES.float32);
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(entry.value);
      yield bytes;
      return;
    }
    case 'string':
      yield uint32(VALUE_TYPES.string);
      yield text(entry.value);
      return;
    case 'int32s':
      yield* arrayHead(VALUE_TYPES.int32, entry.value.length);
      yield Buffer.from(Int32Array.from(entry.value).buffer);
      return;
    case 'strings':
      yield* arrayHead(VALUE_TYPES.string, entry.value.length);
      for (const value of entry.value) yield text(value);
      return;
    default:
      entry satisfies never;
  }
}

function* arrayHead(type: number, length: number): Generator<Buffer> {
  yield uint32(VALUE_TYPES.array);
  yield uint32(type);
  yield uint64(length);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

/** Zeros up to the next multiple of the alignment. */
function padding(bytes: number): Buffer {
  return Buffer.alloc((ALIGNMENT_BYTES - (bytes % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES);
}
