/** The stages of a tokenizer that `@huggingface/tokenizers` gives: normaliser, splitter, post-processor, decoder. */
import { Tokenizer } from '@huggingface/tokenizers';
import { TokenizerError } from './errors.js';
import type { WrittenTokenizer } from './tokenizerFiles.js';

export interface Normalizer {
  normalize(text: string): string;
}

export interface PreTokenizer {
  /** Section 0 is the beginning of the whole text. */
  pre_tokenize(text: string, options: { readonly section_index: number }): string[];
}

export interface PostProcessor {
  post_process(tokens: readonly string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
}

export interface Decoder {
  decode_chain(tokens: string[]): string[];
}

/** What is used of the library's `Tokenizer`, whose own declarations do not resolve in ECMAScript modules. */
export interface TokenizerParts {
  readonly normalizer: Normalizer | null;
  readonly pre_tokenizer: PreTokenizer | null;
  readonly post_processor: PostProcessor | null;
  /** One of type `Sequence` has its steps in `decoders`. */
  readonly decoder: (Decoder & { readonly decoders?: readonly Decoder[] }) | null;
}

/** @throws TokenizerError for a part that the library does not know */
export function tokenizerParts(file: string, tokenizer: WrittenTokenizer): TokenizerParts {
  // The model stays empty: the library would keep a second copy of every token and merge.
  const withoutModel = { ...tokenizer, added_tokens: [], model: { type: 'BPE', vocab: {}, merges: [] } };
  try {
    // Without tokenizer_config.json: its settings are for tokenizers not written as tokenizer.json, and the library
    // would heed some of them where the reference implementation does not.
    return new Tokenizer(withoutModel, {});
  } catch (error) {
    throw new TokenizerError(
      `cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      'Fetch tokenizer.json again; if it is whole, its kind of tokenizer is not supported.',
      { file },
    );
  }
}
