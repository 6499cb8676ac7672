/**
 * Guesses what a sample will draw next from what it holds already: the tokens that followed its last few when they stood
 * there before. Worked solutions repeat their problem's numbers, their own lines and, where they check them, whole passages.
 */
import type { Lookup } from './types.js';

/** Tokens that must have stood together before. Fewer guess more often, and more often wrong. */
const KEY_TOKENS = 3;
/** Tokens compared beyond those, to choose among several places. */
const CONTEXT_TOKENS = 16;
/** Places looked at, the latest first. */
const MOST_PLACES = 8;
/** Three digits of this base are exact integers; larger vocabularies share some keys, and tokens are compared anyway. */
const KEY_BASE = 131_071;

/** Prompt lookup decoding (Saxena 2023; `prompt_lookup_num_tokens` of transformers), with an index instead of a scan. */
export class PromptLookup implements Lookup {
  readonly #tokens: number[] = [];
  /** By the hash of `KEY_TOKENS` tokens, the positions after them. */
  readonly #places = new Map<number, number[]>();
  readonly #most: number;
  #length: number;
  /** Tokens guessed so far, and those of them that came true. */
  guessed = 0;
  right = 0;

  /** Guesses `most` tokens at most, about as many as came true before. */
  constructor(prompt: readonly number[], most: number) {
    this.#most = most;
    this.#length = most;
    for (const token of prompt) this.push(token);
  }

  push(token: number): void {
    this.#tokens.push(token);
    const end = this.#tokens.length;
    if (end < KEY_TOKENS) return;
    const key = this.#key();
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, [end]);
    else places.push(end);
  }

  /** None where the last tokens are new. */
  guess(room: number): number[] {
    const count = Math.min(this.#length, room);
    const place = count > 0 ? this.#bestPlace() : null;
    if (place === null) return [];
    const guessed: number[] = [];
    // What lies past the end is what was guessed: a passage that repeats itself goes on repeating itself.
    for (let at = place; guessed.length < count; at += 1)
      guessed.push(this.#tokens[at] ?? guessed[at - this.#tokens.length]!);
    return guessed;
  }

  saw(guessed: number, right: number): void {
    if (guessed === 0) return;
    this.guessed += guessed;
    this.right += right;
    this.#length = Math.min(this.#most, right === guessed ? 2 * guessed : right + 1);
  }

  /** Where the tokens before are the same as at the end for the longest stretch, of equal ones the latest. */
  #bestPlace(): number | null {
    const end = this.#tokens.length;
    if (end < KEY_TOKENS) return null;
    // The last of them is the end itself.
    const places = this.#places.get(this.#key())!.slice(-1 - MOST_PLACES, -1);
    let [best, longest] = [null as number | null, KEY_TOKENS - 1];
    for (const place of places.reverse()) {
      let length = 0;
      while (length < KEY_TOKENS + CONTEXT_TOKENS && length < place && this.#agree(place, end, length))
        length += 1;
      if (length > longest) [best, longest] = [place, length];
    }
    return best;
  }

  #agree(place: number, end: number, back: number): boolean {
    return this.#tokens[place - 1 - back] === this.#tokens[end - 1 - back];
  }

  #key(): number {
    const end = this.#tokens.length;
    let key = 0;
    for (let at = end - KEY_TOKENS; at < end; at += 1) key = key * KEY_BASE + this.#tokens[at]!;
    return key;
  }
}
