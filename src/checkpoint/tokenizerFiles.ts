/** Finds and reads the tokenizer's files: `tokenizer.json`, `tokenizer_config.json`, `chat_template.jinja`. */
import { join } from 'node:path';
import { z } from 'zod';
import { readText } from '../files.js';
import { NoTokenizerError } from './errors.js';
import { listFolder, parseJson, readOptional, validate } from './jsonFile.js';

/** A template and where it stands. */
export interface TemplateSource {
  readonly file: string;
  readonly source: string;
}

export interface TokenizerFiles {
  /** Path of `tokenizer.json`. */
  readonly file: string;
  /** Its text, for digests. */
  readonly text: string;
  readonly tokenizer: z.output<typeof tokenizerSchema>;
  readonly config: TokenizerConfig;
  /** `null` when the checkpoint has none. */
  readonly template: TemplateSource | null;
}

/** A special token is written as its text, or as an object around it. */
const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)], {
    error: 'expected the text of a token, or an object with its content',
  })
  .nullish();

/** Templates are written as one text, or as a list of named ones. */
const templates = z
  .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))], {
    error: 'expected a template, or a list of templates with name and template',
  })
  .nullish();

const configSchema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
  chat_template: templates,
});
export type TokenizerConfig = z.output<typeof configSchema>;

/** The parts that the library reads without checking that they are there; each may be `null` but for the model. */
const tokenizerSchema = z.looseObject({
  model: z.looseObject({ vocab: z.unknown() }),
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string() })).default([]),
  ...Object.fromEntries(
    ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'].map((part) => [
      part,
      z.looseObject({}).nullable().default(null),
    ]),
  ),
});

/** Name of the template used when `tokenizer_config.json` lists several. */
const DEFAULT_TEMPLATE = 'default';

/** @throws NoTokenizerError, InvalidCheckpointFileError (field), FileAccessError */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const present = await listFolder(folder);
  const missing = ['tokenizer.json', 'tokenizer_config.json'].filter((name) => !present.includes(name));
  if (missing.length > 0) throw noTokenizer(folder, missing, present);
  const file = join(folder, 'tokenizer.json');
  const configFile = join(folder, 'tokenizer_config.json');
  const text = await readText(file);
  const config = validate(configFile, parseJson(configFile, await readText(configFile)), configSchema);
  return {
    file,
    text,
    tokenizer: validate(file, parseJson(file, text), tokenizerSchema),
    config,
    template: await findTemplate(folder, configFile, config),
  };
}

/** A file of its own goes before `tokenizer_config.json`, as in transformers. */
async function findTemplate(
  folder: string,
  configFile: string,
  { chat_template }: TokenizerConfig,
): Promise<TemplateSource | null> {
  const file = join(folder, 'chat_template.jinja');
  const source = await readOptional(file);
  if (source !== null) return { file, source };
  const inConfig =
    typeof chat_template === 'string'
      ? chat_template
      : chat_template?.find(({ name }) => name === DEFAULT_TEMPLATE)?.template;
  return inConfig === undefined ? null : { file: configFile, source: inConfig };
}

function noTokenizer(
  folder: string,
  missing: readonly string[],
  present: readonly string[],
): NoTokenizerError {
  const slow = ['tokenizer.model', 'vocab.json', 'merges.txt'].filter((name) => present.includes(name));
  const hint =
    slow.length > 0
      ? `The folder holds ${slow.join(', ')}: convert it with AutoTokenizer(…, use_fast=True).save_pretrained in transformers.`
      : 'Fetch the tokenizer files of the checkpoint into this folder.';
  return new NoTokenizerError(`there is no ${missing.join(' and no ')}`, hint, { file: folder });
}
