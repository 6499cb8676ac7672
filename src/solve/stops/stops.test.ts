import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { predict } from '../prediction.js';
import { type Ended, Trial } from '../trial.js';
import { ARBITRATION, hardQuota, wentOnDivided } from './arbitration.js';
import { stopNames, stopRulesOf } from './named.js';

const endedOf = (index: number, value: bigint | null): Ended => ({
  index,
  finish: 'stop',
  value,
});

/** Answers in the order in which samples end -> after how many the rules stop; `null` when all are drawn. */
function stopsAfter(stop: string, answers: readonly (bigint | null)[], samples = answers.length, taken = 0) {
  const indices = Array.from({ length: samples }, (_, index) => index);
  const trial = new Trial({ rules: stopRulesOf(stop), quota: hardQuota(taken), indices });
  for (const [index, value] of answers.entries()) {
    trial.saw(endedOf(index, value));
    if (trial.decidedBy !== null) return index + 1;
  }
  return null;
}

describe('agree', () => {
  test('stops at K votes for one answer, not before', () => {
    expect(stopsAfter('agree:3', [1n, 2n, 1n, null, 1n, 1n])).toBe(5);
    expect(stopsAfter('agree:4', [1n, 2n, 1n, null, 1n], 16)).toBeNull();
  });

  test('never stops where every answer is different, or none is there', () => {
    expect(stopsAfter('agree:2', [1n, 2n, 3n, 4n, 5n])).toBeNull();
    expect(stopsAfter('agree:2', [null, null, null, null])).toBeNull();
  });
});

describe('leader', () => {
  test('stops once the runner-up and all that is outstanding fall short', () => {
    expect(stopsAfter('leader', [7n, 7n, 7n], 5)).toBe(3);
    expect(stopsAfter('leader', [7n, 7n], 5)).toBeNull();
    expect(stopsAfter('leader', [7n, 8n, 7n, 7n], 6)).toBe(4);
  });

  test('an equal number of votes is enough for the answer with the lowest first index', () => {
    // 7 leads by 2 with 2 outstanding; sample 0 voted for it, so a tie is won.
    expect(stopsAfter('leader', [7n, 7n], 4)).toBe(2);
  });

  test('a tie may still be lost to a sample with a lower index that is outstanding', () => {
    const trial = new Trial({ rules: stopRulesOf('leader'), quota: hardQuota(0), indices: [0, 1, 2, 3] });
    trial.saw(endedOf(2, 7n));
    trial.saw(endedOf(3, 7n));
    expect(trial.decidedBy).toBeNull();
    trial.saw(endedOf(1, null));
    expect(trial.decidedBy).toBe('leader');
  });

  test('never changes the prediction, in whatever order samples end', () => {
    const answer = fc.option(fc.bigInt({ min: 0n, max: 3n }), { nil: null });
    const order = (answers: (bigint | null)[]) =>
      fc
        .shuffledSubarray([...answers.keys()], { minLength: answers.length })
        .map((indices) => ({ answers, indices }));
    const drawn = fc.array(answer, { minLength: 1, maxLength: 12 }).chain(order);
    fc.assert(
      fc.property(drawn, ({ answers, indices }) => {
        const trial = new Trial({ rules: stopRulesOf('leader'), quota: hardQuota(0), indices });
        const seen: number[] = [];
        for (const index of indices) {
          if (trial.decidedBy !== null) break;
          trial.saw(endedOf(index, answers[index]!));
          seen.push(index);
        }
        const ballots = (of: number[]) =>
          of.map((index) => ({
            ...endedOf(index, answers[index]!),
            forced: null,
            tokens: 1,
            logprob: 0,
            tailLogprob: 0,
          }));
        expect(predict('p', ballots(seen), 'plurality').value).toBe(
          predict('p', ballots(indices), 'plurality').value,
        );
      }),
    );
  });
});

describe('arbitration', () => {
  test.each<[string, (bigint | null)[], number]>([
    ['a lead of two after three', [1n, 1n, 1n], 3],
    ['not before three', [1n, 1n], 0],
    ['a sample without an answer votes for the other side', [1n, 1n, null, 1n], 4],
    ['three without an answer', [null, 1n, null, null], 4],
    ['a lead of two after four', [1n, 2n, 1n, 1n], 4],
    ['four votes, though another is close', [1n, 2n, 2n, 1n, 1n, 2n, 1n], 7],
    ['eight, whatever they say', [1n, 1n, 2n, 2n, 3n, 3n, 4n, 4n], 8],
  ])('%s', (_, answers, after) => {
    expect(stopsAfter('arbitration', answers, 16) ?? 0).toBe(after);
  });

  test('five different answers go on while the quota of hard problems lasts', () => {
    const divided = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
    expect(stopsAfter('arbitration', divided, 16)).toBe(8);
    expect(stopsAfter('arbitration', divided, 16, ARBITRATION.hardProblems - 1)).toBe(8);
    expect(stopsAfter('arbitration', divided, 16, ARBITRATION.hardProblems)).toBe(5);
  });

  test('a resumed run counts the hard problems that are done', () => {
    const samples = [1n, 2n, 3n, 4n, 5n, 5n].map((value, index) => endedOf(index, value));
    expect(wentOnDivided(samples)).toBe(true);
    expect(wentOnDivided(samples.slice(0, 5))).toBe(false);
    expect(wentOnDivided(samples.map((sample) => ({ ...sample, value: 1n })))).toBe(false);
  });
});

describe('a list of rules', () => {
  test('is read, and written as it is recorded', () => {
    expect(stopNames(stopRulesOf('agree:4+leader'))).toBe('agree:4+leader');
    expect(stopNames(stopRulesOf('leader+leader'))).toBe('leader');
    expect(stopNames(stopRulesOf('none'))).toBe('none');
  });

  test('stops by whichever decides first', () => {
    expect(stopsAfter('agree:3+leader', [1n, 2n, 1n, 1n], 16)).toBe(4);
    expect(stopsAfter('agree:9+leader', [1n, 1n, 1n], 5)).toBe(3);
  });

  test.each(['', 'agree', 'agree:0', 'agree:-1', 'agree:4,leader', 'none+leader', '__proto__'])(
    'refuses %j, and names those there are',
    (text) => {
      expect(() => stopRulesOf(text)).toThrow(
        expect.objectContaining({ hint: expect.stringMatching(/none.*agree:K.*leader.*arbitration/) }),
      );
    },
  );

  test('cancelled samples say nothing', () => {
    const trial = new Trial({ rules: stopRulesOf('agree:1'), quota: hardQuota(0), indices: [0, 1] });
    trial.saw({ index: 0, finish: 'cancelled', value: 1n });
    expect(trial.decidedBy).toBeNull();
  });
});
