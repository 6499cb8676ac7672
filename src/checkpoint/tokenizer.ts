/** The tokenizer of a checkpoint with its chat template: text to tokens and back, messages to a prompt. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { BoxedError } from '../errors.js';
import { digestOf, readText } from '../files.js';
import { parseJsonFile } from './json.js';

/** A folder without the files of a tokenizer. */
export class NoTokenizerError extends BoxedError {
  override readonly name = 'NoTokenizerError';
}

/** A tokenizer that does not say how messages become a prompt. */
export class NoChatTemplateError extends BoxedError {
  override readonly name = 'NoChatTemplateError';
}

/** A chat template that cannot be parsed, or that refuses the messages. */
export class ChatTemplateError extends BoxedError {
  override readonly name = 'ChatTemplateError';
}

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

const TOKENIZER_FILE = 'tokenizer.json';
const CONFIG_FILE = 'tokenizer_config.json';
const TEMPLATE_FILE = 'chat_template.jinja';

const specialToken = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const configSchema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  pad_token: specialToken,
  unk_token: specialToken,
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
});

export class ChatTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #folder: string;
  readonly #template: string | null;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  #compiled: Template | null = null;
  /** SHA-256 of everything that decides which tokens a prompt becomes. */
  readonly promptDigest: string;

  private constructor(
    folder: string,
    tokenizer: Tokenizer,
    config: z.infer<typeof configSchema>,
    source: string,
    template: string | null,
  ) {
    this.#folder = folder;
    this.#tokenizer = tokenizer;
    this.#template = template;
    const { bos_token, eos_token, pad_token, unk_token } = config;
    const given = Object.entries({ bos_token, eos_token, pad_token, unk_token });
    this.#variables = Object.fromEntries(given.map(([name, token]) => [name, token ?? undefined]));
    this.promptDigest = digestOf(JSON.stringify([source, template, this.#variables]));
  }

  /** Reads the tokenizer in `folder`. @throws NoTokenizerError, BadCheckpointFileError */
  static async open(folder: string): Promise<ChatTokenizer> {
    for (const name of [TOKENIZER_FILE, CONFIG_FILE]) {
      if (existsSync(join(folder, name))) continue;
      throw new NoTokenizerError(`${name} is missing`, 'Copy the tokenizer files of the checkpoint there.', {
        file: folder,
      });
    }
    const source = await readText(join(folder, TOKENIZER_FILE));
    const definition = parseJsonFile(join(folder, TOKENIZER_FILE), source, z.looseObject({}));
    const configFile = join(folder, CONFIG_FILE);
    const config = parseJsonFile(configFile, await readText(configFile), configSchema);
    const templateFile = join(folder, TEMPLATE_FILE);
    const template = existsSync(templateFile)
      ? await readText(templateFile)
      : templateOf(config.chat_template);
    return new ChatTokenizer(folder, new Tokenizer(definition, config), config, source, template);
  }

  /** Number of tokens, those added to the model's vocabulary included. */
  get vocabSize(): number {
    return this.#tokenizer.get_vocab().size;
  }

  /** Tokens of a text as it is: nothing is put before or after it. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** Text of tokens; special ones, such as `</think>`, stay visible. */
  decode(tokens: readonly number[]): string {
    if (tokens.length === 0) return '';
    return this.#tokenizer.decode([...tokens], {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  }

  /**
   * The prompt that asks for the assistant's next message.
   * @throws NoChatTemplateError, ChatTemplateError when the template refuses the messages.
   */
  renderChat(messages: readonly ChatMessage[]): string {
    try {
      this.#compiled ??= new Template(this.#needTemplate());
      return this.#compiled.render({
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: true,
        tools: null,
        ...this.#variables,
      });
    } catch (error) {
      if (error instanceof BoxedError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ChatTemplateError(
        `the chat template fails: ${reason}`,
        'Check the template and the messages.',
        {
          file: this.#folder,
          field: 'chat_template',
        },
      );
    }
  }

  /** Tokens of `renderChat`. The template writes all special tokens itself. */
  encodeChat(messages: readonly ChatMessage[]): number[] {
    return this.encode(this.renderChat(messages));
  }

  /** Smallest number of leading tokens whose text has at least `characters` characters, all of them complete. */
  tokensCovering(tokens: readonly number[], characters: number): number {
    let [low, high] = [0, tokens.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      // A prefix may end inside a character of several tokens; what stands for it there is not yet that character.
      const text = this.decode(tokens.slice(0, middle)).replace(/\uFFFD+$/, '');
      if (text.length >= characters) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #needTemplate(): string {
    if (this.#template !== null) return this.#template;
    throw new NoChatTemplateError(
      'the tokenizer has no chat template',
      `Add chat_template to ${CONFIG_FILE} or a file ${TEMPLATE_FILE}; for \`generate\`, lines with "text" need none.`,
      { file: join(this.#folder, CONFIG_FILE), field: 'chat_template' },
    );
  }
}

/** The template, or the one named `default` of several. */
function templateOf(templates: z.infer<typeof configSchema>['chat_template']): string | null {
  if (templates === null || templates === undefined) return null;
  if (typeof templates === 'string') return templates;
  return templates.find(({ name }) => name === 'default')?.template ?? null;
}
