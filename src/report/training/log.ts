/** Logs of trainings as `boxed train` leaves them: a JSON line for each step and one for each validation. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { readText } from '../../files.js';
import { TrainingLogError } from '../errors.js';

/** Where a training keeps its log, in the folder of its checkpoint. */
const LOG_PLACE = join('training', 'log.jsonl');

/** A log's names of rewards are drawn one plot each; more are no log of ours. */
const MAX_REWARDS = 16;

/** JSON has no NaN: a number that was none is `null`, one that the stage does not measure is not there. */
const measure = z
  .number()
  .nullish()
  .transform((value) => value ?? null);
const step = z.int().nonnegative();
const interval = z
  .object({ low: z.number(), high: z.number() })
  .nullish()
  .transform((value) => value ?? null);

const stepSchema = z.object({
  type: z.literal('step'),
  step: step.positive(),
  epoch: measure,
  loss: measure,
  gradientNorm: measure,
  learningRate: measure,
  tokensPerSecond: measure,
  /** From here on what policy optimization measures: of the samples drawn, share of right ones and mean tokens. */
  accuracy: measure,
  meanTokens: measure,
  /** Mean of each reward, unweighted. */
  rewards: z
    .record(z.string(), measure)
    .optional()
    .transform((rewards) => new Map(Object.entries(rewards ?? {}).slice(0, MAX_REWARDS))),
  kl: measure,
  clipped: measure,
  droppedGroups: measure,
});

const sampleSchema = z.object({
  id: z.string(),
  problem: z.string(),
  text: z.string(),
  isRight: z.boolean(),
  tokens: z.int().nonnegative(),
});

const validationSchema = z.object({
  type: z.literal('validation'),
  step,
  epoch: measure,
  accuracy: z.number(),
  accuracyInterval: interval,
  meanTokens: z.number(),
  tokensInterval: interval,
  stopped: measure,
  samples: z.array(sampleSchema).default([]),
});

const lineSchema = z.discriminatedUnion('type', [stepSchema, validationSchema]);

export type TrainingStep = z.output<typeof stepSchema>;
export type TrainingValidation = z.output<typeof validationSchema>;
export type TrainingSample = z.output<typeof sampleSchema>;
export type TrainingStage = 'sft' | 'grpo';

export interface TrainingLog {
  /** Name of the checkpoint's folder. */
  readonly name: string;
  /** Policy optimization is known by its rewards. */
  readonly stage: TrainingStage;
  readonly steps: readonly TrainingStep[];
  readonly validations: readonly TrainingValidation[];
}

/**
 * Reads the log of a training: `path` is the folder of its checkpoint, or a log itself. A last line that a kill tore is left out.
 * @throws TrainingLogError (file, line) for any other line that is none of a log, FileAccessError
 */
export async function readTrainingLog(path: string): Promise<TrainingLog> {
  const file = existsSync(join(path, LOG_PLACE)) ? join(path, LOG_PLACE) : path;
  if (file === path && !path.endsWith('.jsonl')) {
    throw new TrainingLogError('no training has left a log there', `Give a folder with ${LOG_PLACE}.`, {
      file: path,
    });
  }
  const steps: TrainingStep[] = [];
  const validations = new Map<number, TrainingValidation>();
  const lines = (await readText(file)).split('\n');
  for (const [at, text] of lines.entries()) {
    const line = parseLine(text, file, at + 1, at === lines.length - 1);
    if (line === null) continue;
    if (line.type === 'validation') validations.set(line.step, line);
    else if (line.step > (steps.at(-1)?.step ?? 0)) steps.push(line);
    else throw broken(`step ${line.step} stands after step ${steps.at(-1)!.step}`, file, at + 1);
  }
  if (steps.length === 0 && validations.size === 0) {
    throw new TrainingLogError('it holds no step', 'Wait for the first step of the training.', { file });
  }
  const stage = steps.some(({ rewards }) => rewards.size > 0) ? 'grpo' : 'sft';
  return { name: nameOf(file), stage, steps, validations: [...validations.values()] };
}

/** `null` for a last line that is empty or torn. */
function parseLine(text: string, file: string, line: number, isLast: boolean) {
  if (isLast && text === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Whole lines end in a newline.
    if (isLast) return null;
    throw broken('it is no JSON', file, line);
  }
  const result = lineSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw broken(issue.message, file, line, issue.path.join('.'));
}

function broken(what: string, file: string, line: number, field?: string): TrainingLogError {
  return new TrainingLogError(what, 'Give the log as the training left it, or remove the line.', {
    file,
    line,
    field,
  });
}

/** `pebble-sft` of `pebble-sft/training/log.jsonl`. */
function nameOf(file: string): string {
  const folder = dirname(resolve(file));
  return basename(basename(folder) === dirname(LOG_PLACE) ? dirname(folder) : folder);
}
