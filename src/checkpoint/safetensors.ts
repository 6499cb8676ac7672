/** The header of a safetensors file: which tensors it holds, and where. */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { BoxedError } from '../errors.js';

/** A safetensors file that contradicts itself. */
export class BadWeightsError extends BoxedError {
  override readonly name = 'BadWeightsError';
}

/** A safetensors file that ends before its tensors do. */
export class TruncatedWeightsError extends BoxedError {
  override readonly name = 'TruncatedWeightsError';
}

/** The limit of the format's own reader: a longer header is an attack or a fault. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of an element by source type. */
const SOURCE_BYTES = { F32: 4, F16: 2, BF16: 2 } as const;
export type SourceType = keyof typeof SOURCE_BYTES;

/** Where a tensor stands in its file; offsets count from the start of the file. */
export interface TensorPlace {
  readonly file: string;
  readonly type: SourceType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

const LENGTH_BYTES = 8;
const COPY_HINT = 'Copy the file again; its digest will differ from the published one.';

const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.string(),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);

/** Reads the header of an open file. @throws BadWeightsError, TruncatedWeightsError */
export async function readHeader(handle: FileHandle, file: string): Promise<Map<string, TensorPlace>> {
  const { size } = await handle.stat();
  const length = await readLength(handle, file, size);
  const text = await readBytes(handle, file, LENGTH_BYTES, length, size);
  const entries = parseHeader(text, file);
  const first = LENGTH_BYTES + length;
  const places = new Map<string, TensorPlace>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const bad = (what: string) => new BadWeightsError(what, COPY_HINT, { file, field: name });
    if (!(dtype in SOURCE_BYTES)) {
      const types = Object.keys(SOURCE_BYTES).join(', ');
      throw new BadWeightsError(`element type ${dtype} is not supported`, `Supported: ${types}.`, {
        file,
        field: name,
      });
    }
    const type = dtype as SourceType;
    const [start, end] = data_offsets;
    const bytes = shape.reduce((product, extent) => product * extent, SOURCE_BYTES[type]);
    if (end - start !== bytes) {
      throw bad(
        `its offsets span ${end - start} bytes, its shape [${shape.join(', ')}] of ${type} takes ${bytes}`,
      );
    }
    places.set(name, { file, type, shape, start: first + start, end: first + end });
  }
  checkExtent(
    [...places].sort(([, a], [, b]) => a.start - b.start),
    file,
    first,
    size,
  );
  return places;
}

/** Tensors must neither overlap nor end after the file. `sorted` by start. */
function checkExtent(
  sorted: readonly [string, TensorPlace][],
  file: string,
  first: number,
  size: number,
): void {
  let end = first;
  for (const [name, place] of sorted) {
    if (place.start < end)
      throw new BadWeightsError('it overlaps another tensor', COPY_HINT, { file, field: name });
    end = place.end;
  }
  if (end <= size) return;
  throw new TruncatedWeightsError(
    `its header promises ${end} bytes and the file has ${size}`,
    'The download or copy was cut short: fetch the file again.',
    { file },
  );
}

async function readLength(handle: FileHandle, file: string, size: number): Promise<number> {
  const bytes = await readBytes(handle, file, 0, LENGTH_BYTES, size);
  const length = Number(bytes.readBigUInt64LE(0));
  if (length <= MAX_HEADER_BYTES) return length;
  throw new BadWeightsError(
    `a header of ${length} bytes is over ${MAX_HEADER_BYTES}`,
    'Is this a safetensors file?',
    {
      file,
    },
  );
}

async function readBytes(
  handle: FileHandle,
  file: string,
  start: number,
  length: number,
  size: number,
): Promise<Buffer> {
  if (start + length > size) {
    throw new TruncatedWeightsError(
      `its header should end at byte ${start + length} and the file has ${size}`,
      'The download or copy was cut short: fetch the file again.',
      { file },
    );
  }
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, start);
  return buffer;
}

function parseHeader(bytes: Buffer, file: string): z.infer<typeof headerSchema> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new BadWeightsError('its header is not JSON', 'Is this a safetensors file?', { file });
  }
  if (typeof value === 'object' && value !== null) Reflect.deleteProperty(value, '__metadata__');
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadWeightsError(issue.message, COPY_HINT, { file, field: issue.path.join('.') });
}
