import { describe, expect, test } from '@jest/globals';
import { CandidateCount } from './candidates.js';
import { StepClock } from './stepClock.js';
import type { RowInput } from './types.js';

describe('StepClock', () => {
  test('learns with one step, then plans within the time left', () => {
    const clock = new StepClock();
    expect(clock.stepsBefore(Number.POSITIVE_INFINITY)).toBeGreaterThan(1e9);
    expect(clock.stepsBefore(1000)).toBe(1);
    clock.sawSteps(4, 40);
    expect(clock.stepsBefore(1000)).toBeLessThanOrEqual(100);
    expect(clock.stepsBefore(1000)).toBeGreaterThan(50);
    expect(clock.stepsBefore(5)).toBe(1);
    expect(clock.stepsBefore(-5)).toBe(1);
  });

  test('follows a machine that becomes slower', () => {
    const clock = new StepClock();
    clock.sawSteps(10, 10);
    for (let at = 0; at < 6; at += 1) clock.sawSteps(10, 100);
    expect(clock.stepsBefore(1000)).toBeLessThan(100);
  });

  test('expects nothing of prompts it has not seen, and then their cost', () => {
    const clock = new StepClock();
    expect(clock.prefillMs(500)).toBe(0);
    clock.sawPrefill(100, 50);
    expect(clock.prefillMs(500)).toBe(250);
  });

  test('does not expect long prompts to cost what a short one would suggest', () => {
    const clock = new StepClock();
    clock.sawPrefill(1, 32);
    expect(clock.prefillMs(640)).toBe(320);
  });

  test('asks for more time than steps are expected to take, and for none while nothing is known', () => {
    expect(new StepClock().msFor(32)).toBe(0);
    const clock = new StepClock(6);
    expect(clock.msFor(32)).toBe(256);
    expect(clock.stepsBefore(256)).toBe(32);
  });

  test('leaves rows most of the time before their deadline', () => {
    const clock = new StepClock();
    expect(clock.promptTokensBefore(10)).toBeGreaterThan(1e9);
    clock.sawPrefill(100, 50);
    expect(clock.promptTokensBefore(100)).toBe(50);
    expect(clock.promptTokensBefore(-1)).toBe(0);
    expect(clock.promptTokensBefore(Number.POSITIVE_INFINITY)).toBeGreaterThan(1e9);
  });
});

describe('CandidateCount', () => {
  const row = (changes: object): RowInput => ({
    nextToken: 0,
    position: 0,
    history: [],
    stopTokens: [],
    remaining: 1,
    sampling: {
      greedy: false,
      temperature: 1,
      topK: 0,
      topP: 0.9,
      minP: 0,
      repetitionPenalty: 1,
      ...changes,
    },
  });

  test('is as small as the settings allow', () => {
    const count = new CandidateCount(150_000);
    expect(count.forRows([row({ greedy: true })])).toBe(1);
    expect(count.forRows([row({ topK: 20 })])).toBe(20);
    expect(count.forRows([row({})])).toBe(64);
    expect(count.forRows([row({ topP: 1 })])).toBe(150_000);
    expect(count.forRows([row({ greedy: true }), row({ topK: 20 })])).toBe(20);
  });

  test('grows until it is enough, up to the vocabulary, and comes back', () => {
    const count = new CandidateCount(1000);
    const seen = [];
    for (let at = 0; at < 3; at += 1) {
      count.saw(true);
      seen.push(count.forRows([row({})]));
    }
    expect(seen).toEqual([256, 1000, 1000]);
    for (let at = 0; at < 6; at += 1) count.saw(false);
    expect(count.forRows([row({})])).toBe(64);
  });
});
