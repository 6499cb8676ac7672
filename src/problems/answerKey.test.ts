import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type GoldReader, readAnswerKey } from './answerKey.js';
import { type Edition, editionOf } from './editions.js';

const threeDigits: Edition = { name: 'aimo3', min: 0n, max: 999n, modulus: null, inFlight: null };
const fiveDigits: Edition = { name: 'aime', min: 0n, max: 99_999n, modulus: null, inFlight: null };

/** For editions of integers, whose answers no reader is asked about. */
const unread: GoldReader = () => ({ why: 'it was not to be read' });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-answers-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function answersOf(name: string, content: string | Uint8Array, edition = threeDigits) {
  const file = join(folder, name);
  await writeFile(file, content);
  return [...(await readAnswerKey(file, edition, unread)).answers];
}

describe('readAnswerKey', () => {
  test('reads the answers.csv of a set folder', async () => {
    await writeFile(join(folder, 'answers.csv'), 'id,answer\n192e23,250\n007,073\n');
    const key = await readAnswerKey(folder, threeDigits, unread);
    expect(key.file).toBe(join(folder, 'answers.csv'));
    expect([...key.answers]).toEqual([
      ['192e23', 250n],
      ['007', 73n],
    ]);
  });

  test.each([
    ['alias.csv', 'ID,Problem,Expected_Answer\na,x, +7 \nb,y,000\n'],
    ['text.jsonl', '{"id":"a","ground_truth":"7"}\n{"id":"b","ground_truth":"0"}\n'],
    ['number.jsonl', '{"id":"a","final_answer":7}\n{"id":"b","final_answer":0}\n'],
  ])('reads %s', async (name, content) => {
    expect(await answersOf(name, content)).toEqual([
      ['a', 7n],
      ['b', 0n],
    ]);
  });

  test('reads a Parquet column of 64-bit integers', async () => {
    const columnData = [
      { name: 'problem_idx', data: [1n, 2n] },
      { name: 'answer', data: [7n, 99_999n] },
    ];
    expect(
      await answersOf('key.parquet', new Uint8Array(parquetWriteBuffer({ columnData })), fiveDigits),
    ).toEqual([
      ['1', 7n],
      ['2', 99_999n],
    ]);
  });

  test('rows are numbered only where the problems stand beside the answers', async () => {
    expect(await answersOf('numbered.csv', 'problem,answer\nx,1\ny,2\n')).toEqual([
      ['1', 1n],
      ['2', 2n],
    ]);
    await expect(answersOf('lost.csv', 'answer\n1\n')).rejects.toMatchObject({ name: 'MissingColumnError' });
  });

  test.each([
    ['25.0', 'BadAnswerError'],
    ['2,5', 'BadAnswerError'],
    ['1e3', 'BadAnswerError'],
    ['\\frac12', 'BadAnswerError'],
    [' ', 'BadAnswerError'],
    ['1000', 'AnswerOutOfRangeError'],
    ['-1', 'AnswerOutOfRangeError'],
    ['9'.repeat(900), 'AnswerOutOfRangeError'],
    ['9'.repeat(1_001), 'BadAnswerError'],
  ])('refuses the answer %j with its line', async (answer, name) => {
    const error = await answersOf('fault.csv', `id,answer\na,1\nb,"${answer}"\n`).catch((caught) => caught);
    expect(error).toMatchObject({ name, place: { line: 3, field: 'answer' } });
  });

  test('refuses an answer missing from a line, and one that lost digits as a number', async () => {
    const missing = '{"id":"a","answer":1}\n{"id":"b"}\n';
    await expect(answersOf('missing.jsonl', missing)).rejects.toMatchObject({ name: 'BadAnswerError' });
    const wide: Edition = { ...threeDigits, max: 10n ** 30n };
    const rounded = answersOf('wide.jsonl', '{"id":"a","answer":12345678901234567891}\n', wide);
    await expect(rounded).rejects.toMatchObject({ name: 'BadAnswerError' });
  });

  test('refuses duplicates', async () => {
    const twice = answersOf('twice.csv', 'id,answer\na,1\nb,2\na,1\n');
    await expect(twice).rejects.toMatchObject({ name: 'DuplicateIdError', place: { line: 4 } });
  });
});

describe('a free key', () => {
  const read: GoldReader = (text) => (text === 'bad' ? { why: 'it is bad' } : { value: text.trim() });
  const free = editionOf('free');

  test('holds what the reader makes of its texts and numbers', async () => {
    const file = join(folder, 'free.jsonl');
    await writeFile(file, '{"id":"a","answer":" 1/3"}\n{"id":"b","answer":0.5}\n');
    expect([...(await readAnswerKey(file, free, read)).answers]).toEqual([
      ['a', '1/3'],
      ['b', '0.5'],
    ]);
  });

  test.each([
    ['{"id":"a","answer":"bad"}', 'it is bad'],
    ['{"id":"a","answer":[1,2]}', 'no text'],
    ['{"id":"a"}', 'no text'],
  ])('refuses %s with its line', async (row, why) => {
    const file = join(folder, 'fault.jsonl');
    await writeFile(file, `{"id":"x","answer":"1"}\n${row}\n`);
    const error = await readAnswerKey(file, free, read).catch((caught) => caught);
    expect(error).toMatchObject({ name: 'BadAnswerError', place: { line: 2, field: 'answer' } });
    expect(error.message).toContain(why);
  });
});

const shared = join(process.cwd(), '..', 'shared', 'problems');
const inShared = existsSync(shared) ? test : test.skip;
inShared.each([
  ['aimo2-reference.csv', threeDigits, [79n, 250n, 50n, 143n, 3n, 751n, 891n, 810n, 201n, 902n]],
  ['aimo3-reference.csv', fiveDigits, [336n, 32951n, 21818n, 32193n, 57447n, 8687n, 50n, 580n, 520n, 160n]],
])(
  'reads the answers of %s (skipped where ../shared/problems is not there)',
  async (name, edition, expected) => {
    expect([...(await readAnswerKey(join(shared, name), edition, unread)).answers.values()]).toEqual(
      expected,
    );
  },
);
