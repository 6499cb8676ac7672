/** What the commands of `boxed train` share: options, and how a result is shown. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DecoderConfig } from '../checkpoint/config.js';
import { readGenerationDefaults, stopTokensOf } from '../checkpoint/generation.js';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { DEFAULT_ROWS } from '../engine/engine.js';
import { percent } from '../report/format.js';
import { type AnsweredProblems, readAnsweredProblems } from '../train/answeredProblems.js';
import type { Tensors } from '../train/modelFolder.js';
import { savedStep, TrainStateError } from '../train/trainState.js';
import { type ValidationResult, validate } from '../train/validation.js';
import { integerFrom, numberBetween } from './options.js';

export interface TrainFlags {
  model: string;
  out: string;
  learningRate: number;
  warmUp: number;
  batchTokens: number;
  seed: number;
  threads?: number;
  prompt: string;
  edition: string;
  validate?: string;
  validationSamples: number;
  maxTokens: number;
}

/** Seed of the draws of validations: the same for all, so that two of them differ by the weights alone. */
const VALIDATION_SEED = 7;

/** Adds the options that both stages have. */
export function addTrainOptions(
  command: Command,
  defaults: { learningRate: number; warmUp: number },
): Command {
  return command
    .requiredOption('--model <folder>', 'checkpoint to begin with')
    .requiredOption(
      '--out <folder>',
      'where the trained checkpoint goes; its state and log in training/ there',
    )
    .option('--learning-rate <rate>', 'highest learning rate', numberBetween(0, 1), defaults.learningRate)
    .option('--warm-up <steps>', 'steps up to it', integerFrom(0), defaults.warmUp)
    .option('--batch-tokens <count>', 'tokens of a batch, padding included', integerFrom(1), 4096)
    .option('--seed <number>', 'decides the order of the data and every draw', integerFrom(0), 0)
    .option('--threads <count>', 'threads of the runtime; default: the processors there are', integerFrom(1))
    .option('--prompt <template>', 'the message a problem becomes, with {problem}', '{problem}')
    .option('--edition <name>', 'how answers are read where the set does not say', 'aime')
    .option('--validate <problems>', 'set with answers to try each epoch on, or some steps')
    .option('--validation-samples <count>', 'samples of each of its problems', integerFrom(1), 1)
    .option('--max-tokens <count>', 'tokens of a sample at most', integerFrom(1), 512);
}

/** Opened once for a training: tokenizer, stop tokens, validation set. */
export interface TrainTools {
  readonly tokenizer: ChatTokenizer;
  readonly stopTokens: readonly number[];
  readonly threads: number;
  validation(tensors: Tensors): Promise<ValidationResult | null>;
}

export async function openTools(flags: TrainFlags, config: DecoderConfig): Promise<TrainTools> {
  const tokenizer = await ChatTokenizer.open(flags.model);
  const stopTokens = stopTokensOf(config, await readGenerationDefaults(flags.model));
  const threads = flags.threads ?? availableParallelism();
  const set: AnsweredProblems | null =
    flags.validate === undefined
      ? null
      : await readAnsweredProblems(flags.validate, tokenizer, null, flags.edition);
  return {
    tokenizer,
    stopTokens,
    threads,
    validation: async (tensors) =>
      set &&
      validate(tensors, set, tokenizer, {
        like: flags.model,
        rows: DEFAULT_ROWS,
        threads,
        samples: flags.validationSamples,
        maxTokens: flags.maxTokens,
        stopTokens,
        seed: VALIDATION_SEED,
      }),
  };
}

/** Does the work of a training and, where it fails, says what of it is kept. */
export async function withKeptState(out: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // An error of the state itself says what it found there.
    if (!(error instanceof TrainStateError)) {
      const step = await savedStep(trainingFolder(out));
      process.stderr.write(
        step === null
          ? '\nThe training has saved nothing yet.\n'
          : `\nKept in ${out}: the checkpoint of the last validation, and in ${trainingFolder(out)} the state after step ${step}, from which the same command goes on.\n`,
      );
    }
    throw error;
  }
}

/** Where state and log are, beside the checkpoint. */
export function trainingFolder(out: string): string {
  return join(out, 'training');
}

/** One line of a validation. */
export function describeValidation({ accuracy, meanTokens, stopped, seconds }: ValidationResult): string {
  return `accuracy ${percent(accuracy)} % · ${meanTokens.toFixed(1)} tokens · ${percent(stopped)} % ended by themselves · ${seconds.toFixed(1)} s`;
}
