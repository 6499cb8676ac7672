/** Who may take how many blocks, so that every row that runs can reach its end without another being thrown out. */

/** Blocks of a running row. */
export interface Account {
  /** Granted; the row has them until it ends. */
  held: number;
  /** Those of its greatest length. */
  most: number;
}

/**
 * The banker's rule (Dijkstra, EWD 108): true if an order exists in which every account reaches its most, each giving back
 * all it has at its end, and afterwards `reserve` blocks are free. With one kind of resource the order of what is still
 * needed is as good as any.
 */
export function isSafe(free: number, accounts: Iterable<Account>, reserve: number): boolean {
  if (free < 0) return false;
  let available = free;
  let needed = 0;
  for (const { held, most } of accounts) needed += most - held;
  // The usual case, in which all may reach their most at once.
  if (needed + reserve <= available) return true;
  for (const { held, most } of [...accounts].sort((a, b) => a.most - a.held - (b.most - b.held))) {
    if (most - held > available) return false;
    available += held;
  }
  return reserve <= available;
}

/**
 * Grants blocks to rows. Not the greatest length of each is set aside, which most rows never reach, but only as much as
 * lets all of them reach it one after another.
 */
export class Ledger {
  readonly #blocks: number;
  readonly #heldByPrompts: () => number;
  readonly #accounts = new Set<Account>();

  /** `heldByPrompts` tells how many blocks prompts hold now, each counted once. No order relies on their coming back. */
  constructor(blocks: number, heldByPrompts: () => number) {
    this.#blocks = blocks;
    this.#heldByPrompts = heldByPrompts;
  }

  /** Blocks that rows may have, all together. */
  get forRows(): number {
    return this.#blocks - this.#heldByPrompts();
  }

  /** Blocks that nobody was granted. */
  get free(): number {
    let granted = 0;
    for (const { held } of this.#accounts) granted += held;
    return this.forRows - granted;
  }

  /** Whether a prompt may take `blocks`, and each waiting row, of `reserve` blocks at most, still find room in its turn. */
  allowsPrompt(blocks: number, reserve: number): boolean {
    return isSafe(this.free - blocks, this.#accounts, reserve);
  }

  /** Opens an account if that is safe. */
  admit(account: Account, reserve: number): boolean {
    if (!isSafe(this.free - account.held, [...this.#accounts, account], reserve)) return false;
    this.#accounts.add(account);
    return true;
  }

  /** Raises what an account holds to `held` if that is safe. */
  grant(account: Account, held: number, reserve: number): boolean {
    const before = account.held;
    const free = this.free;
    account.held = held;
    if (isSafe(free - (held - before), this.#accounts, reserve)) return true;
    account.held = before;
    return false;
  }

  /** A row has ended: it needs no more, but has its blocks until it is closed. */
  retire(account: Account): void {
    account.most = account.held;
  }

  close(account: Account): void {
    this.#accounts.delete(account);
  }
}
