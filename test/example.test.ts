/** The committed example run: still sealed, and its score still follows from its journal. */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runCli } from './support/cli.js';
import { temporaryFolder } from './support/models.js';

const EXAMPLE = join('submissions', 'example');

test('scores today as it did when it was made', async () => {
  const copy = join(await temporaryFolder(), 'example');
  await cp(EXAMPLE, copy, { recursive: true });
  const { status } = await runCli(['score', copy, '--answers', join('problems', 'pebble')]);
  expect(status).toBe(0);
  const figures = async (folder: string) => {
    const score = JSON.parse(await readFile(join(folder, 'score.json'), 'utf8')) as Record<string, unknown>;
    return { average: score.average, meanTokens: score.meanTokens, curve: score.curve };
  };
  const { average, meanTokens, curve } = await figures(EXAMPLE);
  expect([average, meanTokens, curve].every((figure) => figure !== undefined)).toBe(true);
  expect(await figures(copy)).toEqual({ average, meanTokens, curve });
});
