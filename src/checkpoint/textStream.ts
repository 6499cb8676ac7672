/** The text of tokens that come one by one, without decoding all of them again for each. */

/** Pieces of a growing text. */
export interface PieceStream {
  /** Takes the text of the next token in the vocabulary. Returns the characters that are certain now and were not before. */
  push(token: string): string;
  /** Whole characters that stand after those that are certain, and that the next token may still change. */
  readonly pending: string;
}

/** A run of byte tokens is text once it ends; one that never does is taken in parts, since each token decodes all of it. */
const MAX_HELD_TOKENS = 256;

const BYTE_TOKEN = /^<0x[0-9A-Fa-f]{2}>$/;
const REPLACEMENT = '\ufffd';

/** Bytes become characters as soon as they are whole: what comes later changes nothing, so nothing is ever pending. */
export class ByteStream implements PieceStream {
  readonly pending = '';
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #bytesOf: (token: string) => Uint8Array;

  constructor(bytesOf: (token: string) => Uint8Array) {
    this.#bytesOf = bytesOf;
  }

  push(token: string): string {
    return this.#decoder.decode(this.#bytesOf(token), { stream: true });
  }
}

/**
 * For any other decoder: decodes a window of tokens with and without the new ones, and takes the difference. Tokens whose
 * text is certain stay in the window as context, since decoders treat the first token apart.
 */
export class WindowStream implements PieceStream {
  readonly #decode: (tokens: readonly string[]) => string;
  #context: readonly string[] = [];
  #contextText = '';
  #held: string[] = [];
  #pending = '';

  constructor(decode: (tokens: readonly string[]) => string) {
    this.#decode = decode;
  }

  get pending(): string {
    return this.#pending;
  }

  push(token: string): string {
    this.#held.push(token);
    const added = this.#decode([...this.#context, ...this.#held]).slice(this.#contextText.length);
    const isOpen = BYTE_TOKEN.test(token) || added.endsWith(REPLACEMENT);
    if (isOpen && this.#held.length < MAX_HELD_TOKENS) {
      this.#pending = added.endsWith(REPLACEMENT) ? '' : added;
      return '';
    }
    // A context without text would leave what decoders do to the first token to the next one.
    this.#context = added === '' ? [...this.#context, ...this.#held] : this.#held;
    this.#contextText = this.#decode(this.#context);
    this.#held = [];
    this.#pending = '';
    return added;
  }
}

/** The text of token ids as they come. */
export class TextStream {
  readonly #texts: readonly (string | undefined)[];
  readonly #pieces: PieceStream;

  /** `texts[id]` is the token's text in the vocabulary. */
  constructor(texts: readonly (string | undefined)[], pieces: PieceStream) {
    this.#texts = texts;
    this.#pieces = pieces;
  }

  /**
   * Characters that `token` makes certain. Joined, with `pending` after them, they are what decoding all tokens at once
   * gives, but for a character that is not whole yet.
   */
  push(token: number): string {
    const text = this.#texts[token];
    return text === undefined ? '' : this.#pieces.push(text);
  }

  /** Whole characters at the end that the next token may still change. */
  get pending(): string {
    return this.#pieces.pending;
  }
}
