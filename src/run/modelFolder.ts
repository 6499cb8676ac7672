/** What the solver may read of a model: the files of its folder, and nothing that they lead to. */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BoxedError } from '../errors.js';
import { COMPANIONS } from '../export/companions.js';
import { MANIFEST_FILE } from '../export/manifest.js';
import { REPORT_FILE } from '../export/quantizationReport.js';
import { accessError } from '../files.js';
import { MODEL_FILE, WEIGHTS_FILE } from '../onnx/writer.js';

/** The model's folder holds a link: the solver would read what it leads to as if it were of the model. */
export class LinkedFileError extends BoxedError {
  override readonly name = 'LinkedFileError';
}

/** Copies of a model that share their files by hard links are its own. */
const OWN_FILES = new Set([MODEL_FILE, WEIGHTS_FILE, MANIFEST_FILE, REPORT_FILE, ...COMPANIONS]);

/**
 * Refuses a folder with a symbolic link that leads out of it, or a file under a foreign name that has another name
 * elsewhere. Node's permission model looks at names alone, so that it would follow either.
 * @throws LinkedFileError, FileAccessError
 */
export async function requireOwnFiles(folder: string): Promise<void> {
  try {
    const inside = (await realpath(folder)) + sep;
    for (const name of await readdir(folder, { recursive: true })) {
      const file = join(folder, name);
      const status = await lstat(file);
      if (status.isSymbolicLink()) {
        const target = await realpath(file).catch(() => null);
        if (target !== null && !target.startsWith(inside)) throw linked(file, `a link to ${target}`);
      } else if (status.isFile() && status.nlink > 1 && !OWN_FILES.has(name)) {
        throw linked(file, 'a file that has another name elsewhere, and no file of a model');
      }
    }
  } catch (error) {
    throw error instanceof BoxedError ? error : accessError('read', folder, error);
  }
}

function linked(file: string, what: string): LinkedFileError {
  const hint =
    'Put a copy in its place, or take it out of the folder: the solver may read all that is in there.';
  return new LinkedFileError(what, hint, { file });
}
