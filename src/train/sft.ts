/** Supervised fine-tuning: epochs of cross entropy on worked solutions. */
import { join } from 'node:path';
import { BoxedError } from '../errors.js';
import type { RowShape } from '../model/packedRows.js';
import { seededBits } from '../score/random.js';
import { learntTokens, rowTokens, type TrainingText } from './batch.js';
import type { Tensors } from './modelFolder.js';
import { type PackedBatch, packTexts } from './packing.js';
import { learningRateAt } from './schedule.js';
import type { Trainer } from './trainer.js';
import { TrainLog } from './trainLog.js';
import { loadState, saveState } from './trainState.js';
import type { ValidationResult } from './validation.js';

/** The loss is not a number any more. */
export class DivergedError extends BoxedError {
  override readonly name = 'DivergedError';
}

export interface SftSettings {
  readonly epochs: number;
  readonly learningRate: number;
  readonly warmUpSteps: number;
  /** Part of the learning rate that is left at the end. */
  readonly floor: number;
  /** Tokens of a batch, padding included. */
  readonly batchTokens: number;
  /** Batches whose gradients add up to one step. */
  readonly accumulate: number;
  readonly seed: number;
}

export interface SftJob {
  readonly trainer: Trainer;
  readonly texts: readonly TrainingText[];
  /** Positions of the model. */
  readonly maxPositions: number;
  readonly settings: SftSettings;
  /** All that decides the numbers, `settings` included: a training goes on only with the same. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Where state and log are kept. */
  readonly folder: string;
  /** Writes the checkpoint and tries it out, after each epoch. */
  readonly onEpoch: (epoch: number, tensors: Tensors) => Promise<ValidationResult | null>;
  readonly onStep?: (progress: SftProgress) => void;
}

export interface SftProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  /** Nats a token learnt. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
}

/** Steps between two saved states, which take milliseconds: a minute or so of work that a kill can cost. */
const SAVE_EVERY = 200;

/** Row lengths that texts are sorted into; the longest is as long as the model's positions. */
const ROW_LENGTHS = [256, 512, 1024, 2048, 4096];

/** Shapes with `batchTokens` tokens each, for texts of up to `maxPositions` tokens. */
export function rowShapes(batchTokens: number, maxPositions: number): RowShape[] {
  const lengths = [...ROW_LENGTHS.filter((length) => length < maxPositions), maxPositions];
  return lengths.map((length) => ({ length, rows: Math.max(1, Math.floor(batchTokens / length)) }));
}

/** One step: the batches whose gradients it adds up. */
interface Step {
  readonly epoch: number;
  readonly batches: readonly PackedBatch[];
  readonly endsEpoch: boolean;
}

/** Trains from the beginning or from the saved state. State is saved after each epoch and some steps. @throws DivergedError, TrainStateError, FileAccessError */
export async function trainSft(job: SftJob): Promise<void> {
  const { trainer, texts, settings, folder, identity } = job;
  const steps = planSteps(texts, settings, job.maxPositions);
  const schedule = {
    peak: settings.learningRate,
    warmUpSteps: settings.warmUpSteps,
    totalSteps: steps.length,
    floor: settings.floor,
  };
  const done = await loadState(folder, trainer.tensors, identity);
  const log = await TrainLog.open(join(folder, 'log.jsonl'), done);
  for (let step = done + 1; step <= steps.length; step += 1) {
    const { epoch, batches, endsEpoch } = steps[step - 1]!;
    const startedAt = performance.now();
    const learningRate = learningRateAt(step, schedule);
    const { loss, tokens } = await learnBatches(trainer, batches, texts);
    const gradientNorm = trainer.update(step, learningRate);
    checkFinite(step, loss, gradientNorm);
    const seconds = (performance.now() - startedAt) / 1000;
    const line = { step, epoch, loss, gradientNorm, learningRate, tokensPerSecond: tokens / seconds };
    await log.write({ type: 'step', ...line });
    job.onStep?.({ ...line, totalSteps: steps.length });
    if (!endsEpoch) {
      if (step % SAVE_EVERY === 0) await saveState(folder, trainer.tensors, step, identity);
      continue;
    }
    const result = await job.onEpoch(epoch, trainer.tensors);
    if (result !== null) await log.write({ type: 'validation', step, epoch, ...result });
    await saveState(folder, trainer.tensors, step, identity);
  }
}

function planSteps(texts: readonly TrainingText[], settings: SftSettings, maxPositions: number): Step[] {
  const lengths = texts.map(rowTokens);
  const shapes = rowShapes(settings.batchTokens, maxPositions);
  return Array.from({ length: settings.epochs }, (_, at) => {
    const batches = packTexts(lengths, shapes, seededBits(settings.seed * 1009 + at));
    const count = Math.ceil(batches.length / settings.accumulate);
    return Array.from({ length: count }, (_, step) => ({
      epoch: at + 1,
      batches: batches.slice(step * settings.accumulate, (step + 1) * settings.accumulate),
      endsEpoch: step === count - 1,
    }));
  }).flat();
}

/** Adds up the gradients of a step, in which every token learnt weighs the same. */
async function learnBatches(
  trainer: Trainer,
  batches: readonly PackedBatch[],
  texts: readonly TrainingText[],
): Promise<{ loss: number; tokens: number }> {
  const indices = batches.flatMap(({ rows }) => rows.flat());
  const learnt = indices.reduce((sum, text) => sum + learntTokens(texts[text]!), 0);
  let loss = 0;
  for (const batch of batches) loss += await trainer.learn(batch, texts, 1 / learnt);
  return { loss, tokens: indices.reduce((sum, text) => sum + rowTokens(texts[text]!), 0) };
}

/** @throws DivergedError */
export function checkFinite(step: number, ...numbers: readonly number[]): void {
  if (numbers.every(Number.isFinite)) return;
  throw new DivergedError(
    `step ${step} has a loss or gradient that is no number`,
    'Train with a lower --learning-rate into another folder, or look for a broken example.',
  );
}
