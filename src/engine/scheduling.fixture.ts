/** What the tests of the scheduler share: requests, a script whose tokens show any mix-up of rows, and a run to the end. */
import { expect } from '@jest/globals';
import type { Sampling } from '../core.js';
import { Scheduler } from './scheduler.js';
import { type Script, ScriptedSession } from './scriptedSession.fixture.js';
import type { Completion, GenerateRequest, KvMemory } from './types.js';

export const SAMPLING: Sampling = {
  greedy: false,
  temperature: 1,
  topK: 0,
  topP: 0.9,
  minP: 0,
  repetitionPenalty: 1,
};
export const STOP = 0;

/** The next token depends on everything a row knows, so any mix-up of rows shows. Ends after a while. */
export const hashing: Script = (context, uniform) => {
  const hash = context.reduce((sum, token) => (sum * 31 + token + 7) % 9973, 17);
  const drawn = (hash + Math.floor(uniform * 997)) % 997;
  return drawn < 40 ? STOP : drawn;
};

export function request(id: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    id,
    promptTokens: [...id].map((letter) => letter.charCodeAt(0)),
    samples: 3,
    sampling: SAMPLING,
    stopTokens: [STOP],
    maxTokens: 200,
    seed: 5,
    ...changes,
  };
}

interface Setup {
  readonly logprob?: (token: number) => number;
  readonly script?: Script;
  readonly maxRows?: number;
  readonly stepMs?: number;
  readonly deadlineMs?: number;
  readonly memory?: KvMemory;
  readonly prefixBlock?: number;
  readonly wholeChunk?: number;
  readonly pieceStep?: number;
}

/** Turns until nothing is left to do. @throws when turns do nothing */
export async function work(scheduler: Scheduler): Promise<void> {
  for (let turns = 0; !scheduler.idle; turns += 1) {
    if (turns === 20_000) throw new Error('the scheduler does not come to an end');
    await scheduler.turn();
  }
}

export async function drawAll(requests: readonly GenerateRequest[], setup: Setup = {}) {
  let time = 0;
  const completions: Completion[] = [];
  const session = new ScriptedSession({
    script: setup.script ?? hashing,
    ...(setup.logprob && { logprob: setup.logprob }),
    ...(setup.memory && { memory: setup.memory }),
    ...(setup.prefixBlock && { prefixBlock: setup.prefixBlock }),
    ...(setup.wholeChunk && { wholeChunk: setup.wholeChunk }),
    ...(setup.pieceStep && { pieceStep: setup.pieceStep }),
    onStep: () => {
      time += setup.stepMs ?? 0;
    },
  });
  const scheduler = new Scheduler(session, {
    maxRows: setup.maxRows ?? 4,
    // As the check of such a session finds it.
    ...(setup.wholeChunk && { stepMs: setup.stepMs ?? 0 }),
    now: () => time,
    onCompletion: (completion) => completions.push(completion),
  });
  for (const each of requests) scheduler.submit(each, setup.deadlineMs ?? Number.POSITIVE_INFINITY);
  await work(scheduler);
  expect(session.prompts.size).toBe(0);
  const byKey = new Map(completions.map((each) => [`${each.id}/${each.index}`, each]));
  return { completions, byKey, session, scheduler, time };
}

export const texts = (byKey: Map<string, Completion>) =>
  new Map([...byKey].sort().map(([key, { tokens, finish }]) => [key, `${finish}:${tokens.join(' ')}`]));

/** Endless samples of one prompt, each of `maxTokens`. */
export const endless: Script = (_, uniform) => 1 + Math.floor(uniform * 900);
