import { describe, expect, test } from '@jest/globals';
import { editJson, PEBBLE, TIED, withCopy } from './testing.js';
import { checkVocabulary, checkVocabularyIn } from './vocabularyMatch.js';

describe('checkVocabulary', () => {
  test.each([
    ['the bundled checkpoints', 512, 512],
    ['an embedding padded as that of Qwen2.5 is', 151_665, 151_936],
    ['exactly half', 256, 512],
  ])('accepts %s', (_, tokens, rows) => {
    expect(() => checkVocabulary('folder', tokens, rows)).not.toThrow();
  });

  test.each([
    [513, 512, 'ids up to 512, and the embedding only 512 rows'],
    [255, 512, '255 tokens for 512 rows'],
  ])('refuses %i tokens for %i rows', (tokens, rows, message) => {
    expect(() => checkVocabulary('folder', tokens, rows)).toThrow(
      expect.objectContaining({
        name: 'VocabularyMismatchError',
        message: expect.stringContaining(message),
        place: { file: expect.stringMatching(/^folder.tokenizer\.json$/) },
      }),
    );
  });
});

describe('checkVocabularyIn', () => {
  test('accepts a checkpoint whose tokenizer fits, and one without a tokenizer', async () => {
    await expect(checkVocabularyIn(PEBBLE, 512)).resolves.toBeUndefined();
    await expect(checkVocabularyIn(TIED, 512)).resolves.toBeUndefined();
  });

  test('counts the model’s own tokens and added ones, whichever goes higher', async () => {
    await expect(checkVocabularyIn(PEBBLE, 511)).rejects.toMatchObject({ name: 'VocabularyMismatchError' });
    await withCopy(PEBBLE, async (folder) => {
      await editJson(`${folder}/tokenizer.json`, (tokenizer) => {
        (tokenizer.added_tokens as object[]).push({ id: 600, content: '<new>' });
      });
      await expect(checkVocabularyIn(folder, 600)).rejects.toThrow('ids up to 600');
      await expect(checkVocabularyIn(folder, 601)).resolves.toBeUndefined();
    });
  });

  test('counts a vocabulary that is a list', async () => {
    await withCopy(PEBBLE, async (folder) => {
      const vocab = Array.from({ length: 520 }, (_, id) => [`t${id}`, -id]);
      await editJson(`${folder}/tokenizer.json`, (tokenizer) => {
        tokenizer.model = { type: 'Unigram', vocab };
      });
      await expect(checkVocabularyIn(folder, 512)).rejects.toThrow('ids up to 519');
    });
  });
});
