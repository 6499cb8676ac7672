/** Text to token ids and back, as `tokenizer.json` describes it; knows nothing of chats. */
import { AddedTokenSplitter } from './addedTokens.js';
import { readBytePairModel } from './bytePairModel.js';
import { BytePairEncoder } from './bytePairs.js';
import { compileDetokenizer, type Detokenizer } from './detokenizer.js';
import { TokenizerError } from './errors.js';
import { compilePreTokenizer, type PreTokenize } from './preTokenizer.js';
import { TextStream } from './textStream.js';
import type { WrittenTokenizer } from './tokenizerFiles.js';
import { type TokenizerParts, tokenizerParts } from './tokenizerParts.js';

/** Halves of a pair that stand alone: no UTF-8 text has them, so they become U+FFFD. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Stands for any text where the post-processor shows what it puts around one. */
const ANY_TEXT = '\0text';

/**
 * The stages of Hugging Face's `tokenizers`: added tokens are cut out, the rest is normalised, cut again, split into
 * pieces, and each piece encoded. Normalisers, patterns and decoders are those of `@huggingface/tokenizers`; added tokens
 * and byte pairs are ours, since it passes over `single_word` and takes seconds for 100,000 characters without a space.
 */
export class TokenCodec {
  /** Ids run from 0 to below this. */
  readonly vocabSize: number;
  readonly #file: string;
  readonly #parts: TokenizerParts;
  readonly #pairs: BytePairEncoder;
  readonly #preTokenize: PreTokenize;
  readonly #detokenizer: Detokenizer;
  /** Looked for in the text as it is, and in the normalised text. */
  readonly #added: { readonly asWritten: AddedTokenSplitter; readonly normalized: AddedTokenSplitter };
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #texts: readonly (string | undefined)[];

  /** `file` is where `tokenizer` was read, for errors. @throws TokenizerError, InvalidCheckpointFileError */
  constructor(file: string, tokenizer: WrittenTokenizer) {
    const model = readBytePairModel(file, tokenizer.model);
    this.#file = file;
    this.#parts = tokenizerParts(file, tokenizer);
    this.#pairs = new BytePairEncoder(model);
    this.#preTokenize = compilePreTokenizer(file, tokenizer.pre_tokenizer, this.#parts.pre_tokenizer);
    this.#detokenizer = compileDetokenizer(tokenizer.decoder, this.#parts.decoder);
    const added = tokenizer.added_tokens.map((token) => ({
      ...token,
      normalized: token.normalized ?? !token.special,
    }));
    this.#added = {
      asWritten: new AddedTokenSplitter(
        added.filter(({ normalized }) => !normalized),
        ({ content }) => content,
      ),
      normalized: new AddedTokenSplitter(
        added.filter(({ normalized }) => normalized),
        ({ content }) => this.#normalize(content),
      ),
    };
    const texts: (string | undefined)[] = [];
    for (const [text, id] of model.vocabulary) texts[id] = text;
    for (const { content, id } of added) texts[id] = content;
    this.#vocabulary = model.vocabulary;
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    this.#texts = texts;
    this.vocabSize = texts.length;
  }

  /** Ids of `text`; `whole`: with the special tokens that go around every text. @throws TokenizerError */
  encode(text: string, whole: boolean): number[] {
    const around = whole ? this.#aroundText() : { before: [], after: [] };
    const ids = [...around.before];
    const wellFormed = text.replace(LONE_SURROGATES, '\ufffd');
    for (const [at, section] of this.#added.asWritten.split(wellFormed).entries()) {
      if (typeof section === 'number') {
        ids.push(section);
        continue;
      }
      for (const [within, part] of this.#added.normalized.split(this.#normalize(section)).entries()) {
        if (typeof part === 'number') ids.push(part);
        else
          for (const piece of this.#preTokenize(part, at === 0 && within === 0))
            this.#pairs.encode(piece, ids);
      }
    }
    for (const id of around.after) ids.push(id);
    return ids;
  }

  /** Ids without a token have no text. */
  decode(ids: readonly number[]): string {
    return this.#detokenizer.decode(ids.map((id) => this.#texts[id]).filter((text) => text !== undefined));
  }

  /** Decodes ids that come one by one. */
  stream(): TextStream {
    return new TextStream(this.#texts, this.#detokenizer.stream());
  }

  /** The id of a token by its exact text. */
  idOf(text: string): number | null {
    return this.#addedIds.get(text) ?? this.#vocabulary.get(text) ?? null;
  }

  #normalize(text: string): string {
    return this.#parts.normalizer?.normalize(text) ?? text;
  }

  /** Computed when it is asked for: chats, whose templates write special tokens out, do without. */
  #aroundText(): { readonly before: readonly number[]; readonly after: readonly number[] } {
    const tokens = this.#parts.post_processor?.post_process([ANY_TEXT], null, true).tokens ?? [ANY_TEXT];
    const at = tokens.indexOf(ANY_TEXT);
    const idsOf = (special: readonly string[]) =>
      special.map((token) => {
        const id = this.idOf(token);
        if (id !== null) return id;
        throw new TokenizerError(
          `there is no id for ${JSON.stringify(token)}, which goes around every text`,
          'Check that tokenizer.json is whole.',
          { file: this.#file, field: 'post_processor' },
        );
      });
    return { before: idsOf(tokens.slice(0, at)), after: idsOf(tokens.slice(at + 1)) };
  }
}
