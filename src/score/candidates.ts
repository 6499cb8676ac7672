/** The answers that were given, by problem: what a sealed key is asked about. */
import { answerValueOf } from '../answers/policy.js';
import type { AnswerValue } from '../core.js';
import type { SampleRecord } from './records.js';

export class Candidates {
  readonly #counts = new Map<string, Map<AnswerValue, number>>();

  /** Those of samples, forced answers among them. */
  static of(records: readonly SampleRecord[]): Candidates {
    const candidates = new Candidates();
    for (const { problemId, answer, forced } of records)
      for (const text of [answer, forced]) if (text !== null) candidates.add(problemId, answerValueOf(text));
    return candidates;
  }

  add(problemId: string, value: AnswerValue | null): void {
    if (value === null) return;
    const counts = this.#counts.get(problemId) ?? new Map<AnswerValue, number>();
    counts.set(value, (counts.get(value) ?? 0) + 1);
    this.#counts.set(problemId, counts);
  }

  /** The answers to a problem, each once; the one given most often, which is the likeliest to be right, first. */
  for(problemId: string): AnswerValue[] {
    const counts = [...(this.#counts.get(problemId) ?? [])];
    return counts.sort(([, one], [, other]) => other - one).map(([value]) => value);
  }
}
