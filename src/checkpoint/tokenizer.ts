/** Text to token ids and back, and chat messages to prompts. */
import { digestOf } from '../files.js';
import {
  type ChatMessage,
  type ChatTemplate,
  compileChatTemplate,
  type SpecialTokens,
} from './chatTemplate.js';
import { NoChatTemplateError } from './errors.js';
import type { TextStream } from './textStream.js';
import { TokenCodec } from './tokenCodec.js';
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
  readonly #codec: TokenCodec;
  readonly #template: ChatTemplate | null;
  readonly #specialTokens: SpecialTokens;

  private constructor(parts: {
    folder: string;
    codec: TokenCodec;
    template: ChatTemplate | null;
    specialTokens: SpecialTokens;
    promptDigest: string;
  }) {
    this.#folder = parts.folder;
    this.#codec = parts.codec;
    this.#template = parts.template;
    this.#specialTokens = parts.specialTokens;
    this.vocabSize = parts.codec.vocabSize;
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
      codec: new TokenCodec(file, tokenizer),
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
    return this.#codec.encode(text, true);
  }

  /** Ids of a text that follows other tokens, or that has its special tokens already. @throws TokenizerError */
  encodeContinuation(text: string): number[] {
    return this.#codec.encode(text, false);
  }

  /**
   * The text of `tokens`, special tokens included, spaces as they are. Ids at or above `vocabSize`, which the padding
   * rows of an embedding can give, have no text. Tokens that end inside a character end in U+FFFD.
   */
  decode(tokens: readonly number[]): string {
    return this.#codec.decode(tokens);
  }

  /** The text of tokens that come one by one, as `decode` gives it. */
  stream(): TextStream {
    return this.#codec.stream();
  }

  /** The id of a token given by its exact text, such as `</think>`; `null` when the vocabulary lacks it. */
  tokenId(text: string): number | null {
    return this.#codec.idOf(text);
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
}

/** Those that are set, as transformers hands them to templates. */
function specialTokensOf(config: TokenizerConfig): SpecialTokens {
  const names = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (typeof config[name] === 'string' ? [[name, config[name]]] : [])),
  );
}
