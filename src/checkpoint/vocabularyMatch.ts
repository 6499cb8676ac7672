/** Whether a tokenizer and an embedding belong together, by their sizes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VocabularyMismatchError } from './errors.js';
import { readTokenizerJson, type WrittenTokenizer } from './tokenizerFiles.js';

/**
 * Embeddings are padded to a round size: published ones have at most 2 % more rows than the tokenizer has tokens. With
 * fewer tokens than this share of the rows, most of what a model can draw would have no text.
 */
const LEAST_SHARE = 0.5;

/**
 * `tokens` is one above the highest id of the tokenizer in `folder`, `rows` is `vocab_size` of `config.json`.
 * @throws VocabularyMismatchError when a token has no row, or less than half of the rows have a token.
 */
export function checkVocabulary(folder: string, tokens: number, rows: number): void {
  const place = { file: join(folder, 'tokenizer.json') };
  if (tokens > rows)
    throw new VocabularyMismatchError(
      `the tokenizer has ids up to ${tokens - 1}, and the embedding only ${rows} rows (vocab_size in config.json)`,
      'Tokens were added without resizing the embedding, or the tokenizer is of another checkpoint: take the one that the model was trained with.',
      place,
    );
  if (tokens < LEAST_SHARE * rows)
    throw new VocabularyMismatchError(
      `the tokenizer has ${tokens} tokens for ${rows} rows of the embedding (vocab_size in config.json)`,
      'The tokenizer is of another checkpoint, or cut short: take the one that the model was trained with.',
      place,
    );
}

/**
 * The same for a checkpoint that nobody encodes with yet; one without `tokenizer.json` passes.
 * @throws VocabularyMismatchError, InvalidCheckpointFileError, FileAccessError
 */
export async function checkVocabularyIn(folder: string, rows: number): Promise<void> {
  const file = join(folder, 'tokenizer.json');
  if (!existsSync(file)) return;
  const { tokenizer } = await readTokenizerJson(file);
  checkVocabulary(folder, tokenCount(tokenizer), rows);
}

/** One above the highest id; the tokens of some models are a list. */
function tokenCount({ model, added_tokens }: WrittenTokenizer): number {
  const own = Array.isArray(model.vocab)
    ? model.vocab.length
    : Object.values(model.vocab ?? {}).reduce<number>(
        (count, id) => (typeof id === 'number' && id >= count ? id + 1 : count),
        0,
      );
  return added_tokens.reduce((count, { id }) => Math.max(count, id + 1), own);
}
