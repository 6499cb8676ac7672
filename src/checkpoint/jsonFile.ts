/** Reads the JSON files of a checkpoint, so that whatever is wrong is named by file, line and field. */
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { z } from 'zod';
import { accessError, readText } from '../files.js';
import { InvalidCheckpointFileError, MissingCheckpointFileError } from './errors.js';

/**
 * Names of what lies in a checkpoint's folder, sorted by code unit so that no locale changes the order.
 * @throws FileAccessError
 */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw accessError('read', folder, error);
  }
}

/** The text of a file that may be absent: `null` then. @throws FileAccessError, for an absent folder too. */
export async function readOptional(file: string): Promise<string | null> {
  return (await listFolder(dirname(file))).includes(basename(file)) ? await readText(file) : null;
}

/** The text of a file that no checkpoint lacks. @throws MissingCheckpointFileError, FileAccessError */
export async function readRequired(file: string): Promise<string> {
  const text = await readOptional(file);
  if (text !== null) return text;
  throw new MissingCheckpointFileError(
    `there is no ${basename(file)} in this folder`,
    'Give the folder of a checkpoint in Hugging Face layout: config.json, model.safetensors, tokenizer.json.',
    { file: dirname(file) },
  );
}

/** Parses the text of `file`. @throws InvalidCheckpointFileError naming the file and, where known, the line. */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidCheckpointFileError(`not valid JSON: ${reason}`, 'Fetch the file again, or mend it.', {
      file,
      line: lineOf(text, reason),
    });
  }
}

/** Holds parsed JSON against a schema. @throws InvalidCheckpointFileError naming the first field at fault. */
export function validate<Schema extends z.ZodType>(
  file: string,
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const missing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
  throw new InvalidCheckpointFileError(
    missing ? 'this field is missing' : issue.message,
    'The file must be as transformers writes it: fetch it again, or mend this field.',
    { file, field: issue.path.join('.') },
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** The 1-based line that a message of JSON.parse points at. */
function lineOf(text: string, reason: string): number | undefined {
  const position = /at position (\d+)/.exec(reason)?.[1];
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length;
  return reason.includes('end of JSON input') ? text.split('\n').length : undefined;
}
