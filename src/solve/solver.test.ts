import { describe, expect, test } from '@jest/globals';
import type { RunSettings, Sample } from '../core.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import { editionOf } from '../problems/editions.js';
import { TimeBudget } from './budget.js';
import { equal } from './policies/equal.js';
import { type Voter, voterOf } from './prediction.js';
import { DEFAULT_PROMPT } from './prompt.js';
import type { PromptCodec } from './reading.js';
import { Solver } from './solver.js';

const STOP = 0;

/** One token a character, by its code; special tokens are none. */
const codec: PromptCodec = {
  encodeChat: ([message]) => [...message!.content].map((letter) => letter.charCodeAt(0)),
  encodeContinuation: (text) => [...text].map((letter) => letter.charCodeAt(0)),
  decode: (tokens) => String.fromCharCode(...tokens),
  tokensCovering: (tokens, characters) => Math.min(tokens.length, characters),
};

const SETTINGS: RunSettings = {
  samples: 3,
  maxTokens: 100,
  seed: 9,
  sampling: { greedy: false, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  edition: 'aime',
  vote: 'plurality',
  inFlight: 1,
  timeBudgetMs: null,
  budgetPolicy: 'equal',
  stop: 'none',
  stopTexts: [],
  stopAtAnswer: 'never',
  stopLoops: false,
  budgetForcing: false,
  difficulty: null,
  dtype: 'fp32',
  device: 'cpu',
  batchInvariant: false,
};

interface Script {
  /** Samples that are cut off by the token limit. */
  readonly cutOff?: readonly number[];
  readonly settings?: Partial<RunSettings>;
  /** What the model writes after an opened box. */
  readonly forced?: string;
}

/** A solver whose model writes the given texts, by sample index; samples end in that order, and a text without end is cut off. */
function solverOf(texts: readonly string[], { cutOff = [], settings = {}, forced = '' }: Script = {}) {
  const requests: GenerateRequest[] = [];
  const deadlines: (number | undefined)[] = [];
  const samples: Sample[] = [];
  const cancelled = new Set<string>();
  const solver = new Solver({
    sampler: {
      limits: { maxPositions: 1000 },
      generate: async ([request], { deadlineMs, onSample } = {}) => {
        requests.push(request!);
        deadlines.push(deadlineMs);
        for (const index of request!.samples as readonly number[]) {
          const isForced = request!.id !== '192e23';
          const isCancelled = cancelled.has(request!.id);
          const cut = cutOff.includes(index) && !isForced;
          const text = isForced ? forced : isCancelled ? '' : texts[index]!;
          const tokens = [...text].map((letter) => letter.charCodeAt(0));
          const completion: Completion = {
            id: request!.id,
            index,
            tokens: Int32Array.from(cut || isCancelled ? tokens : [...tokens, STOP]),
            logprobs: Float32Array.from(tokens, () => -0.5),
            finish: isCancelled ? 'cancelled' : cut ? 'length' : 'stop',
            startedAt: 1000,
            seconds: 2,
          };
          onSample!(completion);
        }
      },
      cancel: (id) => cancelled.add(id),
    },
    tokenizer: codec,
    edition: editionOf('aime'),
    settings: { ...SETTINGS, ...settings },
    prompt: DEFAULT_PROMPT,
    stopTokens: [STOP],
    budget: new TimeBudget({
      ...{ clock: { now: () => 0 }, deadlineMs: 900, problems: 3, inFlight: 1 },
      policy: equal,
    }),
    clock: { now: () => 0 },
    rows: 8,
    predictor: null,
    hardProblems: 0,
    onSample: (sample) => samples.push(sample),
  });
  return { solver, requests, deadlines, samples };
}

const problem = { id: '192e23', text: 'What is 3 + 4?' };

/** Samples of an earlier part of a run, in the order in which they ended. */
async function earlierOf(texts: readonly string[], indices: readonly number[]): Promise<readonly Voter[]> {
  const { solver, samples } = solverOf(texts);
  await solver.solve({ problem, missing: indices, earlier: [] });
  return samples.map(voterOf);
}

describe('Solver', () => {
  test('asks with the prompt around the problem, its id and its share of the time', async () => {
    const { solver, requests, deadlines } = solverOf(['', '', '']);
    await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    const text = String.fromCharCode(...requests[0]!.promptTokens);
    expect(text).toBe(
      'What is 3 + 4?\n\nPlease reason step by step, and put your final answer within \\boxed{}.',
    );
    expect(requests[0]).toMatchObject({ id: '192e23', samples: [0, 1, 2], maxTokens: 100, seed: 9 });
    expect(deadlines).toEqual([300]);
  });

  test('reads each sample and votes', async () => {
    const { solver, samples } = solverOf(['so \\boxed{7}.', 'it is \\boxed{8}', 'hence \\boxed{07}']);
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction).toMatchObject({ problemId: '192e23', value: 7n, fallback: false });
    expect(prediction.votes).toEqual([
      ['7', 2],
      ['8', 1],
    ]);
    expect(samples[0]).toMatchObject({ text: 'so \\boxed{7}.', finish: 'stop', index: 0, seed: 9 });
    // The stop token is a token drawn, and no text.
    expect(samples[0]!.tokens).toHaveLength('so \\boxed{7}.'.length + 1);
    expect(samples[0]!.logprob).toBeCloseTo(-0.5 * 'so \\boxed{7}.'.length);
  });

  test('says from which token on the final answer stood in the text', async () => {
    const texts = ['\\boxed{7} or \\boxed{7} end', '\\boxed{5} no, \\boxed{7}', 'nothing'];
    const { solver, samples } = solverOf(texts);
    await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(samples.map(({ answerEnd }) => answerEnd)).toEqual(['\\boxed{7}'.length, texts[1]!.length, null]);
  });

  test('counts answers of an interrupted run, in the order of the samples', async () => {
    const { solver, requests } = solverOf(['', '\\boxed{2}', '']);
    const prediction = await solver.solve({
      problem,
      missing: [1],
      earlier: await earlierOf(['nothing', '', '\\boxed{3}'], [2, 0]),
    });
    expect(requests[0]!.samples).toEqual([1]);
    // One vote each: the earlier sample decides.
    expect(prediction.value).toBe(2n);
  });

  test('falls back, and says so, without a single answer', async () => {
    const { solver } = solverOf(['no', 'idea', '\\boxed{'], { cutOff: [2] });
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction).toEqual({ problemId: '192e23', value: 0n, votes: [], fallback: true });
  });
});

