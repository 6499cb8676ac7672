/** Text to token ids and back, and chat messages to prompts. */
import { Tokenizer } from '@huggingface/tokenizers';
import { digestOf } from '../files.js';
import {
  type ChatMessage,
  type ChatTemplate,
  compileChatTemplate,
  type SpecialTokens,
} from './chatTemplate.js';
import { NoChatTemplateError, TokenizerError } from './errors.js';
import { readTokenizerFiles, type TokenizerConfig } from './tokenizerFiles.js';

/** The tokenizer of a checkpoint and its chat template. */
export class ChatTokenizer {
  /** Token ids run from 0 to below this; the embedding may have more rows. */
  readonly vocabSize: number;
  /** Text of the token that ends a turn; `null` when the tokenizer names none. */
  readonly eosToken: string | null;
  /** SHA-256 of all that turns messages into token ids: `tokenizer.json`, the chat template, the special tokens. */
  readonly promptDigest: string;
  readonly #folder: string;
  readonly #file: string;
  readonly #tokenizer: Tokenizer;
  readonly #vocabulary: readonly (string | undefined)[];
  readonly #template: ChatTemplate | null;
  readonly #specialTokens: SpecialTokens;

  private constructor(parts: {
    folder: string;
    file: string;
    tokenizer: Tokenizer;
    template: ChatTemplate | null;
    specialTokens: SpecialTokens;
    promptDigest: string;
  }) {
    this.#folder = parts.folder;
    this.#file = parts.file;
    this.#tokenizer = parts.tokenizer;
    this.#vocabulary = parts.tokenizer.model?.vocab ?? [];
    this.#template = parts.template;
    this.#specialTokens = parts.specialTokens;
    this.vocabSize = this.#vocabulary.length;
    this.eosToken = parts.specialTokens.eos_token ?? null;
    this.promptDigest = parts.promptDigest;
  }

  /**
   * Opens the tokenizer in `folder`. A missing chat template is no error until messages are rendered.
   * @throws NoTokenizerError, InvalidCheckpointFileError, TokenizerError, ChatTemplateError, FileAccessError
   */
  static async open(folder: string): Promise<ChatTokenizer> {
    const { file, text, tokenizer, config, template } = await readTokenizerFiles(folder);
    const specialTokens = specialTokensOf(config);
    return new ChatTokenizer({
      folder,
      file,
      tokenizer: build(file, tokenizer),
      template: template && compileChatTemplate(template.file, template.source),
      specialTokens,
      promptDigest: digestOf(JSON.stringify([text, template?.source ?? null, specialTokens])),
    });
  }

  /**
   * Ids of a whole prompt: special tokens written in the text are recognised, and those that the tokenizer puts
   * around every text (a beginning of sequence, say) are added. @throws TokenizerError
   */
  encode(text: string): number[] {
    return this.#encode(text, true);
  }

  /** Ids of a text that follows other tokens, or that has its special tokens already. @throws TokenizerError */
  encodeContinuation(text: string): number[] {
    return this.#encode(text, false);
  }

  /**
   * The text of `tokens`, special tokens included, spaces as they are. Ids at or above `vocabSize`, which the padding
   * rows of an embedding can give, have no text. Tokens that end inside a character end in U+FFFD.
   */
  decode(tokens: readonly number[]): string {
    const known = tokens.filter((id) => this.#vocabulary[id] !== undefined);
    if (known.length === 0) return '';
    return this.#tokenizer.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  /** The id of a token given by its exact text, such as `</think>`; `null` when the vocabulary lacks it. */
  tokenId(text: string): number | null {
    return this.#tokenizer.token_to_id(text) ?? null;
  }

  /** The prompt of a conversation, the opening of the assistant's turn included. @throws NoChatTemplateError, ChatTemplateError */
  renderChat(messages: readonly ChatMessage[]): string {
    if (!this.#template) throw new NoChatTemplateError(this.#folder);
    return this.#template(messages, this.#specialTokens);
  }

  /** Ids of {@link renderChat}; templates write special tokens out, so that none is added. */
  encodeChat(messages: readonly ChatMessage[]): number[] {
    return this.encodeContinuation(this.renderChat(messages));
  }

  /**
   * Smallest number of leading tokens that give the first `characters` characters (UTF-16 code units) of the text of
   * `tokens`: a character offset as a token count. A prefix that ends inside a character does not give it yet.
   * @throws RangeError when the whole text is shorter.
   */
  tokensCovering(tokens: readonly number[], characters: number): number {
    const text = this.decode(tokens);
    if (!(Number.isInteger(characters) && characters >= 0 && characters <= text.length))
      throw new RangeError(`characters must lie between 0 and ${text.length}, not be ${characters}`);
    const wanted = text.slice(0, characters);
    let low = 0;
    let high = tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.decode(tokens.slice(0, middle)).startsWith(wanted)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #encode(text: string, addSpecialTokens: boolean): number[] {
    const { ids, tokens } = this.#tokenizer.encode(text, { add_special_tokens: addSpecialTokens });
    const unknown = (ids as readonly (number | undefined)[]).indexOf(undefined);
    if (unknown >= 0)
      throw new TokenizerError(
        `there is no id for ${JSON.stringify(tokens[unknown])}, nor an unknown token`,
        'The tokenizer does not cover this text: check that tokenizer.json is whole.',
        { file: this.#file },
      );
    return ids;
  }
}

function build(file: string, tokenizer: object): Tokenizer {
  try {
    // Without tokenizer_config.json: its settings are for tokenizers not written as tokenizer.json, and the library
    // would heed some of them where the reference implementation does not.
    return new Tokenizer(tokenizer, {});
  } catch (error) {
    throw new TokenizerError(
      `cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      'Fetch tokenizer.json again; if it is whole, its kind of tokenizer is not supported.',
      { file },
    );
  }
}

/** Those that are set, as transformers hands them to templates. */
function specialTokensOf(config: TokenizerConfig): SpecialTokens {
  const names = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (typeof config[name] === 'string' ? [[name, config[name]]] : [])),
  );
}
