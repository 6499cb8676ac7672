import { describe, expect, test } from '@jest/globals';
import type { RunSettings, Sample } from '../core.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import { editionOf } from '../problems/editions.js';
import { TimeBudget } from './budget.js';
import { DEFAULT_PROMPT } from './prompt.js';
import { type PromptCodec, Solver } from './solver.js';

const STOP = 0;

/** One token a character, by its code; special tokens are none. */
const codec: PromptCodec = {
  encodeChat: ([message]) => [...message!.content].map((letter) => letter.charCodeAt(0)),
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
  dtype: 'fp32',
  device: 'cpu',
};

/** A solver whose model writes the given texts, by sample index; a text without end is cut off. */
function solverOf(texts: readonly string[], cutOff: readonly number[] = []) {
  const requests: GenerateRequest[] = [];
  const deadlines: (number | undefined)[] = [];
  const samples: Sample[] = [];
  const solver = new Solver({
    sampler: {
      generate: async ([request], { deadlineMs, onSample }) => {
        requests.push(request!);
        deadlines.push(deadlineMs);
        for (const index of request!.samples as readonly number[]) {
          const cut = cutOff.includes(index);
          const tokens = [...texts[index]!].map((letter) => letter.charCodeAt(0));
          const completion: Completion = {
            id: request!.id,
            index,
            tokens: Int32Array.from(cut ? tokens : [...tokens, STOP]),
            logprobs: Float32Array.from(tokens, () => -0.5),
            finish: cut ? 'length' : 'stop',
            startedAt: 1000,
            seconds: 2,
          };
          onSample!(completion);
        }
      },
    },
    tokenizer: codec,
    edition: editionOf('aime'),
    settings: SETTINGS,
    prompt: DEFAULT_PROMPT,
    stopTokens: [STOP],
    budget: new TimeBudget({ clock: { now: () => 0 }, deadlineMs: 900, problems: 3, inFlight: 1 }),
    onSample: (sample) => samples.push(sample),
  });
  return { solver, requests, deadlines, samples };
}

const problem = { id: '192e23', text: 'What is 3 + 4?' };

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
      earlier: [
        { index: 2, value: 3n, tokens: 5, logprob: -1, tailLogprob: -1 },
        { index: 0, value: null, tokens: 5, logprob: -1, tailLogprob: -1 },
      ],
    });
    expect(requests[0]!.samples).toEqual([1]);
    // One vote each: the earlier sample decides.
    expect(prediction.value).toBe(2n);
  });

  test('falls back, and says so, without a single answer', async () => {
    const { solver } = solverOf(['no', 'idea', '\\boxed{'], [2]);
    const prediction = await solver.solve({ problem, missing: [0, 1, 2], earlier: [] });
    expect(prediction).toEqual({ problemId: '192e23', value: 0n, votes: [], fallback: true });
  });
});
