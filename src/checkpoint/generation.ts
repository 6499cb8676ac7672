/** Reads `generation_config.json`: how the makers of a checkpoint want it sampled. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Sampling } from '../core.js';
import { parseJson, readOptional, validate } from './jsonFile.js';
import { tokenIds } from './rawConfig.js';

/** What the file says; a field it leaves out is left out here too, never filled in. */
export interface GenerationDefaults {
  /** Empty when the file, or the field, is absent: those of `DecoderConfig` hold then. */
  readonly eosTokenIds: readonly number[];
  readonly sampling: Partial<Sampling>;
  /** Cap on the tokens drawn, the prompt not counted; the file's `max_length`, which counts it, is not read. */
  readonly maxNewTokens: number | null;
}

/** Tokens that end a continuation: those of the configuration and those of the generation defaults. */
export function stopTokensOf(
  config: { readonly eosTokenIds: readonly number[] },
  defaults: GenerationDefaults,
): readonly number[] {
  return [...new Set([...config.eosTokenIds, ...defaults.eosTokenIds])];
}

/** transformers means "off" by `null`, as it does by leaving a field out. */
const generationConfig = z.looseObject({
  do_sample: z.boolean().nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_k: z.int().nonnegative().nullish(),
  top_p: z.number().positive().max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  eos_token_id: tokenIds,
  max_new_tokens: z.int().positive().nullish(),
});

/**
 * Reads the file in `folder`, if there is one.
 * @throws FileAccessError, InvalidCheckpointFileError (field)
 */
export async function readGenerationDefaults(folder: string): Promise<GenerationDefaults> {
  const file = join(folder, 'generation_config.json');
  const text = await readOptional(file);
  if (text === null) return { eosTokenIds: [], sampling: {}, maxNewTokens: null };
  const raw = validate(file, parseJson(file, text), generationConfig);
  return {
    eosTokenIds: raw.eos_token_id,
    sampling: samplingOf(raw),
    maxNewTokens: raw.max_new_tokens ?? null,
  };
}

function samplingOf(raw: z.output<typeof generationConfig>): Partial<Sampling> {
  const sampling: { -readonly [Field in keyof Sampling]?: Sampling[Field] } = {};
  // Temperature 0 is the limit of sampling: the likeliest token.
  if (raw.temperature === 0) sampling.greedy = true;
  else if (typeof raw.do_sample === 'boolean') sampling.greedy = !raw.do_sample;
  if (typeof raw.temperature === 'number' && raw.temperature > 0) sampling.temperature = raw.temperature;
  if (typeof raw.top_k === 'number') sampling.topK = raw.top_k;
  if (typeof raw.top_p === 'number') sampling.topP = raw.top_p;
  if (typeof raw.min_p === 'number') sampling.minP = raw.min_p;
  if (typeof raw.repetition_penalty === 'number') sampling.repetitionPenalty = raw.repetition_penalty;
  return sampling;
}
