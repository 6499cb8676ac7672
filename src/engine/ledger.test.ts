import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Account, isSafe, Ledger } from './ledger.js';

/** Whether some order of ends exists, by trying all of them. */
function someOrder(free: number, accounts: readonly Account[], reserve: number): boolean {
  if (free < 0) return false;
  if (accounts.length === 0) return reserve <= free;
  return accounts.some(({ held, most }, at) => {
    const others = accounts.filter((_, other) => other !== at);
    return most - held <= free && someOrder(free + held, others, reserve);
  });
}

const account = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
  .map(([held, more]): Account => ({ held, most: held + more }));

describe('isSafe', () => {
  test('is true exactly when an order of ends exists', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1, max: 12 }),
        fc.array(account, { maxLength: 5 }),
        fc.integer({ min: 0, max: 14 }),
        (free, accounts, reserve) => {
          expect(isSafe(free, accounts, reserve)).toBe(someOrder(free, accounts, reserve));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('does not set the greatest length of each aside', () => {
    const rows = Array.from({ length: 10 }, () => ({ held: 1, most: 8 }));
    expect(isSafe(7, rows, 0)).toBe(true);
    expect(isSafe(6, rows, 0)).toBe(false);
  });
});

interface Growing {
  readonly account: Account;
  /** Blocks at which it ends by itself. */
  readonly end: number;
}

describe('Ledger', () => {
  test('lets every row end, one after another if need be, and never grants what is not there', () => {
    const sample = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(20), fc.nat(20));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(10),
        fc.array(sample, { maxLength: 25 }),
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }),
        (blocks, prompts, samples, choices) => {
          const ledger = new Ledger(blocks, () => prompts);
          const waiting = samples
            .map(([held, end, more]): Growing => {
              return { account: { held, most: held + end + more }, end: held + end };
            })
            .filter(({ account: { most } }) => most <= blocks - prompts);
          const running: Growing[] = [];
          let turn = 0;
          const choose = (count: number) => choices[turn++ % choices.length]! % count;
          while (waiting.length > 0 || running.length > 0) {
            const next = waiting[0];
            const admitted = next !== undefined && ledger.admit(next.account, 0);
            if (admitted) running.push(waiting.shift()!);
            // Rows ask in any order, for any number of blocks; then each once for what it needs least.
            let progress = admitted;
            for (let asks = 0; asks < running.length; asks += 1) {
              const row = running[choose(running.length)]!;
              const held = Math.min(row.account.most, row.account.held + 1 + choose(4));
              if (held > row.account.held && ledger.grant(row.account, held, 0)) progress = true;
            }
            for (const row of [...running]) {
              const held = Math.min(row.account.most, row.account.held + 1);
              if (held > row.account.held && ledger.grant(row.account, held, 0)) progress = true;
              if (row.account.held < row.end) continue;
              ledger.close(row.account);
              running.splice(running.indexOf(row), 1);
              progress = true;
            }
            expect(ledger.free).toBeGreaterThanOrEqual(0);
            expect(progress).toBe(true);
          }
          expect(ledger.free).toBe(blocks - prompts);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('keeps what a waiting row may need, and refuses a prompt that would take it', () => {
    const ledger = new Ledger(20, () => 4);
    expect(ledger.allowsPrompt(6, 10)).toBe(true);
    expect(ledger.allowsPrompt(7, 10)).toBe(false);
    const row = { held: 2, most: 16 };
    expect(ledger.admit(row, 16)).toBe(true);
    // What a row holds comes back, so it does not lessen what waits for it.
    expect(ledger.allowsPrompt(1, 16)).toBe(false);
    expect(ledger.admit({ held: 1, most: 16 }, 16)).toBe(false);
    ledger.retire(row);
    expect(ledger.admit({ held: 1, most: 15 }, 16)).toBe(true);
  });
});
