/** Cuts a text into normalised tokens: words, numbers and the signs `+`, `-`, `=`; each with its hash and its place in the text. */
import {
  BACKSLASH,
  CLASS_OF,
  COMMAND_WORDS,
  compatibilityForm,
  DASH,
  DIGIT,
  FRACTIONS,
  GREEK,
  greekName,
  IDEOGRAPH,
  INVISIBLE,
  LAYOUT_COMMANDS,
  LETTER,
  LOWER_OF,
  SIGN,
} from './normalization.js';

/** Kinds of tokens. A variable is a word of one letter. */
export const WORD = 0;
export const NUMBER = 1;
export const VARIABLE = 2;
export const OPERATOR = 3;

/** Hashes under which all numbers, and all variables, are alike: what is left of a text is its skeleton. */
const ANY_NUMBER = 0x5bd1e995;
const ANY_VARIABLE = 0x27d4eb2f;

const { imul } = Math;

const MINUS = 0x2d;
const BLANK = 0x20;
const BRACE = 0x7b;
const FIRST_TOKENS = 1024;
/** FNV-1a; http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Tokens without the text they came from, as they are kept of problems. */
export interface TokenList {
  readonly count: number;
  readonly hashes: Int32Array;
  /** The hashes of the skeleton. */
  readonly masked: Int32Array;
  readonly kinds: Uint8Array;
  /** Normalised characters of all tokens. Token `t` is `characters[ends[t - 1]]` up to `characters[ends[t]]`. */
  readonly characters: Uint16Array;
  readonly ends: Int32Array;
}

/** The tokens of one text; the arrays are used again for the next and are valid up to `count`. */
export class Tokens implements TokenList {
  count = 0;
  hashes = new Int32Array(FIRST_TOKENS);
  masked = new Int32Array(FIRST_TOKENS);
  kinds = new Uint8Array(FIRST_TOKENS);
  ends = new Int32Array(FIRST_TOKENS);
  characters = new Uint16Array(8 * FIRST_TOKENS);
  /** The text to which `from` and `to` refer: the given one, or its compatibility form. */
  text = '';
  /** Where each token begins and ends in `text`. */
  from = new Int32Array(FIRST_TOKENS);
  to = new Int32Array(FIRST_TOKENS);
  #written = 0;

