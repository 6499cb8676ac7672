import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Prediction, Sample } from '../core.js';
import type { Assignment } from '../solve/protocol.js';
import { Desk } from './desk.js';

const assignment = (id: string, missing: readonly number[] = [0, 1]): Assignment => ({
  problem: { id, text: `What is ${id}?` },
  missing,
  earlier: [],
});
const sample = (problemId: string, index: number): Sample => ({
  problemId,
  index,
  seed: 0,
  promptTokens: 1,
  tokens: [1],
  text: '',
  finish: 'stop',
  answer: { value: null, rule: 'none', span: null, warning: null },
  answerEnd: null,
  forced: null,
  logprob: 0,
  tailLogprob: 0,
  startedAt: 0,
  seconds: 0,
});
const prediction = (problemId: string): Prediction => ({ problemId, value: 0n, votes: [], fallback: true });

function deskOf(ids: readonly string[], inFlight: number) {
  const shown: string[] = [];
  const kept: string[] = [];
  const desk = new Desk({
    assignments: ids.map((id) => assignment(id)),
    inFlight,
    vote: 'plurality',
    show: ({ problem }) => shown.push(problem.id),
    onSample: ({ problemId, index }) => kept.push(`${problemId}/${index}`),
    onPrediction: ({ problemId }) => kept.push(problemId),
  });
  desk.fill();
  return { desk, shown, kept };
}

const hand = (desk: Desk, id: string, index: number) =>
  desk.receive({ type: 'sample', sample: sample(id, index) });
const answer = (desk: Desk, id: string) => desk.receive({ type: 'prediction', prediction: prediction(id) });

describe('Desk', () => {
  test('shows the next problem only when one is answered', () => {
    const { desk, shown } = deskOf(['a', 'b', 'c', 'd'], 2);
    expect(shown).toEqual(['a', 'b']);
    hand(desk, 'b', 0);
    hand(desk, 'b', 1);
    expect(shown).toEqual(['a', 'b']);
    answer(desk, 'b');
    expect(shown).toEqual(['a', 'b', 'c']);
    desk.fill();
    expect(shown).toEqual(['a', 'b', 'c']);
  });

  test('never has more problems open than allowed, whatever the order of answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(4), { maxLength: 40 }),
        (inFlight, choices) => {
          const ids = Array.from({ length: 8 }, (_, at) => `p${at}`);
          const { desk, shown } = deskOf(ids, inFlight);
          const open = [...shown];
          let answered = 0;
          for (const choice of choices) {
            if (open.length === 0) break;
            const [id] = open.splice(choice % open.length, 1);
            hand(desk, id!, 1);
            hand(desk, id!, 0);
            answer(desk, id!);
            answered += 1;
            open.push(...shown.slice(answered + open.length));
            expect(shown.length - answered).toBeLessThanOrEqual(inFlight);
          }
          expect(desk.done).toBe(answered === ids.length);
        },
      ),
    );
  });

  test.each<[string, (desk: Desk) => void, string]>([
    ['a problem that is not shown yet', (desk) => answer(desk, 'c'), 'not open'],
    ['a sample of a problem not shown yet', (desk) => hand(desk, 'c', 0), 'not open'],
    ['an answer without its samples', (desk) => answer(desk, 'a'), 'before its samples'],
    ['a sample that nobody asked for', (desk) => hand(desk, 'a', 2), 'not due'],
    ['a sample handed in twice', (desk) => [0, 0].forEach((index) => void hand(desk, 'a', index)), 'not due'],
    [
      'an answer changed afterwards',
      (desk) => {
        hand(desk, 'a', 0);
        hand(desk, 'a', 1);
        answer(desk, 'a');
        answer(desk, 'a');
      },
      'not open',
    ],
  ])('refuses %s', (_, act, message) => {
    const { desk, kept } = deskOf(['a', 'b', 'c'], 2);
    expect(() => act(desk)).toThrow(message);
    expect(kept).not.toContain('c');
  });
});
