/** A model that gives NaN after one token: the sample that draws it ends as an error and is counted, the others go on. */
import { expect, test } from '@jest/globals';
import { Engine } from '../src/engine/engine.js';
import type { Completion } from '../src/engine/types.js';
import { logitCheckpoint } from './support/logitCheckpoint.js';
import { exportForTest, GREEDY } from './support/models.js';

const BROKEN = 5;

test.each([
  ['drawing from all tokens', {}],
  ['from a nucleus', { topP: 0.95 }],
  ['from the likeliest few', { topK: 9 }],
])('%s', async (_, changes) => {
  const logits = Array.from({ length: 12 }, (_, token) => (token === BROKEN ? 0.5 : 0));
  const model = await exportForTest(await logitCheckpoint(logits, BROKEN));
  const engine = await Engine.open(model, { rows: 8 });
  const drawn: Completion[] = [];
  const request = (id: string) => ({
    ...{ id, promptTokens: [1, 2, 3], samples: 20, stopTokens: [0], maxTokens: 40, seed: 4 },
    sampling: { ...GREEDY, greedy: false, ...changes },
  });
  const onSample = (completion: Completion) => drawn.push(completion);
  await engine.generate([request('a'), request('b')], { onSample });
  // The engine is as good as new afterwards.
  await engine.generate([{ ...request('c'), samples: 1, maxTokens: 1 }], { onSample });
  await engine.close();
  expect(drawn).toHaveLength(41);
  const isBroken = ({ tokens }: Completion) => tokens.at(-1) === BROKEN && tokens.length < 40;
  expect(drawn.filter(isBroken).length).toBeGreaterThan(3);
  for (const completion of drawn) {
    const { tokens, logprobs, finish } = completion;
    const expected = isBroken(completion) ? 'error' : tokens.at(-1) === 0 ? 'stop' : 'length';
    expect(finish).toBe(tokens.length === 1 && completion.id === 'c' ? 'length' : expected);
    expect(logprobs).toHaveLength(tokens.length);
    expect([...logprobs].every(Number.isFinite)).toBe(true);
  }
});

test('a prompt that breaks the model gives samples without a token', async () => {
  const model = await exportForTest(await logitCheckpoint([0, 0, 0, 0, 0, 0, 0], BROKEN));
  const engine = await Engine.open(model, { rows: 4 });
  const finishes: string[] = [];
  const sampling = { ...GREEDY, greedy: false };
  await engine.generate(
    [{ id: 'x', promptTokens: [1, BROKEN], samples: 3, sampling, stopTokens: [], maxTokens: 9, seed: 1 }],
    { onSample: ({ finish, tokens }) => finishes.push(`${finish} ${tokens.length}`) },
  );
  await engine.close();
  expect(finishes).toEqual(Array(3).fill('error 0'));
});
