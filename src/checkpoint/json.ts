/** JSON files of a checkpoint, checked field by field. */
import type { z } from 'zod';
import { BoxedError } from '../errors.js';

/** A file of a checkpoint that does not say what it must. */
export class BadCheckpointFileError extends BoxedError {
  override readonly name = 'BadCheckpointFileError';
}

/** Parses `text`, the content of `file`. @throws BadCheckpointFileError naming the field. */
export function parseJsonFile<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadCheckpointFileError(`not JSON: ${reason}`, 'Copy the file of the checkpoint again.', {
      file,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadCheckpointFileError(issue.message, 'Compare it with the file that was published.', {
    file,
    field: issue.path.join('.'),
  });
}
