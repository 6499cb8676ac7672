/**
 * Reads the header of a safetensors file: 8 bytes of length, little-endian, then JSON that places each tensor,
 * then the tensors' bytes with neither holes nor overlaps. https://huggingface.co/docs/safetensors
 */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { InvalidSafetensorsError, TruncatedWeightsError } from './errors.js';
import { readExactly } from './positionedRead.js';

/** Bytes an element takes, by the name of its type in a header. */
export const DTYPE_BYTES = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, C64: 8 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
} as const;
export type Dtype = keyof typeof DTYPE_BYTES;

/** Where a tensor lies. */
export interface TensorPlace {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Byte offset of the first element, counted from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The cap of the reference reader. Real headers take about 100 bytes a tensor, 100 kB for the largest decoders;
 * a longer one is a damaged length field, and believing it would allocate up to 2^64 bytes.
 */
export const HEADER_BYTES_CAP = 100_000_000;

const LENGTH_BYTES = 8;
/** A file kept in Git Large File Storage and not fetched begins with this, where the length should stand. */
const GIT_LFS_POINTER = 'version ';

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/**
 * Reads and checks the header of an open file of `fileBytes` bytes. Tensors come in the order of their offsets.
 * @throws TruncatedWeightsError when the file ends before its header or its last tensor does,
 * InvalidSafetensorsError (tensor) for everything else that breaks the format.
 */
export async function readHeader(
  handle: FileHandle,
  file: string,
  fileBytes: number,
): Promise<ReadonlyMap<string, TensorPlace>> {
  if (fileBytes < LENGTH_BYTES) throw new TruncatedWeightsError(file, LENGTH_BYTES, fileBytes);
  const start = new Uint8Array(LENGTH_BYTES);
  await readExactly(handle, file, start, 0);
  if (Buffer.from(start.buffer).toString('latin1') === GIT_LFS_POINTER)
    throw new InvalidSafetensorsError(
      'is a Git LFS pointer, not the weights themselves',
      'Fetch the weights with `git lfs pull`.',
      { file },
    );
  const headerBytes = new DataView(start.buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(HEADER_BYTES_CAP))
    throw broken(file, '', `says that its header has ${headerBytes} bytes; the cap is ${HEADER_BYTES_CAP}`);
  const dataStart = LENGTH_BYTES + Number(headerBytes);
  if (fileBytes < dataStart) throw new TruncatedWeightsError(file, dataStart, fileBytes);

  const text = new Uint8Array(Number(headerBytes));
  await readExactly(handle, file, text, LENGTH_BYTES);
  const tensors = placeTensors(file, parseHeader(file, text), dataStart);
  const dataEnd = checkLayout(file, tensors, dataStart);
  if (fileBytes < dataEnd) throw new TruncatedWeightsError(file, dataEnd, fileBytes);
  if (fileBytes > dataEnd)
    throw broken(file, '', `has ${fileBytes - dataEnd} bytes after its last tensor that belong to none`);
  return new Map(tensors);
}

function parseHeader(file: string, text: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (error) {
    throw broken(file, '', `its header is not JSON in UTF-8: ${(error as Error).message}`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw broken(file, '', 'its header is not a JSON object');
  return header as Readonly<Record<string, unknown>>;
}

/** The tensors of a header in the order of their offsets. */
function placeTensors(
  file: string,
  header: Readonly<Record<string, unknown>>,
  dataStart: number,
): readonly (readonly [name: string, place: TensorPlace])[] {
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => [name, placeTensor(file, name, value, dataStart)] as const)
    .sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
}

function placeTensor(file: string, name: string, value: unknown, dataStart: number): TensorPlace {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) {
    const issue = entry.error.issues[0]!;
    throw broken(file, [name, ...issue.path].join(' '), issue.message);
  }
  const { dtype, shape, data_offsets } = entry.data;
  const [begin, end] = data_offsets;
  if (!isDtype(dtype)) throw broken(file, name, `its type ${dtype} is not known`);
  if (end < begin) throw broken(file, name, `its data ends at ${end}, before it begins at ${begin}`);
  const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
  if (bytes !== end - begin)
    throw broken(
      file,
      name,
      `shape [${shape.join(', ')}] of ${dtype} takes ${bytes} bytes, its offsets give ${end - begin}`,
    );
  return { dtype, shape, offset: dataStart + begin, bytes };
}

/** Checks that the tensors follow each other without holes or overlaps; returns where the last one ends. */
function checkLayout(
  file: string,
  tensors: readonly (readonly [string, TensorPlace])[],
  dataStart: number,
): number {
  let end = dataStart;
  let previous = 'the header';
  for (const [name, { offset, bytes }] of tensors) {
    if (offset < end) throw broken(file, name, `its data overlaps that of ${previous}`);
    if (offset > end)
      throw broken(file, name, `its data leaves a hole of ${offset - end} bytes after ${previous}`);
    end = offset + bytes;
    previous = name;
  }
  return end;
}

function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPE_BYTES, name);
}

function broken(file: string, tensor: string, what: string): InvalidSafetensorsError {
  return new InvalidSafetensorsError(what, 'The file is damaged or not safetensors: fetch it again.', {
    file,
    field: tensor,
  });
}
