/** The steps of a training in a few stretches, so that a table shows how it went. */
import type { TrainingLog, TrainingStep } from './log.js';

/** Rows of a table for a training. */
const MOST_SPANS = 12;

/** Steps from one to the next row. */
export interface Span {
  readonly steps: readonly TrainingStep[];
}

/**
 * Stretches that end at validations where there are from one to `most` of them, else as many of about the same length.
 * @returns none without steps
 */
export function spansOf({ steps, validations }: TrainingLog, most = MOST_SPANS): Span[] {
  const last = steps.at(-1)?.step ?? 0;
  const ends = validations.map(({ step }) => step).filter((step) => step > 0 && step < last);
  const count = Math.min(most, steps.length);
  const even = Array.from(
    { length: count },
    (_, at) => steps[Math.ceil(((at + 1) * steps.length) / count) - 1]!.step,
  );
  const bounds = ends.length > 0 && ends.length < most ? [...ends, last] : even;
  return bounds
    .map((end, at) => ({
      steps: steps.filter(({ step }) => step > (bounds[at - 1] ?? 0) && step <= end),
    }))
    .filter((span) => span.steps.length > 0);
}

/** Mean of what the steps measured; `null` where none did. */
export function meanOf(
  { steps }: Span,
  measure: (step: TrainingStep) => number | null | undefined,
): number | null {
  const values = steps.map(measure).filter((value) => typeof value === 'number');
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
