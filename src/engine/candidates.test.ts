import { describe, expect, test } from '@jest/globals';
import type { Sampling } from '../core.js';
import { CandidateCount } from './candidates.js';
import type { RowInput } from './types.js';

const VOCABULARY = 5000;

const row = (changes: Partial<Sampling>): RowInput => ({
  nextToken: 0,
  position: 0,
  history: [0],
  sampling: {
    ...{ greedy: false, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
    ...changes,
  },
  stopTokens: [],
  remaining: 1,
});

const first = (...rows: RowInput[]) => new CandidateCount(VOCABULARY).forRows(rows);

describe('CandidateCount', () => {
  test('sorts no more than the settings can keep', () => {
    expect(first(row({ greedy: true }))).toBe(1);
    expect(first(row({ topK: 20 }))).toBe(20);
    expect(first(row({ topP: 0.9 }))).toBe(64);
    expect(first(row({ topK: 20 }), row({ minP: 0.1 }))).toBe(64);
  });

  test('sorts everything where everything may be drawn', () => {
    expect(first(row({}), row({ topK: 20 }))).toBe(VOCABULARY);
  });

  test('sorts all of top-k where top-p is a share of it', () => {
    expect(first(row({ topK: 100, topP: 0.9 }))).toBe(100);
    expect(first(row({ topK: 100 }))).toBe(64);
    expect(first(row({ topK: 9000, topP: 0.9 }))).toBe(VOCABULARY);
  });

  test('widens after a cut, to all at last, and narrows again', () => {
    const count = new CandidateCount(VOCABULARY);
    const rows = [row({ topP: 0.9 })];
    const seen = [true, true, true, true, false, false].map((cut) => {
      count.saw(cut);
      return count.forRows(rows);
    });
    expect(seen).toEqual([256, 1024, 4096, 5000, 2500, 1250]);
  });

  test('stays as wide as it was once needed where a cut costs a chunk', () => {
    const count = new CandidateCount(VOCABULARY, false);
    for (const cut of [false, true, false, false]) count.saw(cut);
    expect(count.forRows([row({ topP: 0.9 })])).toBe(256);
  });
});
