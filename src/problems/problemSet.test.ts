import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readProblems } from './problemSet.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-problems-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a fixture and gives its path. */
async function fixture(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

const problemsOf = async (name: string, content: string | Uint8Array) =>
  (await readProblems(await fixture(name, content))).problems;

describe('CSV', () => {
  test('ids stay text, quoted newlines and quotes stay in the problem', async () => {
    const content = 'id,problem\n192e23,"Find\n""$x$"", please"\n007, two \n0e644e,last';
    expect(await problemsOf('plain.csv', content)).toEqual([
      { id: '192e23', text: 'Find\n"$x$", please' },
      { id: '007', text: ' two ' },
      { id: '0e644e', text: 'last' },
    ]);
  });

  test.each([
    ['a byte-order mark', '\ufeffid,problem\na,x\nb,y\n'],
    ['CRLF', 'id,problem\r\na,x\r\nb,y\r\n'],
    ['CR alone', 'id,problem\ra,x\rb,y\r'],
    ['mixed line endings', 'id,problem\r\na,x\nb,y\r\n'],
    ['empty lines', '\nid,problem\n\na,x\n\nb,y\n\n'],
    ['header names in any case, columns in any order', 'Year,Question,ID\n24,x,a\n25,y,b\n'],
    ['a MathArena header', 'problem_idx,prompt\na,x\nb,y\n'],
    ['a better name beside a weaker one', 'text,id,problem\n?,a,x\n?,b,y\n'],
  ])('reads %s', async (_, content) => {
    const expected = [
      { id: 'a', text: 'x' },
      { id: 'b', text: 'y' },
    ];
    expect(await problemsOf('variant.csv', content)).toEqual(expected);
  });

  test('rows are numbered when a file given directly has no ids', async () => {
    const expected = [
      { id: '1', text: 'x' },
      { id: '2', text: 'y' },
    ];
    expect(await problemsOf('numbered.csv', 'problem,answer\nx,1\ny,2\n')).toEqual(expected);
  });

  test('answers and solutions are left behind', async () => {
    const set = await readProblems(
      await fixture('label.csv', 'id,problem,answer,solution\na,x,SECRET,SECRET\n'),
    );
    expect(JSON.stringify(set)).not.toContain('SECRET');
  });

  test.each([
    [
      'no problem column',
      'id,task\na,x\n',
      'MissingColumnError',
      undefined,
      /no problem column.*"id", "task"/,
    ],
    [
      'two problem columns',
      'id,problem,Problem\na,x,y\n',
      'AmbiguousColumnError',
      undefined,
      /"problem" and "Problem"/,
    ],
    ['a duplicate id', 'id,problem\na,"1\r\n2"\nb,x\na,y\n', 'DuplicateIdError', 5, /"a" stands in line 2/],
    ['an empty id', 'id,problem\na,x\n ,y\n', 'BadIdError', 3, /id is empty/],
    ['a blank problem', 'id,problem\na,x\nb," \n"\n', 'BadProblemError', 3, /problem is empty/],
    ['an unclosed quote', 'id,problem\r\na,"1\r\n2"\r\nb,"x\r\nc,y\r\n', 'MalformedFileError', 4, /quote/],
    ['text behind a quote', 'id,problem\na,"x"y\n', 'MalformedFileError', 2, /closing quote/],
    ['a quote in a bare field', 'id,problem\na,x"y\n', 'MalformedFileError', 2, /not quoted/],
    ['a long row', 'id,problem\na,x\n\nb,y,z\n', 'MalformedFileError', 4, /more or fewer/],
    ['a short row', 'id,problem\na\n', 'MalformedFileError', 2, /more or fewer/],
    ['a header without rows', 'id,problem\n', 'EmptySetError', undefined, /no rows/],
    ['nothing at all', '', 'EmptySetError', undefined, /empty/],
  ])('refuses %s', async (_, content, name, line, message) => {
    const file = await fixture('fault.csv', content);
    const error = await readProblems(file).catch((caught) => caught);
    expect(error).toMatchObject({ name, message: expect.stringMatching(message), place: { file } });
    expect(error.place.line).toBe(line);
    expect(error.hint).not.toBe('');
  });

  test('refuses bytes that are not UTF-8, with their line', async () => {
    const latin1 = Buffer.from('id,problem\na,x\nb,caf\xe9\n', 'latin1');
    const fault = { name: 'NotUtf8Error', place: { line: 3 } };
    await expect(problemsOf('latin1.csv', latin1)).rejects.toMatchObject(fault);
  });

  test('property: whatever csv-stringify writes is read back exactly', async () => {
    const visible = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '');
    const tricky = fc.stringMatching(/^[a",\r\n \ufeff0e]*x[a",\r\n \ufeff0e]*$/);
    const pair = fc.record({ id: fc.oneof(visible, tricky), text: fc.oneof(visible, tricky) });
    const pairs = fc.uniqueArray(pair, { minLength: 1, selector: ({ id }) => id });
    const lineEnding = fc.constantFrom('\n', '\r\n');
    await fc.assert(
      fc.asyncProperty(pairs, lineEnding, fc.boolean(), async (problems, record_delimiter, bom) => {
        const rows = problems.map(({ id, text }) => [id, text]);
        const content = stringify([['id', 'problem'], ...rows], {
          record_delimiter,
          bom,
          quoted_match: /[\r\n]/,
        });
        expect(await problemsOf('property.csv', content)).toEqual(problems);
      }),
      { numRuns: 200 },
    );
  });
});

