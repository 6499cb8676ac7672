/** The options that say how tokens are drawn, and the settings they come to. */
import type { Command } from 'commander';
import type { Sampling } from '../core.js';
import { integerFrom, numberBetween } from './options.js';

export interface SamplingFlags {
  greedy?: boolean;
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
}

/** Used where neither an option nor the checkpoint's generation_config.json says otherwise: draw from the model as it is. */
const NEUTRAL: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** Adds `--greedy --temperature --top-k --top-p --min-p`. */
export function addSamplingOptions(command: Command): Command {
  return command
    .option('--greedy', 'always the likeliest token')
    .option('--temperature <number>', 'divides the logits', numberBetween(0.01, 100))
    .option('--top-k <count>', 'keep the likeliest tokens only; 0: all', integerFrom(0))
    .option(
      '--top-p <share>',
      'keep the smallest likeliest set with this mass; 1: all',
      numberBetween(0.000001, 1),
    )
    .option(
      '--min-p <ratio>',
      "keep tokens with this ratio of the likeliest one's probability; 0: all",
      numberBetween(0, 1),
    );
}

/** An option beats the checkpoint's generation defaults, and those beat the neutral settings. */
export function resolveSampling(flags: SamplingFlags, defaults: Partial<Sampling>): Sampling {
  const chosen: Partial<Sampling> = {
    ...(flags.greedy !== undefined && { greedy: flags.greedy }),
    ...(flags.temperature !== undefined && { temperature: flags.temperature }),
    ...(flags.topK !== undefined && { topK: flags.topK }),
    ...(flags.topP !== undefined && { topP: flags.topP }),
    ...(flags.minP !== undefined && { minP: flags.minP }),
  };
  const samplingAsked = Object.keys(chosen).some((key) => key !== 'greedy');
  // A checkpoint that is greedy by default is sampled from as soon as a sampling option is given.
  return { ...NEUTRAL, ...defaults, ...(samplingAsked && { greedy: false }), ...chosen };
}

/** One line for people: `temperature 1, top-p 0.9, min-p 0.05`, or `greedy`. */
export function describeSampling(sampling: Sampling): string {
  if (sampling.greedy) return 'greedy';
  const parts = [`temperature ${sampling.temperature}`];
  if (sampling.topK > 0) parts.push(`top-k ${sampling.topK}`);
  if (sampling.topP < 1) parts.push(`top-p ${sampling.topP}`);
  if (sampling.minP > 0) parts.push(`min-p ${sampling.minP}`);
  if (sampling.repetitionPenalty !== 1) parts.push(`repetition penalty ${sampling.repetitionPenalty}`);
  return parts.join(', ');
}
