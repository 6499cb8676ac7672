import { readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkpointDigest } from './digest.js';
import { SHARDED, TIED, withCopy, withFolder } from './testing.js';

const digestAfter = (change: (folder: string) => Promise<unknown>) =>
  withCopy(TIED, async (folder) => {
    await change(folder);
    return (await checkpointDigest(folder)).digest;
  });

describe('checkpointDigest', () => {
  test('covers config.json, the index and every shard', async () => {
    const { digest, files } = await checkpointDigest(SHARDED);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(files)).toEqual([
      'config.json',
      'model.safetensors.index.json',
      'model-00001-of-00003.safetensors',
      'model-00002-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
    ]);
  });

  test('depends on the content, not on the place, the time or other files', async () => {
    const { digest } = await checkpointDigest(TIED);
    expect(await digestAfter(async () => {})).toBe(digest);
    expect(await digestAfter((folder) => utimes(join(folder, 'config.json'), 1, 1))).toBe(digest);
    expect(await digestAfter((folder) => writeFile(join(folder, 'README.md'), 'hello'))).toBe(digest);
  });

  test.each(['config.json', 'model.safetensors'])('changes with one bit of %s', async (name) => {
    const changed = await digestAfter(async (folder) => {
      const content = await readFile(join(folder, name));
      content[content.length - 1]! ^= 1;
      await writeFile(join(folder, name), content);
    });
    expect(changed).not.toBe((await checkpointDigest(TIED)).digest);
  });

  test('known files are not read again; a new time or size makes them unknown', async () => {
    await withCopy(TIED, async (folder) => {
      const first = await checkpointDigest(folder);
      const file = join(folder, 'model.safetensors');
      const known = first.files['model.safetensors']!;

      // A record that is wrong about the content shows whether the content was looked at.
      const records = { ...first.files, 'model.safetensors': { ...known, sha256: 'f'.repeat(64) } };
      const trusting = await checkpointDigest(folder, records);
      expect(trusting.files).toEqual(records);
      expect(trusting.digest).not.toBe(first.digest);

      const shorter = {
        ...records,
        'model.safetensors': { ...records['model.safetensors'], size: known.size - 1 },
      };
      expect(await checkpointDigest(folder, shorter)).toEqual(first);

      await utimes(file, 1_000, 1_000);
      const later = await checkpointDigest(folder, records);
      expect(later.digest).toBe(first.digest);
      expect(later.files['model.safetensors']).toEqual({ ...known, mtimeMs: 1_000_000 });
      expect(await checkpointDigest(folder, JSON.parse(JSON.stringify(later.files)))).toEqual(later);
    });
  });

  test('what is missing is named', async () => {
    await expect(withFolder({}, (folder) => checkpointDigest(folder))).rejects.toMatchObject({
      name: 'MissingCheckpointFileError',
    });
    const renamed = digestAfter((folder) =>
      rename(join(folder, 'model.safetensors'), join(folder, 'model.bin')),
    );
    await expect(renamed).rejects.toMatchObject({ name: 'MissingWeightsError' });
  });
});
