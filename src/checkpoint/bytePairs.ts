/** Byte-pair encoding of one piece of text: symbols merged in the order of their ranks. */
import type { MergeTable } from './mergeTable.js';

export interface BytePairModel {
  /** Ids of the model's own tokens, without added ones. */
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: MergeTable;
  /** Stands for a character that the vocabulary lacks; `null`: such characters are dropped. */
  readonly unknownId: number | null;
  /** Neighbouring unknown characters become one unknown token. */
  readonly fuseUnknown: boolean;
  /** A character that the vocabulary lacks is written as the tokens of its UTF-8 bytes, `<0xE2>` and so on. */
  readonly byteFallback: boolean;
  /** A piece that is a token is that token, whatever merges would make of it. */
  readonly ignoreMerges: boolean;
}

/** Pieces kept with their ids, and the longest that is kept: words return, long texts do not. */
const CACHED_PIECES = 10_000;
const CACHED_PIECE_LENGTH = 64;

/** Above any position in a piece: rank × this + position sorts by rank, then from left to right, exactly below 2^53. */
const POSITIONS = 2 ** 31;

/**
 * Byte-pair encoding as in Hugging Face's `tokenizers`: of all neighbouring pairs the one with the lowest rank is
 * merged, the leftmost first, until no pair can be. O(n log n) for n characters: a piece may be a whole text.
 */
export class BytePairEncoder {
  readonly #model: BytePairModel;
  /** Ids of `<0x00>` to `<0xFF>`, where there are such tokens. */
  readonly #byteIds: readonly (number | undefined)[];
  readonly #cache = new Map<string, readonly number[]>();
  readonly #utf8 = new TextEncoder();
  // Symbols of the piece at hand: ids, −1 where one was merged into its left neighbour, and a linked list over them.
  #ids: number[] = [];
  #next: number[] = [];
  #previous: number[] = [];
  readonly #queue = new MinHeap();

  constructor(model: BytePairModel) {
    this.#model = model;
    this.#byteIds = Array.from({ length: 256 }, (_, byte) =>
      model.vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
  }

  /** Appends the ids of `piece` to `ids`. */
  encode(piece: string, ids: number[]): void {
    const whole = this.#model.ignoreMerges ? this.#model.vocabulary.get(piece) : undefined;
    if (whole !== undefined) {
      ids.push(whole);
      return;
    }
    if (piece.length > CACHED_PIECE_LENGTH) {
      this.#merge(piece, ids);
      return;
    }
    let found = this.#cache.get(piece);
    if (!found) {
      const fresh: number[] = [];
      this.#merge(piece, fresh);
      if (this.#cache.size === CACHED_PIECES) this.#cache.clear();
      this.#cache.set(piece, fresh);
      found = fresh;
    }
    for (const id of found) ids.push(id);
  }

  #merge(piece: string, out: number[]): void {
    this.#ids = this.#symbols(piece);
    const ids = this.#ids;
    this.#next = ids.map((_, at) => (at + 1 < ids.length ? at + 1 : -1));
    this.#previous = ids.map((_, at) => at - 1);
    for (let at = 0; at + 1 < ids.length; at++) this.#offer(at);
    for (let key = this.#queue.pop(); key !== undefined; key = this.#queue.pop()) {
      const rank = Math.floor(key / POSITIONS);
      const at = key - rank * POSITIONS;
      const right = this.#next[at]!;
      if (ids[at] === -1 || right === -1) continue;
      // The pair may have become another since it was queued.
      const merge = this.#model.merges.find(ids[at]!, ids[right]!);
      if (merge === null || merge.rank !== rank) continue;
      ids[at] = merge.id;
      ids[right] = -1;
      const after = this.#next[right]!;
      this.#next[at] = after;
      if (after !== -1) this.#previous[after] = at;
      this.#offer(at);
      this.#offer(this.#previous[at]!);
    }
    for (const id of ids) if (id !== -1) out.push(id);
  }

  /** Queues the pair that begins at `at`, if there is one and it can be merged. */
  #offer(at: number): void {
    if (at === -1) return;
    const right = this.#next[at]!;
    if (right === -1) return;
    const merge = this.#model.merges.find(this.#ids[at]!, this.#ids[right]!);
    if (merge) this.#queue.push(merge.rank * POSITIONS + at);
  }

  /** One id for each character, before any merge. */
  #symbols(piece: string): number[] {
    const { vocabulary, unknownId, fuseUnknown, byteFallback } = this.#model;
    const ids: number[] = [];
    let unknownBefore = false;
    for (const character of piece) {
      const id = vocabulary.get(character);
      const known = id !== undefined ? [id] : byteFallback ? this.#bytes(character) : null;
      if (known) for (const symbol of known) ids.push(symbol);
      else if (unknownId !== null && !(unknownBefore && fuseUnknown)) ids.push(unknownId);
      unknownBefore = known === null;
    }
    return ids;
  }

  /** `null` when a byte of the character has no token. */
  #bytes(character: string): number[] | null {
    const ids: number[] = [];
    for (const byte of this.#utf8.encode(character)) {
      const id = this.#byteIds[byte];
      if (id === undefined) return null;
      ids.push(id);
    }
    return ids;
  }
}

/** A binary heap of numbers, the smallest on top. */
class MinHeap {
  readonly #keys: number[] = [];

  push(key: number): void {
    const keys = this.#keys;
    let at = keys.length;
    keys.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  pop(): number | undefined {
    const keys = this.#keys;
    const top = keys[0];
    const last = keys.pop();
    if (keys.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= keys.length) break;
      if (child + 1 < keys.length && keys[child + 1]! < keys[child]!) child += 1;
      if (keys[child]! >= last) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = last;
    return top;
  }
}
