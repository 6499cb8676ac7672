import { describe, expect, test } from '@jest/globals';
import { readGenerationDefaults, stopTokensOf } from './generation.js';
import { PEBBLE, TIED, withFolder } from './testing.js';

function readWith(content: object | string) {
  return withFolder({ 'generation_config.json': content }, readGenerationDefaults);
}

describe('readGenerationDefaults', () => {
  test('the bundled checkpoints', async () => {
    expect(await readGenerationDefaults(PEBBLE)).toEqual({
      eosTokenIds: [0],
      sampling: { greedy: false, temperature: 1, topP: 0.9, minP: 0.05 },
      maxNewTokens: 512,
    });
    expect(await readGenerationDefaults(TIED)).toEqual({
      eosTokenIds: [2],
      sampling: { greedy: false, temperature: 0.6, topP: 0.95 },
      maxNewTokens: null,
    });
  });

  test('an absent file and an empty one say nothing', async () => {
    const nothing = { eosTokenIds: [], sampling: {}, maxNewTokens: null };
    expect(await withFolder({}, readGenerationDefaults)).toEqual(nothing);
    expect(await readWith({})).toEqual(nothing);
  });

  test('a list of end tokens, and every field', async () => {
    expect(
      await readWith({
        eos_token_id: [5, 6],
        do_sample: true,
        top_k: 20,
        min_p: null,
        repetition_penalty: 1.05,
      }),
    ).toEqual({
      eosTokenIds: [5, 6],
      sampling: { greedy: false, topK: 20, repetitionPenalty: 1.05 },
      maxNewTokens: null,
    });
  });

  test('the end tokens of Llama 3.1, those of config.json among them', async () => {
    const defaults = await readWith({
      bos_token_id: 128000,
      do_sample: true,
      eos_token_id: [128001, 128008, 128009],
      temperature: 0.6,
      top_p: 0.9,
      transformers_version: '4.42.3',
    });
    expect(defaults.sampling).toEqual({ greedy: false, temperature: 0.6, topP: 0.9 });
    expect(stopTokensOf({ eosTokenIds: [128009] }, defaults)).toEqual([128009, 128001, 128008]);
    expect(stopTokensOf({ eosTokenIds: [2] }, { ...defaults, eosTokenIds: [] })).toEqual([2]);
  });

  test.each([
    [
      { do_sample: false, top_p: 0.8 },
      { greedy: true, topP: 0.8 },
    ],
    [{ do_sample: true, temperature: 0 }, { greedy: true }],
    [{ temperature: 0.7 }, { temperature: 0.7 }],
  ])('%j is greedy or not', async (content, sampling) => {
    expect((await readWith(content)).sampling).toEqual(sampling);
  });

  test.each([
    [{ temperature: -1 }, 'temperature'],
    [{ top_p: 0 }, 'top_p'],
    [{ top_p: 1.5 }, 'top_p'],
    [{ top_k: 2.5 }, 'top_k'],
    [{ min_p: 2 }, 'min_p'],
    [{ repetition_penalty: 0 }, 'repetition_penalty'],
    [{ eos_token_id: [1, -2] }, 'eos_token_id.1'],
    [{ do_sample: 'yes' }, 'do_sample'],
    [{ max_new_tokens: 0 }, 'max_new_tokens'],
  ])('%j is refused by field', async (content, field) => {
    await expect(readWith(content)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      place: { file: expect.stringMatching(/generation_config\.json$/), field },
    });
  });

  test('bad JSON is named', async () => {
    await expect(readWith('{,}')).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      message: expect.stringContaining('generation_config.json'),
    });
  });
});