describe('early stop', () => {
  const settings = { samples: 4, stop: 'agree:2' };

  test('cancels what is outstanding; every sample is handed in, and the cancelled ones do not vote', async () => {
    const { solver, samples } = solverOf(['\\boxed{7}', '\\boxed{7}', '\\boxed{8}', '\\boxed{8}'], {
      settings,
    });
    const prediction = await solver.solve({ problem, missing: [0, 1, 2, 3], earlier: [] });
    expect(samples.map(({ finish }) => finish)).toEqual(['stop', 'stop', 'cancelled', 'cancelled']);
    expect(prediction.votes).toEqual([['7', 2]]);
  });

  test('decided before an interruption, is carried out by the resumed run without drawing', async () => {
    const { solver, samples, requests } = solverOf(['', '', '\\boxed{8}', '\\boxed{8}'], { settings });
    const earlier = await earlierOf(['\\boxed{7}', '\\boxed{7}'], [0, 1]);
    const prediction = await solver.solve({ problem, missing: [2, 3], earlier });
    expect(requests).toEqual([]);
    expect(samples.map(({ index, finish, tokens }) => [index, finish, tokens.length])).toEqual([
      [2, 'cancelled', 0],
      [3, 'cancelled', 0],
    ]);
    expect(prediction).toMatchObject({ value: 7n, fallback: false });
  });

  test('every answer the same, every answer different, none at all: ends with what is there', async () => {
    const drawn = async (texts: string[]) => {
      const { solver, samples } = solverOf(texts, { settings });
      const prediction = await solver.solve({ problem, missing: [0, 1, 2, 3], earlier: [] });
      return [
        prediction.value,
        prediction.fallback,
        samples.filter(({ finish }) => finish === 'stop').length,
      ];
    };
    expect(await drawn(Array(4).fill('\\boxed{5}'))).toEqual([5n, false, 2]);
    expect(await drawn([1, 2, 3, 4].map((value) => `\\boxed{${value}}`))).toEqual([1n, false, 4]);
    expect(await drawn(Array(4).fill('hm'))).toEqual([0n, true, 4]);
  });
});

describe('budget forcing', () => {
  const settings = { budgetForcing: true };

  test('opens a box after what was cut, once no sample has an answer, and marks what comes', async () => {
    const script = { cutOff: [1], settings, forced: '42} and more' };
    const { solver, samples, requests, deadlines } = solverOf(['no', '<think>so it is', 'no'], script);
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction).toMatchObject({ value: 42n, fallback: false });
    const prompt = String.fromCharCode(...requests[1]!.promptTokens);
    expect(prompt.endsWith('\\boxed{}.<think>so it is\n</think>\n\n\\boxed{')).toBe(true);
    expect(requests[1]).toMatchObject({ sampling: { greedy: true } });
    // Its time is kept back from drawing, inside the problem's share.
    expect(deadlines).toEqual([285, 300]);
    const cut = samples.find(({ index }) => index === 1)!;
    expect(cut).toMatchObject({ finish: 'length', answer: { value: null }, answerEnd: null });
    expect(cut.forced).toMatchObject({
      text: '\\boxed{42} and more',
      answer: { value: 42n, rule: 'budget-forcing', warning: expect.any(String) },
    });
    expect(samples.map(({ forced }) => forced !== null).filter(Boolean)).toHaveLength(1);
  });

  test('leaves a problem alone that has an answer, from samples that end at the same time too', async () => {
    const script = { cutOff: [0], settings, forced: '42}' };
    const { solver, samples, requests } = solverOf(['so it', '\\boxed{3}', 'no'], script);
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction.votes).toEqual([['3', 1]]);
    expect(requests).toHaveLength(1);
    expect(samples.every(({ forced }) => forced === null)).toBe(true);
  });

  test('all samples cut: all that may be are forced, and they vote', async () => {
    const script = { cutOff: [0, 1, 2], settings, forced: '9}' };
    const { solver, samples } = solverOf(['a', 'b', ''], script);
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction.votes).toEqual([['9', 2]]);
    expect(samples.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
  });
});
