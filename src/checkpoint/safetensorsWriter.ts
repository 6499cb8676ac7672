/** Writes tensors as one safetensors file. */
import { writeAtomically } from '../files.js';

/** A float32 tensor in row-major order. */
export interface FloatTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** The header is padded with spaces to a multiple of this, so that the numbers behind it are aligned. */
const HEADER_ALIGNMENT_BYTES = 8;

/** Replaces `file` by `tensors` in their order, stored as F32. @throws FileAccessError */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, FloatTensor>,
): Promise<void> {
  let end = 0;
  const entries = [...tensors].map(([name, { dims, data }]) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape: dims, data_offsets: [start, end] }];
  });
  const header = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const bytes = Buffer.byteLength(header);
  const text = Buffer.alloc(bytes + (-bytes & (HEADER_ALIGNMENT_BYTES - 1)), ' ');
  text.write(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = [...tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  await writeAtomically(file, Buffer.concat([length, text, ...parts]));
}
