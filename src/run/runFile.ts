/** `run.json`: reading, writing, and refusing to mix two runs. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ANSWER_STOPS, type Run } from '../core.js';
import { accessError, systemCode, writeAtomically } from '../files.js';
import { NotARunError, RunFormatError, RunMismatchError } from './errors.js';

/** The files of a run's folder. */
export const RUN_FILE = 'run.json';
export const SAMPLES_FILE = 'samples.jsonl';

/** Raised when the meaning of a run's files changes; another version is refused, not guessed at. */
export const RUN_FORMAT = 2;

const RUN_HINT = 'Give the folder of a run, as `boxed evaluate` leaves it under submissions/.';

const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hexadecimal');

const SamplingShape = z.strictObject({
  greedy: z.boolean(),
  temperature: z.number(),
  topK: z.int().nonnegative(),
  topP: z.number(),
  minP: z.number(),
  repetitionPenalty: z.number(),
});

const SettingsShape = z.strictObject({
  samples: z.int().positive(),
  maxTokens: z.int().positive(),
  seed: z.int(),
  sampling: SamplingShape,
  edition: z.string(),
  vote: z.string(),
  inFlight: z.int().positive(),
  timeBudgetMs: z.number().nonnegative().nullable(),
  // Runs from before there was a choice lack these seven and the last one, and were made with what is filled in.
  budgetPolicy: z.string().default('equal'),
  stop: z.string().default('none'),
  stopTexts: z.array(z.string()).default([]),
  stopAtAnswer: z.enum(ANSWER_STOPS).default('never'),
  stopLoops: z.boolean().default(false),
  budgetForcing: z.boolean().default(false),
  difficulty: Digest.nullable().default(null),
  dtype: z.string(),
  device: z.string(),
  batchInvariant: z.boolean().default(false),
});

const RunShape = z.strictObject({
  format: z.literal(RUN_FORMAT),
  // Runs from before lines were marked lack it.
  id: z.string().optional(),
  program: z.string(),
  modelName: z.string(),
  problemSet: z.string(),
  order: z.array(z.string()),
  settings: SettingsShape,
  digests: z.strictObject({ model: Digest, problems: Digest, prompt: Digest }),
  answersDigest: Digest.optional(),
  versions: z.record(z.string(), z.string()),
  sealed: z.record(z.string(), Digest).nullable(),
}) satisfies z.ZodType<Run>;

/** Whether there is a `run.json` in the folder. @throws FileAccessError when that cannot be told */
export async function isRunFolder(folder: string): Promise<boolean> {
  const file = join(folder, RUN_FILE);
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw accessError('read', file, error);
  }
}

/** Reads `run.json`. @throws NotARunError, RunFormatError, FileAccessError */
export async function readRunFile(folder: string): Promise<Run> {
  const file = join(folder, RUN_FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new NotARunError(`not JSON: ${error.message}`, RUN_HINT, { file });
    if (isAbsent(error)) throw new NotARunError('there is no run here', RUN_HINT, { file });
    throw accessError('read', file, error);
  }
  return checkedRun(value, file);
}

/** Writes `run.json` atomically, and nothing that could not be read again. @throws as `readRunFile` */
export async function writeRunFile(folder: string, run: Run): Promise<void> {
  const file = join(folder, RUN_FILE);
  await writeAtomically(file, `${JSON.stringify(checkedRun(run, file), null, 2)}\n`);
}

function checkedRun(value: unknown, file: string): Run {
  const format = z.object({ format: z.int() }).safeParse(value).data?.format;
  if (format !== undefined && format !== RUN_FORMAT) {
    const what = `the run is of format ${format}, this program reads format ${RUN_FORMAT}`;
    throw new RunFormatError(what, 'Read it with the version of the program that wrote it.', {
      file,
      field: 'format',
    });
  }
  const parsed = RunShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new NotARunError(issue?.message ?? 'not a run', RUN_HINT, { file, field: issue?.path.join('.') });
}

/**
 * Refuses to go on with a run under anything but what it was begun with: format, digests, settings, order.
 * @throws RunMismatchError naming the first field that differs, with both values
 */
export function requireSameRun(folder: string, stored: Run, wanted: Run): void {
  const compared = ({ format, digests, settings, order }: Run) => ({ format, digests, settings, order });
  const difference = firstDifference(compared(stored), compared(wanted), '');
  if (difference === null) return;
  const [was, is] = [difference.stored, difference.wanted].map((value) => JSON.stringify(value) ?? 'nothing');
  const hint = `Go on with ${difference.path} as it was (${was}), or begin a new run in another folder.`;
  const place = { file: join(folder, RUN_FILE), field: difference.path };
  throw new RunMismatchError(`the run was begun with ${was}, now it is ${is}`, hint, place);
}

function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

interface Difference {
  readonly path: string;
  readonly stored: unknown;
  readonly wanted: unknown;
}

function firstDifference(stored: unknown, wanted: unknown, path: string): Difference | null {
  if (!isObject(stored) || !isObject(wanted)) {
    return stored === wanted ? null : { path, stored, wanted };
  }
  for (const key of new Set([...Object.keys(stored), ...Object.keys(wanted)])) {
    const step = Array.isArray(stored) ? `[${key}]` : path === '' ? key : `.${key}`;
    const difference = firstDifference(stored[key], wanted[key], path + step);
    if (difference !== null) return difference;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
