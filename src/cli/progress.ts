/** A progress line: redrawn in place on a terminal, one line every 30 s elsewhere. */
import cliProgress from 'cli-progress';
import { formatMs } from './options.js';

/** Between two lines where the output is not a terminal. */
const LINE_INTERVAL_MS = 30_000;
/** How far back the displayed rate looks. */
const RATE_WINDOW_MS = 10_000;

export interface ProgressState {
  readonly done: number;
  readonly total: number;
  /** What the rate is made of, so far: tokens drawn, or megabytes. */
  readonly amount: number;
  /** Anything worth seeing beside it. */
  readonly note?: string;
}

export interface ProgressOptions {
  readonly label: string;
  /** What `done` and `total` count: `samples`, `MB`. */
  readonly unit: string;
  /** Unit of the rate: `tokens/s`, `MB/s`. */
  readonly rateUnit: string;
  /** What to say when the user interrupts. */
  readonly onInterrupt?: string;
}

/** Signals that end a run, and the exit statuses by which shells know them. */
const ENDING_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
type EndingSignal = keyof typeof ENDING_SIGNALS;

export class ProgressLine {
  readonly #options: ProgressOptions;
  readonly #bar: cliProgress.SingleBar | null;
  readonly #startedAt = performance.now();
  readonly #seen: { at: number; amount: number }[] = [];
  #firstDone: number | null = null;
  readonly #interrupt = (signal: EndingSignal) => {
    this.stop();
    process.stderr.write(`\n${this.#options.onInterrupt ?? 'Interrupted.'}\n`);
    process.exit(ENDING_SIGNALS[signal]);
  };
  #lineAt = performance.now();
  #line = '';

  constructor(options: ProgressOptions, stream: NodeJS.WriteStream = process.stderr) {
    this.#options = options;
    const format = `${options.label} {bar} {line}`;
    this.#bar = stream.isTTY
      ? new cliProgress.SingleBar(
          { stream, format, hideCursor: true, barsize: 24, gracefulExit: false },
          cliProgress.Presets.shades_grey,
        )
      : null;
  }

  update(state: ProgressState): void {
    this.#line = this.#describe(state);
    const begun = this.#firstDone !== null;
    this.#firstDone ??= state.done;
    // The bar hides the cursor, so an interruption must not end the process before it is shown again.
    if (!begun) this.#onSignals('on');
    if (this.#bar) {
      if (!begun) this.#bar.start(state.total, state.done, { line: this.#line });
      this.#bar.update(state.done, { line: this.#line });
    } else if (performance.now() - this.#lineAt >= LINE_INTERVAL_MS) {
      this.#print();
    }
  }

  /** Leaves the last state on a line of its own. */
  stop(): void {
    if (this.#firstDone === null) return;
    this.#onSignals('off');
    if (this.#bar) this.#bar.stop();
    else this.#print();
  }

  #onSignals(verb: 'on' | 'off'): void {
    for (const signal of Object.keys(ENDING_SIGNALS) as EndingSignal[])
      process[verb](signal, this.#interrupt);
  }

  #print(): void {
    process.stderr.write(`${this.#options.label} ${this.#line}\n`);
    this.#lineAt = performance.now();
  }

  #describe({ done, total, amount, note }: ProgressState): string {
    const now = performance.now();
    const elapsed = now - this.#startedAt;
    const gained = done - (this.#firstDone ?? done);
    const left = done === total ? null : gained > 0 ? formatMs((elapsed / gained) * (total - done)) : '…';
    const parts = [`${done}/${total} ${this.#options.unit}`, this.#rate(now, amount), formatMs(elapsed)];
    if (left !== null) parts.push(`ETA ${left}`);
    if (note) parts.push(note);
    return parts.join(' · ');
  }

  #rate(now: number, amount: number): string {
    this.#seen.push({ at: now, amount });
    while (this.#seen.length > 2 && now - this.#seen[0]!.at > RATE_WINDOW_MS) this.#seen.shift();
    const oldest = this.#seen[0]!;
    const rate = now > oldest.at ? (1000 * (amount - oldest.amount)) / (now - oldest.at) : 0;
    return `${rate > 0 ? Math.round(rate).toLocaleString('en-US') : '…'} ${this.#options.rateUnit}`;
  }
}
