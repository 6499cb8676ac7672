import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  isSealedAnswer,
  readSealedKey,
  SEALED_KEY_FORMAT,
  SEALING_COST,
  type SealedKey,
  sealAnswer,
  writeSealedKey,
} from './sealedKey.js';

let folder: string;
let key: SealedKey;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-sealed-'));
  const answers = await Promise.all([
    sealAnswer('a', 42n),
    sealAnswer('b', 42n),
    sealAnswer('c', 'sqrt(2)/2'),
  ]);
  key = { format: SEALED_KEY_FORMAT, edition: 'aime', problems: null, cost: SEALING_COST, answers };
});
afterAll(() => rm(folder, { recursive: true }));

describe('a sealed answer', () => {
  test('is known again, and no other is taken for it', async () => {
    const [a, , c] = key.answers;
    expect(await isSealedAnswer(a!, 42n, key.cost)).toBe(true);
    expect(await isSealedAnswer(a!, '42', key.cost)).toBe(true);
    expect(await isSealedAnswer(c!, 'sqrt(2)/2', key.cost)).toBe(true);
    for (const other of [41n, 420n, -42n, '42 ', 'sqrt(2)/2', ''])
      expect(await isSealedAnswer(a!, other, key.cost)).toBe(false);
  });

  test('says nothing: equal answers look different, and neither answer nor length shows', () => {
    const [a, b, c] = key.answers;
    expect(a!.digest).not.toBe(b!.digest);
    expect(a!.salt).not.toBe(b!.salt);
    expect(new Set([a, b, c].map((entry) => JSON.stringify(entry).length)).size).toBe(1);
  });

  test('cannot be moved to another problem', async () => {
    expect(await isSealedAnswer({ ...key.answers[0]!, id: 'b' }, 42n, key.cost)).toBe(false);
  });

  test('costs every guess what the parameters say: none is answered without the memory', async () => {
    expect(128 * SEALING_COST.N * SEALING_COST.r).toBe(8 * 2 ** 20);
    // The same digest by other parameters is another: they cannot be lowered in the file.
    const cheap = { ...SEALING_COST, N: 2 };
    expect(await isSealedAnswer(key.answers[0]!, 42n, cheap)).toBe(false);
  });
});

describe('the file', () => {
  test('comes back as it was written, and holds no answer', async () => {
    const file = join(folder, 'answers.sealed.json');
    await writeSealedKey(file, key);
    expect(await readSealedKey(file)).toEqual(key);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain('sqrt');
    expect(text.replaceAll(/"(?:salt|digest)": "[0-9a-f]+"/g, '')).not.toContain('42');
  });

  test.each<[string, (written: Record<string, unknown>) => unknown, string | undefined]>([
    ['of another format', (written) => ({ ...written, format: 2 }), 'format'],
    [
      'with a cost that stops the machine',
      (written) => ({ ...written, cost: { ...SEALING_COST, N: 2 ** 24 } }),
      'cost',
    ],
    [
      'with a cost that scrypt does not have',
      (written) => ({ ...written, cost: { ...SEALING_COST, N: 1000 } }),
      'cost.N',
    ],
    ['without answers', (written) => ({ ...written, answers: [] }), 'answers'],
    [
      'with an answer in the clear',
      (written) => ({ ...written, answers: [{ id: 'a', answer: 42 }] }),
      'answers.0.salt',
    ],
    [
      'with an answer twice',
      (written) => ({ ...written, answers: [key.answers[0], key.answers[0]] }),
      'answers',
    ],
    ['that is something else', () => [1, 2], undefined],
  ])('%s is refused by name', async (_, spoil, field) => {
    const file = join(folder, 'bad.json');
    await writeFile(file, JSON.stringify(spoil({ ...key })));
    const error = await readSealedKey(file).catch((caught) => caught);
    expect(error).toMatchObject({ name: 'BadSealedKeyError', place: { file, ...(field && { field }) } });
  });

  test('that is no JSON is refused by name', async () => {
    const file = join(folder, 'torn.json');
    await writeFile(file, JSON.stringify(key).slice(0, -9));
    await expect(readSealedKey(file)).rejects.toMatchObject({ name: 'BadSealedKeyError', place: { file } });
  });
});
