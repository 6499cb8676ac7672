/** A generated problem: its wordings, its working and its answer. */
import type { Choice } from './choice.js';
import type { Step } from './steps.js';

/** How hard a problem is, by the size of its numbers and the length of its working. */
export type Level = 1 | 2 | 3 | 4 | 5;

export interface Task {
  /** All ways in which the problem may be put. Two tasks are the same problem if they share one. */
  readonly wordings: readonly string[];
  readonly steps: readonly Step[];
  /** 0 to 999. */
  readonly answer: number;
  /** What is asked for, as in "we need to find …". */
  readonly goal: string;
  /** What is done, as in "let me …". Names no number that the working has yet to find. */
  readonly plan: string;
}

/** Makes a task of a level; one whose answer is out of range is thrown away by the caller. */
export type Family = (choice: Choice, level: Level) => Task;

/** The entry of a level. */
export function byLevel<T>(level: Level, values: readonly [T, T, T, T, T]): T {
  return values[level - 1]!;
}

/** Moduli whose multiples are learnt by heart. */
export const MODULI = [7, 8, 9, 11, 13];
