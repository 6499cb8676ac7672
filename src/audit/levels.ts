/** The ways in which a problem can be in a corpus, and what is held to be one. docs/audit.md says what each finds and misses. */

/** Strongest first. */
export const LEVELS = ['exact', '8-gram', 'near', '13-gram', 'reworded', 'variant'] as const;
export type Level = (typeof LEVELS)[number];

/** Length of the shared run that GPT-3 (arXiv 2005.14165, appendix C) and the Pile (arXiv 2101.00027) take for contamination. */
export const LONG_GRAM = 13;
/** Length of the n-grams whose share PaLM counts (arXiv 2204.02311, section 8). */
export const SHORT_GRAM = 8;
/** Share of a problem's 8-grams in one text from which on PaLM counts it as contaminated. */
export const SHORT_GRAM_SHARE = 0.7;

/** A text of fewer tokens, such as a bare number, is everywhere by chance: it is not searched for. */
export const MIN_TOKENS = 3;

/** What one text of a corpus has of a problem. */
export interface TextFind {
  /** Index of the problem's text in the index. */
  readonly entry: number;
  readonly level: Level;
  /**
   * How much of the problem is there, 0 to 1: all of it (exact); the share of its 8-grams (13-gram, 8-gram); of the trigrams
   * of its skeleton (near, variant); the Jaccard index of the words (reworded).
   */
  readonly share: number;
  /** Where it is: tokens of the text, end exclusive. */
  readonly from: number;
  readonly to: number;
}
