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
  /** Tokens drawn so far. */
  readonly tokens: number;
  /** Anything worth seeing beside it. */
  readonly note?: string;
}

export class ProgressLine {
  readonly #bar: cliProgress.SingleBar;
  readonly #startedAt = performance.now();
  readonly #seen: { at: number; tokens: number }[] = [];
  #firstDone: number | null = null;

  /** `unit` names what is counted: `samples`, `MB`. */
  constructor(label: string, unit: string) {
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: LINE_INTERVAL_MS,
      hideCursor: true,
      barsize: 24,
      format: `${label} {bar} {value}/{total} ${unit} · {rate} · {elapsed} · ETA {left}{note}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
    });
  }

  update({ done, total, tokens, note }: ProgressState): void {
    const now = performance.now();
    if (this.#firstDone === null) {
      this.#firstDone = done;
      this.#bar.start(total, done, { rate: '…', elapsed: '0s', left: '…', note: '' });
    }
    this.#seen.push({ at: now, tokens });
    while (this.#seen.length > 2 && now - this.#seen[0]!.at > RATE_WINDOW_MS) this.#seen.shift();
    const oldest = this.#seen[0]!;
    const seconds = (now - oldest.at) / 1000;
    const rate = seconds > 0 ? (tokens - oldest.tokens) / seconds : 0;
    const elapsed = now - this.#startedAt;
    const gained = done - this.#firstDone;
    this.#bar.update(done, {
      rate: rate > 0 ? `${Math.round(rate).toLocaleString('en-US')} tokens/s` : '…',
      elapsed: formatMs(elapsed),
      left: gained > 0 ? formatMs((elapsed / gained) * (total - done)) : '…',
      note: note ? ` · ${note}` : '',
    });
  }

  stop(): void {
    if (this.#firstDone !== null) this.#bar.stop();
  }
}
