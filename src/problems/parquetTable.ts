/** Parquet, as dataset hubs and data-frame libraries write it. Only the columns asked for are decoded. */
import * as zlib from 'node:zlib';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { accessError, systemCode } from '../files.js';
import { MalformedFileError } from './errors.js';
import type { Table } from './table.js';

/** Snappy is built into the reader; Node brings the others, Zstandard from 22.15 on. */
export const PARQUET_COMPRESSORS: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...('zstdDecompressSync' in zlib && {
    ZSTD: zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array,
  }),
};

/** Reads the metadata. @throws MalformedFileError, FileAccessError */
export async function openParquet(file: string): Promise<Table> {
  const { buffer, metadata } = await openBuffer(file);
  return {
    file,
    header: parquetSchema(metadata).children.map(({ element }) => element.name),
    read: async (columns) => {
      const objects = await guard(file, () =>
        parquetReadObjects({
          file: buffer,
          metadata,
          columns: [...columns],
          compressors: PARQUET_COMPRESSORS,
        }),
      );
      return objects.map((object, index) => ({
        line: index + 1,
        cells: columns.map((column) => object[column]),
      }));
    },
  };
}

async function openBuffer(file: string): Promise<{ buffer: AsyncBuffer; metadata: FileMetaData }> {
  return guard(file, async () => {
    const buffer = await asyncBufferFromFile(file);
    return { buffer, metadata: await parquetMetadataAsync(buffer) };
  });
}

async function guard<Value>(file: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (/^E(?!RR_)/.test(systemCode(error) ?? '')) throw accessError('read', file, error);
    const reason = error instanceof Error ? error.message : String(error);
    const hint =
      'Check that it is a whole Parquet file; write it uncompressed or with snappy, gzip or brotli.';
    throw new MalformedFileError(reason, hint, { file });
  }
}
