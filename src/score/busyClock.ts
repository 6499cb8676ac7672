/** The time of a run that was worked in: a pause between a run and its resumption does not count. */
import type { SampleRecord } from './records.js';

/** A stretch in which at least one sample was being drawn, in seconds since the Unix epoch. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Seconds worked before it. */
  readonly before: number;
}

/** Tells how long a run had worked at any moment, from when its samples began and how long they took. */
export class BusyClock {
  /** Seconds in which at least one sample was being drawn. */
  readonly seconds: number;
  readonly #stretches: readonly Stretch[];

  constructor(records: readonly Pick<SampleRecord, 'startedAt' | 'seconds'>[]) {
    this.#stretches = stretchesOf(records);
    const last = this.#stretches.at(-1);
    this.seconds = last ? last.before + last.end - last.start : 0;
  }

  /** Seconds worked until the end of a sample of the run. */
  elapsedAtEnd({ startedAt, seconds }: Pick<SampleRecord, 'startedAt' | 'seconds'>): number {
    const end = startedAt / 1000 + seconds;
    const stretch = this.#stretches.findLast(({ start }) => start <= end);
    return stretch ? stretch.before + Math.min(end, stretch.end) - stretch.start : 0;
  }
}

function stretchesOf(records: readonly Pick<SampleRecord, 'startedAt' | 'seconds'>[]): Stretch[] {
  const spans = records
    .map(({ startedAt, seconds }) => ({ start: startedAt / 1000, end: startedAt / 1000 + seconds }))
    .sort((a, b) => a.start - b.start);
  const stretches: Stretch[] = [];
  for (const { start, end } of spans) {
    const last = stretches.at(-1);
    if (!last) stretches.push({ start, end, before: 0 });
    else if (start > last.end) stretches.push({ start, end, before: last.before + last.end - last.start });
    else if (end > last.end) stretches[stretches.length - 1] = { ...last, end };
  }
  return stretches;
}
