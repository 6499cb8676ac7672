/** What a page holds for its script, `browser/viewer.ts`: JSON in the page, and in the volumes of texts. */
import type { Finish } from '../../core.js';

/** A stretch of a text, or the number of UTF-16 units left out. Texts are made visible, so that they only need escaping. */
export type Piece = { readonly text: string; readonly isAnswer: boolean } | { readonly left: number };

/** `silent` samples have no answer; `cancelled` ones count in no average. */
export type CardOutcome = 'right' | 'wrong' | 'silent' | 'cancelled';

/** A sample. */
export interface Card {
  readonly index: number;
  readonly outcome: CardOutcome;
  /** Canonical answer; `null` without one. */
  readonly answer: string | null;
  readonly rule: string;
  readonly warning: string | null;
  /** Answer of budget forcing; `null` without one. */
  readonly forced: string | null;
  readonly tokens: number;
  readonly answerEnd: number | null;
  readonly finish: Finish;
  readonly seconds: number;
  readonly pieces: readonly Piece[];
}

/** The samples that one run drew for one problem, in the order of their indices; both by position. */
export type VolumeEntry = readonly [run: number, problem: number, cards: readonly Card[]];

/** The catalogue of a page. */
export interface Catalogue {
  /** What the runs are called. */
  readonly runs: readonly string[];
  /** Ids of the problems. */
  readonly problems: readonly string[];
  /** By run and problem: right samples and all of them as `7/8`; empty without samples. */
  readonly counts: readonly (readonly string[])[];
  /** By run and problem: whether the answer handed in is right. */
  readonly handedIn: readonly (readonly boolean[])[];
  /** By run and problem: the position of the volume that holds the samples; -1 without samples. */
  readonly shelf: readonly (readonly number[])[];
  /** The volume of the problems' texts, `string[]`; `null` where they are not known. */
  readonly problemVolume: number | null;
}
