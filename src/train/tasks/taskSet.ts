/** Sets of generated problems that share no problem with each other. */

import { BoxedError } from '../../errors.js';
import { linearEquation, multiples, series, squaredDigits } from './algebra.js';
import { Choice } from './choice.js';
import { commonDivisor, power, recurrence, remainder } from './numberTheory.js';
import type { Family, Level, Task } from './task.js';
import { STYLES, type Style, traceOf } from './trace.js';

export const FAMILIES: Readonly<Record<string, Family>> = {
  rem: remainder,
  recur: recurrence,
  power,
  lineq: linearEquation,
  gcd: commonDivisor,
  series,
  digsq: squaredDigits,
  count: multiples,
};

/** Answers of the editions that these problems are for. */
const MOST = 999;
/** Draws in a row that give nothing new before a family counts as used up: the smallest one has 196 problems at level 1. */
const PATIENCE = 10_000;

/** A family has no more problems of the levels asked for. */
export class UsedUpError extends BoxedError {
  override readonly name = 'UsedUpError';
}

/** A problem as it stands in a set. */
export interface SetProblem {
  readonly family: string;
  readonly level: Level;
  readonly text: string;
  readonly answer: number;
  /** `null` in sets without traces. */
  readonly completion: string | null;
}

export interface TaskSetOptions {
  readonly seed: number;
  readonly count: number;
  readonly levels: readonly Level[];
  /** Texts of problems that must not come, whatever their wording; those of this set are added. `null`: problems may repeat. */
  readonly taken: Set<string> | null;
  /** Weights of the styles, concise to verbose; `null` for no traces. */
  readonly styles: readonly number[] | null;
}

/** `count` problems, the families in turn. @throws UsedUpError */
export function makeTaskSet({ seed, count, levels, taken, styles }: TaskSetOptions): SetProblem[] {
  const choice = new Choice(seed);
  const names = Object.keys(FAMILIES);
  const problems: SetProblem[] = [];
  let failures = 0;
  while (problems.length < count) {
    const family = names[problems.length % names.length]!;
    const level = choice.of(levels);
    const task = FAMILIES[family]!(choice, level);
    if (task.answer > MOST || (taken !== null && task.wordings.some((wording) => taken.has(wording)))) {
      failures += 1;
      if (failures < PATIENCE) continue;
      throw new UsedUpError(
        `the family ${family} has no more new problems of levels ${levels.join(', ')}`,
        'Ask for fewer problems or more levels.',
      );
    }
    failures = 0;
    for (const wording of task.wordings) taken?.add(wording);
    problems.push(setProblem(task, { family, level }, styles, choice));
  }
  return problems;
}

function setProblem(
  task: Task,
  place: { readonly family: string; readonly level: Level },
  styles: readonly number[] | null,
  choice: Choice,
): SetProblem {
  const text = choice.of(task.wordings);
  const style: Style | null = styles === null ? null : STYLES[choice.weighted(styles)]!;
  const completion = style === null ? null : traceOf(task, style, choice);
  return { ...place, text, answer: task.answer, completion };
}
