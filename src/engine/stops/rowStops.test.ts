/** Rows that end by what they say, as the scheduler sees them: at the right token, and gone by the next chunk. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TextStream } from '../../checkpoint/textStream.js';
import { Scheduler, type SchedulerOptions } from '../scheduler.js';
import { type Script, ScriptedSession } from '../scriptedSession.fixture.js';
import type { Completion, GenerateRequest } from '../types.js';
import { LOOK_INTERVAL, LOOP_TOKENS } from './repetition.js';

/** Token t is a letter. */
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const openText = () => new TextStream(LETTERS, { pending: '', push: (text) => text });
const textOf = (tokens: Int32Array) => Array.from(tokens, (token) => LETTERS[token]).join('');

/** Letters that depend on everything a row knows. */
const hashing: Script = (context, uniform) => {
  const hash = context.reduce((sum, token) => (sum * 31 + token + 7) % 9973, 17);
  return (hash + Math.floor(uniform * 997)) % LETTERS.length;
};

function request(id: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    id,
    promptTokens: [...id].map((letter) => letter.charCodeAt(0)),
    samples: 4,
    sampling: { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 },
    stopTokens: [],
    maxTokens: 300,
    seed: 5,
    ...changes,
  };
}

interface Setup extends Partial<SchedulerOptions> {
  readonly script?: Script;
  readonly onStep?: (scheduler: Scheduler) => void;
}

async function draw(
  requests: readonly GenerateRequest[],
  { script = hashing, onStep, ...options }: Setup = {},
) {
  const completions: Completion[] = [];
  const session = new ScriptedSession({ script, onStep: () => onStep?.(scheduler) });
  const scheduler: Scheduler = new Scheduler(session, {
    ...{ maxRows: 8, now: () => 0, openText, ...options },
    onCompletion: (completion) => completions.push(completion),
  });
  for (const each of requests) scheduler.submit(each, Number.POSITIVE_INFINITY);
  while (!scheduler.idle) await scheduler.turn();
  return { completions, session };
}

const ends = (completions: readonly Completion[]) =>
  completions.map(({ id, index, tokens, finish }) => `${id}/${index} ${finish} ${tokens.join(' ')}`).sort();

describe('a text that stops', () => {
  test('ends each sample with the token that completes it, the others drawn in that chunk dropped', async () => {
    const { completions } = await draw([request('p', { stopText: { strings: ['qu', 'xy'] }, samples: 40 })]);
    expect(completions).toHaveLength(40);
    const stopped = completions.filter(({ finish }) => finish === 'stop');
    expect(stopped.length).toBeGreaterThan(4);
    for (const { tokens, logprobs } of stopped) {
      expect(textOf(tokens)).toMatch(/(qu|xy)$/);
      expect(textOf(tokens).slice(0, -1)).not.toMatch(/qu|xy/);
      expect(logprobs).toHaveLength(tokens.length);
    }
    for (const { tokens, finish } of completions)
      if (finish === 'length') expect(textOf(tokens)).not.toMatch(/qu|xy/);
  });

  test('changes no other sample', async () => {
    const free = await draw([request('p'), request('q')]);
    const stopped = await draw([request('p', { stopText: { strings: ['a'] } }), request('q')]);
    const ofQ = ({ id }: Completion) => id === 'q';
    expect(ends(stopped.completions.filter(ofQ))).toEqual(ends(free.completions.filter(ofQ)));
  });
});

describe('a sample that repeats itself', () => {
  const looping: Script = (context) => context.length % 7;

  test('ends as a loop, where that is asked for', async () => {
    const asked = request('p', { maxTokens: 5000, stopLoops: true });
    const { completions } = await draw([asked], { script: looping });
    expect(completions.map(({ finish }) => finish)).toEqual(Array(4).fill('loop'));
    for (const { tokens } of completions)
      expect(tokens.length).toBeLessThanOrEqual(LOOP_TOKENS + LOOK_INTERVAL);
    const { completions: going } = await draw([request('p', { maxTokens: 5000 })], { script: looping });
    expect(going.map(({ finish, tokens }) => [finish, tokens.length])).toEqual(
      Array(4).fill(['length', 5000]),
    );
  });
});

test('samples end at the same token whatever the chunk length and the rows', async () => {
  const script: Script = (context, uniform, candidates) =>
    context[0] === 'l'.charCodeAt(0) ? context.length % 5 : hashing(context, uniform, candidates);
  const requests = [
    request('s', { stopText: { strings: ['th', 'qq'] } }),
    request('l', { stopLoops: true, maxTokens: 900 }),
    request('t', { stopTokens: [4, 9], samples: 3 }),
  ];
  const expected = ends((await draw(requests, { script })).completions);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 130 }),
      fc.integer({ min: 1, max: 12 }),
      async (chunkSteps, maxRows) => {
        const { completions } = await draw(requests, { script, chunkSteps, maxRows });
        expect(ends(completions)).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

describe('from the next chunk on', () => {
  test('rows that ended by their text are not computed', async () => {
    // Rows of even length say "ab" at once, the others never.
    const script: Script = (context) => (context[0] === 'e'.charCodeAt(0) ? (context.length + 1) % 2 : 2);
    const requests = [
      request('e', { samples: 5, stopText: { strings: ['ab'] } }),
      request('o', { samples: 3 }),
    ];
    const { session, completions } = await draw(requests, { script });
    expect(completions.filter(({ finish }) => finish === 'stop')).toHaveLength(5);
    expect(session.rowsByChunk[0]).toBe(8);
    expect(new Set(session.rowsByChunk.slice(1))).toEqual(new Set([3]));
  });

  test('their places are taken by samples that wait', async () => {
    const script: Script = (context) => (context[0] === 'e'.charCodeAt(0) ? 1 : 2);
    const requests = [
      request('e', { samples: 4, stopText: { strings: ['b'] } }),
      request('o', { samples: 4 }),
    ];
    const { session } = await draw(requests, { script, maxRows: 4 });
    expect(session.rowsByChunk[0]).toBe(4);
    expect(session.rowsByChunk[1]).toBe(4);
  });

  test('the other samples of a problem that was cancelled in a chunk are gone', async () => {
    let steps = 0;
    const { session, completions } = await draw(
      [request('a', { samples: 6 }), request('b', { samples: 2 })],
      {
        onStep: (scheduler) => {
          steps += 1;
          if (steps === 10) scheduler.cancel('a');
        },
      },
    );
    const cancelled = completions.filter(({ finish }) => finish === 'cancelled');
    expect(cancelled.map(({ id, tokens }) => [id, tokens.length])).toEqual(Array(6).fill(['a', 0]));
    expect(session.rowsByChunk.slice(0, 2)).toEqual([8, 2]);
    expect(completions.filter(({ finish }) => finish === 'length').map(({ id }) => id)).toEqual(['b', 'b']);
  });
});