describe('JSONL and Parquet', () => {
  test('JSONL: whole numbers become ids, blank lines and CRLF are passed over', async () => {
    const content = '{"id": 7, "question": "x"}\r\n\r\n{"id": "192e23", "question": " y\\n"}\r\n';
    const expected = [
      { id: '7', text: 'x' },
      { id: '192e23', text: ' y\n' },
    ];
    expect(await problemsOf('plain.jsonl', content)).toEqual(expected);
  });

  test.each([
    ['a syntax error', '{"id":"a","problem":"x"}\n\n{"id":"b",\n', 'MalformedFileError', 3],
    ['a line that is no object', '[1]\n', 'MalformedFileError', 1],
    ['a missing problem', '{"id":"a","problem":"x"}\n{"id":"b"}\n', 'BadProblemError', 2],
    ['a problem that is no text', '{"id":"a","problem":5}\n', 'BadProblemError', 1],
    ['an id that lost digits as a number', '{"id":192e23,"problem":"x"}\n', 'BadIdError', 1],
    ['an empty file', '\n', 'MissingColumnError', undefined],
  ])('JSONL: refuses %s', async (_, content, name, line) => {
    const error = await problemsOf('fault.jsonl', content).catch((caught) => caught);
    expect(error.name).toBe(name);
    expect(error.place.line).toBe(line);
  });

  test('Parquet: text and integer ids', async () => {
    for (const [ids, expected] of [
      [
        ['192e23', 'é'],
        ['192e23', 'é'],
      ],
      [
        [7n, 8n],
        ['7', '8'],
      ],
    ] as const) {
      const columnData = [
        { name: 'id', data: [...ids] },
        { name: 'problem', data: ['a\nb', 'ü'] },
        { name: 'answer', data: [1, 2] },
      ];
      const file = await fixture('set.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
      const set = await readProblems(file);
      expect(set.problems.map(({ id }) => id)).toEqual(expected);
      expect(set.problems.map(({ text }) => text)).toEqual(['a\nb', 'ü']);
    }
  });

  test.each([
    ['GZIP', gzipSync],
    ['BROTLI', brotliCompressSync],
  ] as const)('Parquet: %s', async (codec, compress) => {
    const columnData = [
      { name: 'id', data: ['a', 'b'] },
      { name: 'problem', data: ['x'.repeat(99), 'y'] },
    ];
    const compressors = { [codec]: (input: Uint8Array) => new Uint8Array(compress(input)) };
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors }));
    const problems = await problemsOf('compressed.parquet', bytes);
    expect(problems.map(({ text }) => text)).toEqual(['x'.repeat(99), 'y']);
  });

  test('Parquet: a cut file is refused by name', async () => {
    const columnData = [
      { name: 'id', data: ['a'] },
      { name: 'problem', data: ['x'] },
    ];
    const whole = new Uint8Array(parquetWriteBuffer({ columnData }));
    const fault = { name: 'MalformedFileError' };
    await expect(problemsOf('cut.parquet', whole.subarray(0, whole.length - 9))).rejects.toMatchObject(fault);
    await expect(problemsOf('empty.parquet', '')).rejects.toMatchObject(fault);
  });

  test('the digest depends on ids and texts alone', async () => {
    const digestOf = async (name: string, content: string) =>
      (await readProblems(await fixture(name, content))).digest;
    const first = await digestOf('one.csv', 'id,problem\na,x\nb,y\n');
    expect(await digestOf('two.jsonl', '{"ID":"b","text":"y"}\n{"ID":"a","text":"x"}\n')).toBe(first);
    expect(await digestOf('three.csv', 'id,problem\na,x\nb,y \n')).not.toBe(first);
    expect(await digestOf('four.csv', 'id,problem\na,y\nb,x\n')).not.toBe(first);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('paths', () => {
  const description = { name: 'tiny', title: 'Tiny', edition: 'aime', source: 'a test' };

  async function setFolder(name: string, setJson: string | null, testCsv: string): Promise<string> {
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    if (setJson !== null) await writeFile(join(path, 'set.json'), setJson);
    await writeFile(join(path, 'test.csv'), testCsv);
    return path;
  }

  test('a set folder brings its name and edition', async () => {
    const path = await setFolder('tiny', JSON.stringify(description), 'id,problem\na,x\n');
    const { digest, ...set } = await readProblems(path);
    const expected = {
      name: 'tiny',
      title: 'Tiny',
      edition: 'aime',
      prompt: null,
      date: null,
      answersDigest: null,
      file: join(path, 'test.csv'),
    };
    expect(set).toEqual({ ...expected, problems: [{ id: 'a', text: 'x' }] });
  });

  test.each([
    ['no set.json', null, 'BadSetError', undefined],
    ['broken JSON', '{', 'BadSetError', undefined],
    ['a missing title', JSON.stringify({ ...description, title: undefined }), 'BadSetError', 'title'],
    ['a numeric edition', JSON.stringify({ ...description, edition: 3 }), 'BadSetError', 'edition'],
  ])('a set folder with %s is refused', async (name, setJson, error, field) => {
    const path = await setFolder(name, setJson, 'id,problem\na,x\n');
    const caught = await readProblems(path).catch((reason) => reason);
    expect([caught.name, caught.place.field]).toEqual([error, field]);
  });

  test('the rows of a set folder are never numbered', async () => {
    const path = await setFolder('unnumbered', JSON.stringify(description), 'problem\nx\n');
    await expect(readProblems(path)).rejects.toMatchObject({
      name: 'MissingColumnError',
      place: { field: 'id' },
    });
  });

  test('unknown types and missing files are refused by name', async () => {
    await expect(problemsOf('set.xlsx', 'x')).rejects.toMatchObject({ name: 'UnknownFileTypeError' });
    await expect(readProblems(join(folder, 'absent.csv'))).rejects.toMatchObject({ name: 'FileAccessError' });
  });
});

const shared = join(process.cwd(), '..', 'shared', 'problems');
const inShared = existsSync(shared) ? test : test.skip;
inShared.each([
  ['aime24.jsonl', 30, 'aime24-0'],
  ['aime25.jsonl', 30, 'aime25-0'],
  ['aimo2-reference.csv', 10, '057f8a'],
  ['aimo3-reference.csv', 10, '0e644e'],
])('reads %s (skipped where ../shared/problems is not there)', async (name, count, firstId) => {
  const { problems } = await readProblems(join(shared, name));
  expect(problems).toHaveLength(count);
  expect(problems[0]?.id).toBe(firstId);
});
