/** All that one text of a corpus has of the problems. */
import type { TextFind } from './levels.js';
import type { ProblemIndex } from './problemIndex.js';
import { RunMatcher } from './runMatcher.js';
import { SkeletonMatcher } from './skeletonMatcher.js';
import { Tokens } from './tokens.js';
import { WordMatcher } from './wordMatcher.js';

export class TextMatcher {
  /** The text last matched, to which the tokens of finds refer. */
  readonly tokens = new Tokens();
  readonly #runs: RunMatcher;
  readonly #skeletons: SkeletonMatcher;
  readonly #words: WordMatcher;

  constructor(index: ProblemIndex) {
    this.#runs = new RunMatcher(index);
    this.#skeletons = new SkeletonMatcher(index);
    this.#words = new WordMatcher(index);
  }

  match(text: string): TextFind[] {
    this.tokens.read(text);
    const edited = [...this.#skeletons.match(this.tokens), ...this.#words.match(this.tokens)];
    const copied = this.#runs.match(this.tokens);
    if (copied.length === 0 || edited.length === 0) return [...copied, ...edited];
    const exact = new Set(copied.filter(({ level }) => level === 'exact').map(({ entry }) => entry));
    // The same text with other numbers shares runs between the numbers: they say nothing more.
    const others = new Set(
      edited.filter(({ level, share }) => level === 'variant' && share === 1).map(({ entry }) => entry),
    );
    return [
      ...copied.filter(({ entry }) => exact.has(entry) || !others.has(entry)),
      ...edited.filter(({ entry }) => !exact.has(entry)),
    ];
  }
}
