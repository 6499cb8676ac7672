/** Tokens back to text, step by step as `decoder` in `tokenizer.json` says. */
import { ByteStream, type PieceStream, WindowStream } from './textStream.js';
import type { WrittenDecoder } from './tokenizerFiles.js';
import type { Decoder, TokenizerParts } from './tokenizerParts.js';

/** From texts of tokens to texts that, joined, are nearer to what was encoded. */
type Step = (pieces: readonly string[]) => readonly string[];

/** Takes tokens by their texts in the vocabulary. */
export interface Detokenizer {
  decode(tokens: readonly string[]): string;
  /** Decodes tokens that come one by one. */
  stream(): PieceStream;
}

/**
 * The text of tokens given by their texts in the vocabulary. Steps are the library's but for three: its byte level
 * searches all added tokens for every token; its byte fallback drops byte-order marks and writes bytes that spell no
 * character differently from Hugging Face's `tokenizers`; its metaspace always takes one space off the front.
 */
export function compileDetokenizer(
  written: WrittenDecoder | null,
  library: TokenizerParts['decoder'],
): Detokenizer {
  if (written === null || library === null) return windowed((tokens) => tokens.join(' '));
  if (written.type === 'ByteLevel') {
    const bytesOf = byteReader();
    const step = byteLevel(bytesOf);
    return { decode: (tokens) => step(tokens).join(''), stream: () => new ByteStream(bytesOf) };
  }
  const steps = library.decoders?.map((decoder, at) => stepOf(written.decoders![at]!, decoder)) ?? [
    stepOf(written, library),
  ];
  return windowed((tokens) =>
    steps.reduce<readonly string[]>((pieces, step) => step(pieces), tokens).join(''),
  );
}

function windowed(decode: Detokenizer['decode']): Detokenizer {
  return { decode, stream: () => new WindowStream(decode) };
}

function stepOf(written: WrittenDecoder, library: Decoder): Step {
  switch (written.type) {
    case 'ByteLevel':
      return byteLevel(byteReader());
    case 'ByteFallback':
      return byteFallback;
    case 'Metaspace':
      return metaspace(written);
    default:
      return (pieces) => library.decode_chain([...pieces]);
  }
}

/** Each character of a token stands for a byte; a token with other characters stands for itself. */
function byteReader(): (token: string) => Uint8Array {
  const encoder = new TextEncoder();
  const known = new Map<string, Uint8Array>();
  return (token) => {
    let bytes = known.get(token);
    if (!bytes) {
      const values = Array.from(token, (character) => BYTE_OF_CHARACTER.get(character) ?? -1);
      bytes = values.includes(-1) ? encoder.encode(token) : Uint8Array.from(values);
      known.set(token, bytes);
    }
    return bytes;
  };
}

function byteLevel(bytesOf: (token: string) => Uint8Array): Step {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (pieces) => {
    const parts = pieces.map(bytesOf);
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const part of parts) {
      all.set(part, end);
      end += part.length;
    }
    return [decoder.decode(all)];
  };
}

/** Printable bytes stand for themselves, the 68 others for the characters from U+0100 on: GPT-2's byte-level alphabet. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(printable(byte) ? byte : next++), byte]),
  );
})();

/** `<0xE2>` and the like: a run of them is the characters that its bytes spell, or U+FFFD for each byte if it spells none. */
const byteFallback: Step = (pieces) => {
  const out: string[] = [];
  let run: number[] = [];
  const endRun = () => {
    if (run.length === 0) return;
    out.push(textOfBytes(run));
    run = [];
  };
  for (const piece of pieces) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1];
    if (byte !== undefined) run.push(Number.parseInt(byte, 16));
    else {
      endRun();
      out.push(piece);
    }
  }
  endRun();
  return out;
};

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOfBytes(bytes: readonly number[]): string {
  try {
    return STRICT_UTF8.decode(Uint8Array.from(bytes));
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

/** Replacement characters are spaces, but for those of the first token, which encoding put there. */
function metaspace({ replacement = '▁', prepend_scheme }: WrittenDecoder): Step {
  const first = prepend_scheme === 'never' ? ' ' : '';
  return (pieces) => pieces.map((piece, at) => piece.replaceAll(replacement, at === 0 ? first : ' '));
}
