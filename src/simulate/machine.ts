/** An engine made of numbers: rows that draw at a rate, and time that jumps from one event to the next. */
import type { Clock } from '../solve/clock.js';

/** What the machine says when a sample ends. */
export interface Outcome {
  readonly index: number;
  /** Tokens drawn. */
  readonly tokens: number;
  readonly how: 'complete' | 'deadline' | 'cancelled';
}

/** The samples of one problem. */
export interface Job {
  /** Tokens of each sample if nothing stops it, by index. */
  readonly lengths: readonly number[];
  /** Milliseconds; may be moved while the job is open. */
  deadlineMs: number;
  readonly onEnd: (outcome: Outcome) => void;
}

interface OpenJob {
  readonly job: Job;
  next: number;
  running: number;
}

interface ActiveRow {
  readonly open: OpenJob;
  readonly index: number;
  /** Progress at which it began, and at which it is complete. */
  readonly from: number;
  readonly to: number;
}

export class Machine implements Clock {
  /** Total tokens per second by rows in flight. */
  readonly #rates: Float64Array;
  readonly #maxRows: number;
  #open: OpenJob[] = [];
  #rows: ActiveRow[] = [];
  #nowMs: number;
  /** Tokens that a row in flight all the time would have drawn: all rows in flight draw alike. */
  #progress = 0;
  drawnTokens = 0;

  /** `rates[n]` is for n rows; there are as many rows as it has entries but one. */
  constructor(rates: Float64Array, startMs: number) {
    this.#rates = rates;
    this.#maxRows = rates.length - 1;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  submit(job: Job): void {
    this.#open.push({ job, next: 0, running: 0 });
  }

  /** Ends the job's other samples. */
  cancel(job: Job): void {
    const open = this.#open.find((candidate) => candidate.job === job);
    if (open) this.#end(open, 'cancelled');
  }

  /** Goes on to the next event. False when there is nothing to do. */
  advance(): boolean {
    this.#admit();
    const due = this.#open.reduce<OpenJob | null>(
      (first, open) => (first === null || open.job.deadlineMs < first.job.deadlineMs ? open : first),
      null,
    );
    if (due === null) return false;
    const row = this.#rows.reduce<ActiveRow | null>(
      (first, other) => (first === null || other.to < first.to ? other : first),
      null,
    );
    const perRow = this.#rates[this.#rows.length]! / Math.max(1, this.#rows.length) / 1000;
    const completeMs =
      row === null ? Number.POSITIVE_INFINITY : this.#nowMs + (row.to - this.#progress) / perRow;
    if (completeMs <= due.job.deadlineMs) {
      this.#nowMs = completeMs;
      this.#progress = row!.to;
      this.#complete(row!);
    } else {
      const untilMs = Math.max(this.#nowMs, due.job.deadlineMs);
      if (row !== null) this.#progress += (untilMs - this.#nowMs) * perRow;
      this.#nowMs = untilMs;
      this.#end(due, 'deadline');
    }
    return true;
  }

  /** As the engine does: the free row goes to the job with the fewest samples begun. */
  #admit(): void {
    while (this.#rows.length < this.#maxRows) {
      let fewest: OpenJob | null = null;
      for (const open of this.#open) {
        if (open.next < open.job.lengths.length && (fewest === null || open.next < fewest.next))
          fewest = open;
      }
      if (fewest === null) return;
      const index = fewest.next;
      fewest.next += 1;
      fewest.running += 1;
      const to = this.#progress + fewest.job.lengths[index]!;
      this.#rows.push({ open: fewest, index, from: this.#progress, to });
    }
  }

  #complete(row: ActiveRow): void {
    const { open, index } = row;
    this.#rows.splice(this.#rows.indexOf(row), 1);
    open.running -= 1;
    const tokens = open.job.lengths[index]!;
    this.drawnTokens += tokens;
    if (open.running === 0 && open.next === open.job.lengths.length) this.#close(open);
    open.job.onEnd({ index, tokens, how: 'complete' });
  }

  #end(open: OpenJob, how: 'deadline' | 'cancelled'): void {
    this.#close(open);
    const rows = this.#rows.filter((row) => row.open === open);
    this.#rows = this.#rows.filter((row) => row.open !== open);
    const { lengths, onEnd } = open.job;
    for (const { index, from } of rows) {
      const tokens = Math.min(lengths[index]!, Math.floor(this.#progress - from));
      this.drawnTokens += tokens;
      onEnd({ index, tokens, how });
    }
    for (let index = open.next; index < lengths.length; index += 1) onEnd({ index, tokens: 0, how });
  }

  #close(open: OpenJob): void {
    this.#open = this.#open.filter((other) => other !== open);
  }
}
