/** Where a training stands on disk, so that a killed one goes on to the same numbers. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeSafetensors } from '../checkpoint/safetensorsWriter.js';
import { BoxedError } from '../errors.js';
import { makeWritableFolder, readText, writeAtomically } from '../files.js';
import type { Tensors } from './modelFolder.js';

const STATE_FILE = 'state.json';
/** Raised when the meaning of the files changes. */
const STATE_FORMAT = 1;

/** A training folder that belongs to other settings, or is broken. */
export class TrainStateError extends BoxedError {
  override readonly name = 'TrainStateError';
}

const stateSchema = z.object({
  format: z.literal(STATE_FORMAT),
  settings: z.record(z.string(), z.unknown()),
  /** Steps done. */
  step: z.int().nonnegative(),
  buffers: z.string(),
});

/** Weights and both moments, in this order in the file. */
const PARTS = ['data', 'moment', 'square'] as const;

/**
 * Saves weights and moments after `step` steps. The buffers are written under a new name before the state names them, so
 * that a crash leaves the last state or this one. @throws FileAccessError
 */
export async function saveState(
  folder: string,
  tensors: Tensors,
  step: number,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  await makeWritableFolder(folder);
  const buffers = `step-${step}.safetensors`;
  const all = PARTS.flatMap((part) =>
    [...tensors].map(
      ([name, tensor]) => [`${part}:${name}`, { dims: tensor.dims, data: tensor[part] }] as const,
    ),
  );
  await writeSafetensors(join(folder, buffers), new Map(all));
  const state = { format: STATE_FORMAT, settings, step, buffers };
  await writeAtomically(join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.safetensors') && name !== buffers) await rm(join(folder, name), { force: true });
  }
}

/** Steps done in the state that is saved in `folder`; `null` where there is none. @throws TrainStateError, FileAccessError */
export async function savedStep(folder: string): Promise<number | null> {
  const file = join(folder, STATE_FILE);
  return existsSync(file) ? parseState(file, await readText(file)).step : null;
}

/**
 * Fills `tensors` from a saved state; the number of steps done, 0 where there is none.
 * @throws TrainStateError when the settings (named) differ or a file is broken
 */
export async function loadState(
  folder: string,
  tensors: Tensors,
  settings: Readonly<Record<string, unknown>>,
): Promise<number> {
  const file = join(folder, STATE_FILE);
  if (!existsSync(file)) return 0;
  const state = parseState(file, await readText(file));
  for (const name of new Set([...Object.keys(settings), ...Object.keys(state.settings)])) {
    const [saved, asked] = [JSON.stringify(state.settings[name]), JSON.stringify(settings[name])];
    if (saved === asked) continue;
    throw new TrainStateError(
      `the training there has ${saved ?? 'nothing'}, this one ${asked ?? 'nothing'}`,
      'Train with the same settings, or into another folder.',
      { file, field: name },
    );
  }
  await fill(join(folder, state.buffers), tensors);
  return state.step;
}

function parseState(file: string, text: string): z.infer<typeof stateSchema> {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new TrainStateError(`cannot be read: ${why}`, 'Remove the folder to begin anew.', { file });
  }
}

/** Reads what `saveState` wrote, whose tensors lie one after the other in a known order. */
async function fill(file: string, tensors: Tensors): Promise<void> {
  const bytes = await readFile(file).catch(() => null);
  const numbers = PARTS.flatMap((part) => [...tensors.values()].map((tensor) => tensor[part]));
  const size = numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const start = bytes === null ? -1 : bytes.length - size;
  if (bytes === null || start !== 8 + Number(bytes.readBigUInt64LE(0))) {
    throw new TrainStateError('it does not hold this model', 'Remove the folder to begin anew.', { file });
  }
  let at = start;
  for (const array of numbers) {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(
      bytes.subarray(at, at + array.byteLength),
    );
    at += array.byteLength;
  }
}
