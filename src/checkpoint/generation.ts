/** What a checkpoint's `generation_config.json` says about drawing from it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Sampling } from '../core.js';
import { readText } from '../files.js';
import { parseJsonFile } from './json.js';

export interface GenerationDefaults {
  readonly eosTokenIds: readonly number[];
  readonly sampling: Partial<Sampling>;
  readonly maxNewTokens: number | null;
}

const FILE = 'generation_config.json';

/** One id, several, or none. */
export const tokenIdsSchema = z
  .union([
    z
      .int()
      .nonnegative()
      .transform((id) => [id]),
    z.array(z.int().nonnegative()),
  ])
  .nullish()
  .transform((ids) => ids ?? []);

const schema = z.looseObject({
  eos_token_id: tokenIdsSchema,
  do_sample: z.boolean().nullish(),
  temperature: z.number().positive().nullish(),
  top_k: z.int().nonnegative().nullish(),
  top_p: z.number().positive().max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  max_new_tokens: z.int().positive().nullish(),
});

/** Reads the defaults in `folder`; without the file there are none. @throws BadCheckpointFileError */
export async function readGenerationDefaults(folder: string): Promise<GenerationDefaults> {
  const file = join(folder, FILE);
  if (!existsSync(file)) return { eosTokenIds: [], sampling: {}, maxNewTokens: null };
  const config = parseJsonFile(file, await readText(file), schema);
  const { temperature, top_k, top_p, min_p, repetition_penalty, do_sample } = config;
  const named: { [Name in keyof Sampling]?: Sampling[Name] | null | undefined } = {
    greedy: do_sample === false ? true : null,
    temperature,
    topK: top_k,
    topP: top_p,
    minP: min_p,
    repetitionPenalty: repetition_penalty,
  };
  const given = Object.entries(named).filter(([, value]) => value !== null && value !== undefined);
  return {
    eosTokenIds: config.eos_token_id,
    sampling: Object.fromEntries(given) as Partial<Sampling>,
    maxNewTokens: config.max_new_tokens ?? null,
  };
}
