/** The time that a run has used, derived from its samples and stored nowhere. */
import type { Sample } from '../core.js';

/**
 * Milliseconds in which at least one of the samples was being drawn: the length of the union of their intervals.
 * Pauses between an interruption and a resume do not count.
 */
export function spentMs(samples: Iterable<Pick<Sample, 'startedAt' | 'seconds'>>): number {
  const intervals = Array.from(
    samples,
    ({ startedAt, seconds }) => [startedAt, startedAt + seconds * 1000] as const,
  );
  intervals.sort(([a], [b]) => a - b);
  let spent = 0;
  let coveredUntil = Number.NEGATIVE_INFINITY;
  for (const [start, end] of intervals) {
    if (end <= coveredUntil) continue;
    spent += end - Math.max(start, coveredUntil);
    coveredUntil = end;
  }
  return spent;
}

/** The end of the last of these samples, milliseconds since the Unix epoch; before everything when there is none. */
export function lastEndMs(samples: Iterable<Pick<Sample, 'startedAt' | 'seconds'>>): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const { startedAt, seconds } of samples) last = Math.max(last, startedAt + seconds * 1000);
  return last;
}
