import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { checkpointDigest } from './digest.js';
import { folderWith } from './safetensors.fixture.js';

const FILE = 'model.safetensors';

test('follows content and not place, and reads unchanged files once', async () => {
  const files = { 'config.json': '{}', [FILE]: 'abc', 'README.md': 'any' };
  const folder = await folderWith(files);
  const { digest, files: known } = await checkpointDigest(folder);
  expect((await checkpointDigest(await folderWith({ ...files, 'README.md': 'other' }))).digest).toBe(digest);
  expect((await checkpointDigest(await folderWith({ ...files, [FILE]: 'abd' }))).digest).not.toBe(digest);
  expect((await checkpointDigest(await folderWith({ ...files, 'config.json': '[]' }))).digest).not.toBe(
    digest,
  );

  // What is known of a file holds while size and time are the same, and only then.
  const claimed = { ...known, [FILE]: { ...known[FILE]!, digest: 'claimed' } };
  expect((await checkpointDigest(folder, claimed)).files[FILE]!.digest).toBe('claimed');
  await writeFile(join(folder, FILE), 'abcd');
  expect((await checkpointDigest(folder, claimed)).files[FILE]!.digest).not.toBe('claimed');
  await writeFile(join(folder, FILE), 'abc');
  await utimes(join(folder, FILE), 1, 1);
  expect((await checkpointDigest(folder, claimed)).digest).toBe(digest);
});
