/** Whether an export fits on its disk, asked before the first byte is written. */
import { BoxedError } from '../errors.js';
import { freeDiskBytes } from '../files.js';

/** Room for the graph, the manifest and the report: a few megabytes for the largest decoders. */
const SMALL_FILES_BYTES = 16 << 20;

/** An export would not fit on its disk. */
export class NotEnoughDiskError extends BoxedError {
  override readonly name = 'NotEnoughDiskError';

  constructor(
    folder: string,
    readonly neededBytes: number,
    readonly freeBytes: number,
  ) {
    super(
      `the export needs ${megabytes(neededBytes)}, and ${megabytes(freeBytes)} are free`,
      'Free some space (`boxed export --prune` deletes older exports), choose another disk with --export-dir, or a smaller --dtype.',
      { file: folder },
    );
  }
}

/** Exports that stand in `folder` are not counted on: they stay until a new one is whole. @throws NotEnoughDiskError */
export async function checkFreeDisk(folder: string, exportBytes: number): Promise<void> {
  const needed = exportBytes + SMALL_FILES_BYTES;
  const free = await freeDiskBytes(folder);
  if (free < needed) throw new NotEnoughDiskError(folder, needed, free);
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;
