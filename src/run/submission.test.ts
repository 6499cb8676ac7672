import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { editionOf } from '../problems/editions.js';
import { readSubmission, SubmissionWriter } from './submission.js';

const aime = editionOf('aime');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-submission-'));
});
afterEach(() => rm(folder, { recursive: true }));

const IDS = ['b', '192e23', 'a'];

async function readParquet(): Promise<[unknown, unknown][]> {
  const file = await asyncBufferFromFile(join(folder, 'submission.parquet'));
  return (await parquetReadObjects({ file })).map(({ id, answer }) => [id, answer]);
}

/** The content of both files, which must agree. */
async function both(): Promise<[unknown, unknown][]> {
  const rows = [...(await readSubmission(folder, aime))];
  expect(await readParquet()).toEqual(rows);
  return rows;
}

describe('SubmissionWriter', () => {
  test('both files are valid right after start, in the order of the problem file', async () => {
    await new SubmissionWriter(folder, IDS, 0n, aime).start();
    expect(await readFile(join(folder, 'submission.csv'), 'utf8')).toBe('id,answer\nb,0\n192e23,0\na,0\n');
    expect(await both()).toEqual([
      ['b', 0n],
      ['192e23', 0n],
      ['a', 0n],
    ]);
    expect((await readdir(folder)).sort()).toEqual(['submission.csv', 'submission.parquet']);
  });

  test('the Parquet columns are UTF-8 text and 64-bit integers, neither of them nullable', async () => {
    await new SubmissionWriter(folder, IDS, 0n, aime).start();
    const metadata = await parquetMetadataAsync(
      await asyncBufferFromFile(join(folder, 'submission.parquet')),
    );
    const [, id, answer] = metadata.schema;
    expect(id).toMatchObject({
      name: 'id',
      type: 'BYTE_ARRAY',
      converted_type: 'UTF8',
      repetition_type: 'REQUIRED',
    });
    expect(answer).toMatchObject({ name: 'answer', type: 'INT64', repetition_type: 'REQUIRED' });
  });

  test('answers set before the start are in the first files', async () => {
    const writer = new SubmissionWriter(folder, IDS, 0n, aime);
    writer.set('a', 7n);
    expect(await readdir(folder)).toEqual([]);
    await writer.start();
    expect(new Map(await both()).get('a')).toBe(7n);
  });

  test('property: whatever is set in whatever rhythm, a flush leaves the last answer of each', async () => {
    const answer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const step = fc.tuple(fc.constantFrom(...IDS), answer, fc.constantFrom('go on', 'wait', 'flush'));
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const writer = new SubmissionWriter(folder, IDS, 1n, aime);
        await writer.start();
        const expected = new Map(IDS.map((id) => [id, 1n]));
        for (const [id, value, then] of steps) {
          writer.set(id, value);
          expected.set(id, value);
          if (then === 'wait') await new Promise((resolve) => setImmediate(resolve));
          if (then === 'flush') await writer.flush();
        }
        await writer.flush();
        expect(await both()).toEqual([...expected]);
      }),
      { numRuns: 25 },
    );
  });

  test('a failed write is told at the next flush and made good once it can be', async () => {
    const inner = join(folder, 'run');
    const writer = new SubmissionWriter(inner, IDS, 0n, aime);
    await expect(writer.start()).rejects.toMatchObject({ name: 'FileAccessError' });
    writer.set('a', 5n);
    await expect(writer.flush()).rejects.toMatchObject({ name: 'FileAccessError' });
    await mkdir(inner);
    await writer.flush();
    expect((await readSubmission(inner, aime)).get('a')).toBe(5n);
  });

  test('unknown problems and answers beyond 64 bits are refused by name', () => {
    const writer = new SubmissionWriter(folder, IDS, 0n, aime);
    const refusal = expect.objectContaining({ name: 'BadSubmissionError' });
    expect(() => writer.set('z', 0n)).toThrow(refusal);
    expect(() => writer.set('a', 2n ** 63n)).toThrow(refusal);
    expect(() => new SubmissionWriter(folder, IDS, 2n ** 63n, aime)).toThrow(refusal);
  });
});

describe('readSubmission', () => {
  test.each([
    ['an answer that is no integer', 'id,answer\na,1\nb,2.0\n', 'BadSubmissionError', 3],
    ['an answer that is missing', 'id,answer\na,\n', 'BadSubmissionError', 2],
    ['a repeated id', 'id,answer\na,1\na,1\n', 'DuplicateIdError', 3],
    ['no answer column', 'id,value\na,1\n', 'MissingColumnError', undefined],
  ])('refuses %s', async (_, content, name, line) => {
    await writeFile(join(folder, 'submission.csv'), content);
    const error = await readSubmission(folder, aime).catch((caught) => caught);
    expect([error.name, error.place.line]).toEqual([name, line]);
  });

  test('ids that need quotes survive', async () => {
    const ids = ['a,b', 'c"d', 'e\nf', ' g ', 'h\r'];
    await new SubmissionWriter(folder, ids, 3n, aime).start();
    expect((await both()).map(([id]) => id)).toEqual(ids);
  });
});

describe('a submission of texts', () => {
  const free = editionOf('free');

  test('holds texts in both files, and gives back integers and texts', async () => {
    const writer = new SubmissionWriter(folder, IDS, 0n, free);
    writer.set('b', 'sqrt(2)/2');
    writer.set('a', '{1, "x"}');
    await writer.start();
    expect([...(await readSubmission(folder, free))]).toEqual([
      ['b', 'sqrt(2)/2'],
      ['192e23', 0n],
      ['a', '{1, "x"}'],
    ]);
    expect(await readParquet()).toEqual([
      ['b', 'sqrt(2)/2'],
      ['192e23', '0'],
      ['a', '{1, "x"}'],
    ]);
    writer.set('b', 2n ** 70n);
    await writer.flush();
    expect((await readSubmission(folder, free)).get('b')).toBe(2n ** 70n);
  });

  test('is refused in an edition of integers', async () => {
    await new SubmissionWriter(folder, IDS, 'none', free).start();
    await expect(readSubmission(folder, aime)).rejects.toMatchObject({ name: 'BadSubmissionError' });
    const refusal = expect.objectContaining({ name: 'BadSubmissionError' });
    expect(() => new SubmissionWriter(folder, IDS, 'none', aime)).toThrow(refusal);
  });
});