  /** Reads a text, after which the fields describe it. */
  read(text: string): void {
    this.#start(text);
    if (this.#cut(text, false)) return;
    const plain = compatibilityForm(text);
    this.#start(plain);
    this.#cut(plain, true);
  }

  /** The tokens alone, in arrays of their own. */
  list(): TokenList {
    const { count, hashes, masked, kinds, ends, characters } = this;
    return {
      count,
      hashes: hashes.slice(0, count),
      masked: masked.slice(0, count),
      kinds: kinds.slice(0, count),
      ends: ends.slice(0, count),
      characters: characters.slice(0, this.#written),
    };
  }

  #start(text: string): void {
    this.text = text;
    this.count = 0;
    this.#written = 0;
    this.#reserve(text.length);
  }

  /** Room for so many more characters. */
  #reserve(more: number): void {
    const needed = this.#written + more;
    if (needed > this.characters.length) {
      const larger = new Uint16Array(2 * needed);
      larger.set(this.characters.subarray(0, this.#written));
      this.characters = larger;
    }
  }

  /** False when the text has characters beyond ASCII and must be brought to compatibility form first. */
  #cut(text: string, isPlain: boolean): boolean {
    const { length } = text;
    const classes = CLASS_OF;
    const lowers = LOWER_OF;
    /** Where a dash stands that is a minus unless words are on both of its sides; -1 for none. */
    let dash = -1;
    let at = 0;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (code > 0x7f && !isPlain) return false;
      const kind = classes[code]!;
      const start = at;
      at += 1;
      if (kind === LETTER || kind === DIGIT) {
        if (dash >= 0) {
          if (kind === DIGIT || this.#last() === NUMBER) this.#sign(MINUS, dash);
          dash = -1;
        }
        const characters = this.characters;
        let written = this.#written;
        let hash = FNV_BASIS;
        let size = 0;
        let next = code;
        let nextKind = kind;
        do {
          if (nextKind === kind) {
            const lower = lowers[next]!;
            characters[written++] = lower;
            hash = imul(hash ^ lower, FNV_PRIME);
            size += 1;
          }
          if (at === length) break;
          next = text.charCodeAt(at);
          if (next > 0x7f && !isPlain) return false;
          nextKind = classes[next]!;
          at += 1;
        } while (nextKind === kind || nextKind === INVISIBLE);
        if (nextKind !== kind && nextKind !== INVISIBLE) at -= 1;
        this.#written = written;
        this.#add(hash, kind === DIGIT ? NUMBER : size === 1 ? VARIABLE : WORD, start, at);
      } else if (kind === 0 || kind === INVISIBLE) {
        // What most characters between tokens are.
      } else if (kind === DASH) {
        // Two dashes in a row are punctuation, however they are spaced within a word.
        const isRun = classes[text.charCodeAt(at)] === DASH;
        while (classes[text.charCodeAt(at)] === DASH) at += 1;
        dash = isRun ? -1 : start;
      } else if (kind === SIGN) {
        const isRun = text.charCodeAt(at) === code;
        while (text.charCodeAt(at) === code) at += 1;
        if (!isRun) this.#sign(code, start);
        dash = -1;
      } else if (kind === BACKSLASH) {
        while (at < length && isLetter(text.charCodeAt(at))) at += 1;
        const command = text.slice(start + 1, at);
        if (command === '') continue;
        const word = COMMAND_WORDS.get(command);
        if (word !== undefined) {
          if (dash >= 0 && this.#last() === NUMBER) this.#sign(MINUS, dash);
          dash = -1;
          this.#word(word, start, at);
        } else if (LAYOUT_COMMANDS.has(command)) {
          const close = text.charCodeAt(at) === BRACE ? text.indexOf('}', at) : -1;
          if (close >= 0) at = close + 1;
        } else if (FRACTIONS.has(command)) {
          for (let digits = 0; digits < 2; digits += 1) {
            while (text.charCodeAt(at) === BLANK) at += 1;
            if (classes[text.charCodeAt(at)] !== DIGIT || text.charCodeAt(at) > 0x7f) break;
            if (dash >= 0) this.#sign(MINUS, dash);
            dash = -1;
            at += 1;
            this.#digit(text.charCodeAt(at - 1), at - 1);
          }
        }
      } else {
        if (dash >= 0 && this.#last() === NUMBER) this.#sign(MINUS, dash);
        dash = -1;
        if (kind === GREEK) this.#word(greekName(lowers[code]!)!, start, at, length - at);
        else if (kind === IDEOGRAPH) this.#word(String.fromCharCode(code), start, at, length - at);
      }
    }
    return true;
  }

  /** Kind of the last token. */
  #last(): number | undefined {
    return this.count === 0 ? undefined : this.kinds[this.count - 1];
  }

  /** Adds a word other than as it stands in the text, `rest` characters of which are still to come. */
  #word(word: string, from: number, to: number, rest = 0): void {
    if (rest > 0) this.#reserve(rest + word.length);
    let hash = FNV_BASIS;
    for (let at = 0; at < word.length; at += 1) {
      const code = word.charCodeAt(at);
      this.characters[this.#written++] = code;
      hash = imul(hash ^ code, FNV_PRIME);
    }
    this.#add(hash, WORD, from, to);
  }

  #digit(code: number, from: number): void {
    this.characters[this.#written++] = code;
    this.#add(imul(FNV_BASIS ^ code, FNV_PRIME), NUMBER, from, from + 1);
  }

  #sign(code: number, from: number): void {
    this.characters[this.#written++] = code;
    this.#add(imul(FNV_BASIS ^ code, FNV_PRIME), OPERATOR, from, from + 1);
  }

  #add(hash: number, kind: number, from: number, to: number): void {
    const { count } = this;
    if (count === this.hashes.length) this.#grow();
    // The finalizer of MurmurHash3, so that sums of multiples of token hashes are well spread.
    let mixed = imul(hash ^ (hash >>> 16), 0x85ebca6b);
    mixed = imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    this.hashes[count] = mixed;
    this.masked[count] = kind === NUMBER ? ANY_NUMBER : kind === VARIABLE ? ANY_VARIABLE : mixed;
    this.kinds[count] = kind;
    this.from[count] = from;
    this.to[count] = to;
    this.ends[count] = this.#written;
    this.count = count + 1;
  }

  #grow(): void {
    const larger = (array: Int32Array<ArrayBuffer>) => {
      const copy = new Int32Array(2 * array.length);
      copy.set(array);
      return copy;
    };
    const kinds = new Uint8Array(2 * this.kinds.length);
    kinds.set(this.kinds);
    this.kinds = kinds;
    this.hashes = larger(this.hashes);
    this.masked = larger(this.masked);
    this.ends = larger(this.ends);
    this.from = larger(this.from);
    this.to = larger(this.to);
  }
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Whether two tokens are the same, character by character: a hash alone proves nothing. */
export function sameToken(a: TokenList, atA: number, b: TokenList, atB: number): boolean {
  if (a.hashes[atA] !== b.hashes[atB]) return false;
  const endA = a.ends[atA]!;
  const startA = atA === 0 ? 0 : a.ends[atA - 1]!;
  let from = atB === 0 ? 0 : b.ends[atB - 1]!;
  if (endA - startA !== b.ends[atB]! - from) return false;
  for (let at = startA; at < endA; at += 1, from += 1)
    if (a.characters[at] !== b.characters[from]) return false;
  return true;
}

/** The same of skeletons, in which any number is like any other, and any variable. */
export function sameMaskedToken(a: TokenList, atA: number, b: TokenList, atB: number): boolean {
  const kind = a.kinds[atA];
  if (kind !== b.kinds[atB]) return false;
  return kind === NUMBER || kind === VARIABLE || sameToken(a, atA, b, atB);
}

/** Tokens as words, for people and for keys of maps. */
export function wordsOf(tokens: TokenList, from = 0, to = tokens.count): string[] {
  return Array.from({ length: to - from }, (_, offset) => {
    const at = from + offset;
    const start = at === 0 ? 0 : tokens.ends[at - 1]!;
    return String.fromCharCode(...tokens.characters.subarray(start, tokens.ends[at]!));
  });
}
