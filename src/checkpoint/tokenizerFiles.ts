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
  readonly tokenizer: WrittenTokenizer;
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

/** Vocabulary and merges have up to 500,000 entries, too many for a schema of each; `bytePairModel.ts` checks them. */
const model = z.looseObject({
  type: z.string().nullish(),
  vocab: z.unknown().optional(),
  merges: z.unknown().optional(),
  unk_token: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
});
export type WrittenModel = z.output<typeof model>;

const addedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

/** Read by the library, which takes it to be there. */
const part = z.looseObject({ type: z.string() }).nullable().default(null);

const decoderStep = z.looseObject({
  type: z.string(),
  replacement: z.string().optional(),
  prepend_scheme: z.string().optional(),
});
const decoder = decoderStep.extend({ decoders: z.array(decoderStep).optional() });
export type WrittenDecoder = z.output<typeof decoder>;

const tokenizerSchema = z.looseObject({
  model,
  added_tokens: z.array(addedToken).default([]),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: decoder.nullable().default(null),
});

/** What `tokenizer.json` says. */
export type WrittenTokenizer = z.output<typeof tokenizerSchema>;

/** Name of the template used when `tokenizer_config.json` lists several. */
const DEFAULT_TEMPLATE = 'default';

/** @throws NoTokenizerError, InvalidCheckpointFileError (field), FileAccessError */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const present = await listFolder(folder);
  const missing = ['tokenizer.json', 'tokenizer_config.json'].filter((name) => !present.includes(name));
  if (missing.length > 0) throw noTokenizer(folder, missing, present);
  const file = join(folder, 'tokenizer.json');
  const configFile = join(folder, 'tokenizer_config.json');
  const { text, tokenizer } = await readTokenizerJson(file);
  const config = validate(configFile, parseJson(configFile, await readText(configFile)), configSchema);
  return {
    file,
    text,
    tokenizer,
    config,
    template: await findTemplate(folder, configFile, config),
  };
}

/** `tokenizer.json` alone, parsed and as text. @throws InvalidCheckpointFileError (field), FileAccessError */
export async function readTokenizerJson(
  file: string,
): Promise<{ readonly text: string; readonly tokenizer: WrittenTokenizer }> {
  const text = await readText(file);
  return { text, tokenizer: validate(file, parseJson(file, text), tokenizerSchema) };
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
