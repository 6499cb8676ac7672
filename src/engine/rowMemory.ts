/** Which rows may begin and grow, within the memory for keys and values. */
import { rowBlocks, rowPositions } from './kvMemory.js';
import type { Account, Ledger } from './ledger.js';
import { type GrowingRow, LengthForecast } from './lengthForecast.js';
import type { Prefill } from './prefill.js';
import type { Job, Row } from './row.js';
import type { DecoderSession } from './types.js';

export interface RowMemoryOptions {
  readonly session: DecoderSession;
  readonly ledger: Ledger;
  readonly prefill: Prefill;
  /** Jobs whose prompts may be begun: memory for a row of each must be left. */
  readonly upcoming: () => readonly Job[];
}

export class RowMemory {
  readonly #options: RowMemoryOptions;
  readonly #forecast = new LengthForecast();

  constructor(options: RowMemoryOptions) {
    this.#options = options;
  }

  /** Opens an account for a sample of `job` beside the rows that have not ended; `null` while the caches have no room for another row. */
  open(job: Job, running: readonly Row[]): Account | null {
    const { session, ledger, prefill } = this.#options;
    const prompt = job.request.promptTokens.length;
    const account = { held: rowBlocks(session.memory, prompt, prompt), most: prefill.mostBlocks(job) };
    if (!this.#expectsRoom(job, account, running)) return null;
    return ledger.admit(account, this.#reserve()) ? account : null;
  }

  /**
   * Sets what each row may draw of `steps` tokens by the blocks that it is granted, first those that are nearest to their
   * greatest length; some may have to rest.
   */
  lend(rows: readonly Row[], steps: number): void {
    const { session, ledger } = this.#options;
    const { memory, wholeChunk } = session;
    const reserve = this.#reserve();
    const needed = ({ account }: Row) => account.most - account.held;
    for (const row of [...rows].sort((a, b) => needed(a) - needed(b))) {
      const { account, position } = row;
      const prompt = row.job.request.promptTokens.length;
      const wanted = Math.min(steps, row.left);
      let held = rowBlocks(memory, prompt, position + wanted);
      while (held > account.held && !ledger.grant(account, held, reserve)) held -= memory.rowStep;
      row.remaining = Math.min(wanted, rowPositions(memory, prompt, account.held) - position);
      if (wholeChunk !== null && row.remaining < wanted) row.remaining = 0;
    }
  }

  /** A row has ended; `isWhole` unless something else cut it short. Its blocks are free once its account is closed. */
  retire(row: Row, isWhole: boolean): void {
    this.#options.ledger.retire(row.account);
    if (isWhole) this.#forecast.saw(row.tokens.length);
  }

  close(row: Row): void {
    this.#options.ledger.close(row.account);
  }

  #reserve(): number {
    const { prefill, upcoming } = this.#options;
    return prefill.reserve(upcoming());
  }

  /** Whether one more row is expected to fit beside those that run until they end: rows that must rest draw nothing. */
  #expectsRoom(job: Job, account: Account, running: readonly Row[]): boolean {
    const { session, ledger } = this.#options;
    const { forRows } = ledger;
    const most = running.reduce((sum, row) => sum + row.account.most, account.most);
    if (running.length === 0 || most <= forRows) return true;
    const { maxTokens, promptTokens } = job.request;
    const rows = running.map((row) =>
      this.#growing(row.job, row.position + 1, row.tokens.length, row.job.request.maxTokens),
    );
    rows.push(this.#growing(job, promptTokens.length, 0, maxTokens));
    const { blockSize, rowStep } = session.memory;
    // What a row has taken last is half empty on average.
    return this.#forecast.peak(rows) / blockSize + (rows.length * rowStep) / 2 <= forRows;
  }

  #growing({ request }: Job, positions: number, drawn: number, maxTokens: number): GrowingRow {
    const shared = rowPositions(this.#options.session.memory, request.promptTokens.length, 0);
    return { positions: positions - shared, drawn, maxTokens };
  }
}
