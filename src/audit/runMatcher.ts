/** Finds word-for-word copies: whole problems, runs of 13 tokens, and how many 8-grams of a problem one text has. */
import { LONG_GRAM, SHORT_GRAM, SHORT_GRAM_SHARE, type TextFind } from './levels.js';
import type { Entry, ProblemIndex } from './problemIndex.js';
import { sameToken, type Tokens } from './tokens.js';

/**
 * What a sentence may begin after, or end before. A problem of fewer than 13 tokens must be a sentence of the text: `12 + 7` is
 * no copy where `12 + 7 + 5` or `12 + 7.5` stands.
 */
const SENTENCE_BREAK = /[?!:;"<>|\n\r\u3002\u201c\u201d]|\.(?!$)/u;
/** Distinct 8-grams a problem must have for their share to be counted, as a share of all its 8-grams. */
const MIN_DISTINCT_SHARE = 0.5;

/** What the text at hand has of one entry. */
class EntryState {
  /** Number of the text that the rest is about. */
  text = -1;
  readonly seen: Uint8Array;
  seenDistinct = 0;
  /** Text position minus problem position of the last run, and where it ended in the text. */
  diagonal = 0;
  runEnd = -1;
  /** Longest run with a distinct 13-gram, and longest of all. */
  longFrom = 0;
  longTo = 0;
  from = 0;
  to = 0;
  /** Where the whole problem stands; -1: nowhere. */
  whole = -1;

  constructor(entry: Entry) {
    this.seen = new Uint8Array(entry.distinctShort.length);
  }

  begin(text: number): void {
    this.text = text;
    this.seen.fill(0);
    this.seenDistinct = 0;
    this.runEnd = -1;
    this.longFrom = this.longTo = this.from = this.to = 0;
    this.whole = -1;
  }
}

export class RunMatcher {
  readonly #index: ProblemIndex;
  readonly #states: EntryState[];
  readonly #distinctCounts: Int32Array;
  /** Entries of which the text at hand has something. */
  #touched: number[] = [];
  #texts = 0;

  constructor(index: ProblemIndex) {
    this.#index = index;
    this.#states = index.entries.map((entry) => new EntryState(entry));
    this.#distinctCounts = Int32Array.from(index.entries, ({ distinctShort }) =>
      distinctShort.reduce((sum, flag) => sum + flag, 0),
    );
  }

  /** What a text has. Every find was compared character by character. */
  match(tokens: Tokens): TextFind[] {
    const { grams, wholes } = this.#index;
    this.#texts += 1;
    this.#touched = [];
    grams.table.scan(tokens.hashes, tokens.count, (first, at) => {
      for (let posting = first; posting >= 0; posting = grams.table.next[posting]!)
        this.#extend(tokens, grams.entryOf[posting]!, grams.positionOf[posting]!, at);
    });
    for (const { table, entryOf } of wholes)
      table.scan(tokens.hashes, tokens.count, (first, at) => {
        for (let posting = first; posting >= 0; posting = table.next[posting]!)
          this.#compareWhole(tokens, entryOf[posting]!, at);
      });
    return this.#touched.flatMap((entry) => this.#judge(entry));
  }

  #stateOf(entry: number): EntryState {
    const state = this.#states[entry]!;
    if (state.text !== this.#texts) {
      state.begin(this.#texts);
      this.#touched.push(entry);
    }
    return state;
  }

  /** Takes the longest run of equal tokens around an 8-gram that seems to be shared. */
  #extend(tokens: Tokens, entry: number, position: number, at: number): void {
    const { tokens: problem, distinctShort, distinctLong } = this.#index.entries[entry]!;
    const known = this.#states[entry]!;
    const diagonal = at - position;
    if (known.text === this.#texts && known.diagonal === diagonal && at < known.runEnd) return;
    let from = position;
    let to = position;
    while (
      to < problem.count &&
      at + to - position < tokens.count &&
      sameToken(problem, to, tokens, to + diagonal)
    )
      to += 1;
    // Equal hashes of different words.
    if (to - from < SHORT_GRAM) return;
    while (from > 0 && from + diagonal > 0 && sameToken(problem, from - 1, tokens, from - 1 + diagonal))
      from -= 1;
    const state = this.#stateOf(entry);
    state.diagonal = diagonal;
    state.runEnd = to + diagonal - SHORT_GRAM + 1;
    for (let gram = from; gram <= to - SHORT_GRAM; gram += 1) {
      if (state.seen[gram]) continue;
      state.seen[gram] = 1;
      if (distinctShort[gram]) state.seenDistinct += 1;
    }
    if (to - from > state.to - state.from) {
      state.from = from + diagonal;
      state.to = to + diagonal;
    }
    if (to - from > state.longTo - state.longFrom && hasDistinct(distinctLong, from, to - LONG_GRAM)) {
      state.longFrom = from + diagonal;
      state.longTo = to + diagonal;
    }
    if (to - from === problem.count && state.whole < 0 && isWhole(tokens, problem.count, diagonal))
      state.whole = diagonal;
  }

  #compareWhole(tokens: Tokens, entry: number, at: number): void {
    const { tokens: problem } = this.#index.entries[entry]!;
    for (let position = 0; position < problem.count; position += 1)
      if (!sameToken(problem, position, tokens, at + position)) return;
    if (!isWhole(tokens, problem.count, at)) return;
    const state = this.#stateOf(entry);
    if (state.whole < 0) state.whole = at;
  }

  #judge(entry: number): TextFind[] {
    const { tokens, distinctShort } = this.#index.entries[entry]!;
    const state = this.#states[entry]!;
    if (state.whole >= 0)
      return [{ entry, level: 'exact', share: 1, from: state.whole, to: state.whole + tokens.count }];
    const finds: TextFind[] = [];
    const count = this.#distinctCounts[entry]!;
    const share = count === 0 ? 0 : state.seenDistinct / count;
    if (state.longTo > state.longFrom)
      finds.push({ entry, level: '13-gram', share, from: state.longFrom, to: state.longTo });
    if (share >= SHORT_GRAM_SHARE && count >= MIN_DISTINCT_SHARE * distinctShort.length)
      finds.push({ entry, level: '8-gram', share, from: state.from, to: state.to });
    return finds;
  }
}

function hasDistinct(distinct: Uint8Array, from: number, last: number): boolean {
  for (let at = from; at <= last; at += 1) if (distinct[at]) return true;
  return false;
}

/** Whether a copy of a whole problem that begins at token `at` counts: short ones must be a sentence of their own. */
function isWhole(tokens: Tokens, count: number, at: number): boolean {
  if (count >= LONG_GRAM) return true;
  const { text } = tokens;
  const before = at === 0 ? '' : text.slice(tokens.to[at - 1]!, tokens.from[at]!);
  const end = at + count;
  const after = end === tokens.count ? '' : text.slice(tokens.to[end - 1]!, tokens.from[end]!);
  return (at === 0 || SENTENCE_BREAK.test(before)) && (end === tokens.count || SENTENCE_BREAK.test(after));
}
