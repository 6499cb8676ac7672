/** The audit as a user runs it: overlaps planted in corpora of every kind, clean corpora, and every wrong input. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { AuditReport, ProblemReport } from '../src/audit/audit.js';
import { auditCorpora } from '../src/audit/audit.js';
import { readProblems } from '../src/problems/problemSet.js';
import { runCli } from './support/cli.js';
import { temporaryFolder } from './support/models.js';

const TENNIS =
  'Fred and George take part in a tennis tournament with $4046$ other players. In each round, the players are paired into ' +
  '$2024$ matches. How many ways are there to arrange the first round such that they do not have to play each other?';
const TRIANGLE =
  'Triangle $ABC$ has side length $AB = 20$ and circumradius $R = 26$. Let $D$ be the foot of the perpendicular from $C$ to ' +
  'the line $AB$. What is the greatest possible length of segment $CD$?';
const POWER = 'What is $48^9 \\bmod 7$?';
const SPIDER =
  'A spider has eight legs, each with 8 socks. How many orders of putting all of them on are there?';
const PROBLEMS = { tennis: TENNIS, triangle: TRIANGLE, power: POWER, spider: SPIDER };

/** 300 documents about nothing, with problems planted. */
function documents(planted: Readonly<Record<number, string>>): Record<string, unknown>[] {
  return Array.from({ length: 300 }, (_, at) => ({
    id: at,
    source: 'made up',
    text: `Nothing of number ${at} is to be seen,\nand "nobody", they say, looked.\n${planted[at] ?? ''}\nSo it ends.`,
  }));
}

const PLANTED = {
  7: POWER,
  50: `Once more: ${TRIANGLE.toUpperCase().replaceAll('$', '')} And so on.`,
  120: TENNIS.replace('4046', '502').replace('2024', '252'),
  299: 'They said that a spider has eight legs, each with 8 socks. How many orders of cheese is that?',
};

let folder: string;
let problems: string;

const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const csvField = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`;

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  problems = await put(
    'problems.jsonl',
    jsonl(Object.entries(PROBLEMS).map(([id, problem]) => ({ id, problem }))),
  );
});

interface AuditOutput extends AuditReport {
  readonly overlaps: number;
}

async function audit(corpora: readonly string[], ...more: string[]) {
  const { status, stdout, stderr } = await runCli([
    'audit',
    ...['--corpus', ...corpora, '--problems', problems, '--json', ...more],
  ]);
  return { status, stderr, report: stdout === '' ? null : (JSON.parse(stdout) as AuditOutput) };
}

const found = (reports: readonly ProblemReport[]) =>
  reports.map(({ id, level, finds }) => [id, level, finds[0] && [finds[0].best.line, finds[0].best.field]]);

describe('planted overlaps', () => {
  const EXPECTED = (line: (row: number) => number) => [
    ['tennis', 'variant', [line(120), 'text']],
    ['triangle', 'exact', [line(50), 'text']],
    ['power', 'exact', [line(7), 'text']],
    ['spider', '13-gram', [line(299), 'text']],
  ];

  test.each(['plain.jsonl', 'compressed.jsonl.gz'])('are found with their lines in %s', async (name) => {
    const content = jsonl(documents(PLANTED));
    const file = await put(name, name.endsWith('.gz') ? gzipSync(content) : content);
    const { status, report } = await audit([file]);
    expect(found(report!.problems)).toEqual(EXPECTED((row) => row + 1));
    expect([status, report!.documents, report!.bytes, report!.overlaps]).toEqual([
      1,
      300,
      Buffer.byteLength(content),
      4,
    ]);
  });

  test('are found in CSV, where a row has several lines', async () => {
    const rows = documents(PLANTED).map((row) => Object.values(row).map(csvField).join(','));
    const file = await put('rows.csv', `id,source,text\r\n${rows.join('\r\n')}\r\n`);
    // Each text has four lines; the header has one.
    const { report } = await audit([file]);
    expect(found(report!.problems)).toEqual(EXPECTED((row) => 2 + 4 * row));
  });

  test('are found in Parquet, by row, in every group of rows', async () => {
    const rows = documents(PLANTED);
    const column = (name: string) => rows.map((row) => row[name]);
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: column('id') as number[] },
        { name: 'text', data: column('text') as string[] },
      ],
      rowGroupSize: 100,
    });
    const { report } = await audit([await put('rows.parquet', new Uint8Array(buffer))]);
    expect(found(report!.problems)).toEqual(EXPECTED((row) => row + 1));
    expect(report!.documents).toBe(300);
  });

  test('are found in nested fields; --field and --fail-on narrow the search', async () => {
    const rows = [
      {
        messages: [
          { role: 'user', content: TRIANGLE },
          { role: 'assistant', content: '20' },
        ],
        note: POWER,
      },
    ];
    const file = await put('chat.jsonl', jsonl(rows));
    expect(found((await audit([file])).report!.problems)).toEqual([
      ['tennis', null, undefined],
      ['triangle', 'exact', [1, 'messages.content']],
      ['power', 'exact', [1, 'note']],
      ['spider', null, undefined],
    ]);
    const narrow = await audit([file], '--field', 'messages.role', 'note');
    expect(narrow.report!.problems.filter(({ level }) => level !== null).map(({ id }) => id)).toEqual([
      'power',
    ]);
    expect((await audit([file], '--fail-on', '13-gram,variant')).status).toBe(0);
  });

  test('are the same whatever the number of threads and pieces', async () => {
    // More than one piece of 16 MiB, with documents that lie across the cuts.
    const filler = 'nothing at all '.repeat(3000);
    const rows = Array.from({ length: 800 }, (_, at) => ({
      text: `${filler}${at}`,
      more: at === 373 ? TRIANGLE : at === 799 ? POWER : '',
    }));
    const file = await put('large.jsonl', `\ufeff${jsonl(rows)}`);
    const set = await readProblems(problems);
    const [one, two] = [
      await auditCorpora([set], [file], { threads: 1 }),
      await auditCorpora([set], [file], { threads: 2 }),
    ];
    expect(one.problems).toEqual(two.problems);
    expect([one.documents, one.bytes]).toEqual([two.documents, two.bytes]);
    expect(found(two.problems)).toEqual([
      ['tennis', null, undefined],
      ['triangle', 'exact', [374, 'more']],
      ['power', 'exact', [800, 'more']],
      ['spider', null, undefined],
    ]);
  });
});

describe('what is clean', () => {
  test('a corpus without any problem ends with status 0', async () => {
    const { status, report } = await audit([await put('clean.jsonl', jsonl(documents({})))]);
    expect([status, report!.overlaps]).toEqual([0, 0]);
  });

  test('halves of problems/pebble, which differ in numbers alone, are clean against each other', async () => {
    const lines = (await readFile(join('problems', 'pebble', 'test.csv'), 'utf8')).trimEnd().split('\n');
    const [header, ...rows] = lines;
    const half = (from: number) => `${[header, ...rows.slice(from, from + 128)].join('\n')}\n`;
    const [first, second] = [await put('first.csv', half(0)), await put('second.csv', half(128))];
    const args = (corpus: string, set: string) => ['audit', '--corpus', corpus, '--problems', set];
    const clean = await runCli(args(second, first));
    expect([clean.status, clean.stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringContaining('Clean: none of 128 problems overlaps · 128 documents'),
    ]);
    const same = await runCli(args(first, first));
    expect([same.status, same.stdout.split('\n')[0]]).toEqual([
      1,
      expect.stringContaining('128 of 128 problems overlap'),
    ]);
  });
});

describe('dates', () => {
  test('problems older than the model are counted', async () => {
    const set = { ...(await readProblems(problems)), date: '2024-02' };
    const corpus = [await put('dated.jsonl', jsonl(documents({})))];
    const ageAt = async (modelDate: string) =>
      (await auditCorpora([set], corpus, { modelDate })).problems.map(({ age }) => age)[0];
    expect(await ageAt('2025')).toBe('older');
    expect(await ageAt('2024-02-01')).toBe('older');
    expect(await ageAt('2024')).toBe('older');
    expect(await ageAt('2024-01-31')).toBe('newer');
    const { stdout } = await runCli([
      'audit',
      ...['--corpus', ...corpus, '--problems', problems, '--model-date', '2024'],
    ]);
    expect(stdout).toContain('Of 4 the date is not known');
  });
});

describe('wrong input ends with status 2', () => {
  const whole = jsonl(documents({}));
  const bytes = (...values: number[]) => Buffer.from(values);

  test.each<[string, string, string | Uint8Array, RegExp]>([
    [
      'a torn last line',
      'torn.jsonl',
      whole.slice(0, -20),
      /MalformedFileError: .*torn\.jsonl:300: .*cut short/,
    ],
    ['a line that is not JSON', 'bad.jsonl', `{"a":"b"}\nno\n{"a":"c"}\n`, /bad\.jsonl:2: not JSON/],
    ['a line that is no object', 'list.jsonl', '["a"]\n', /list\.jsonl:1: not a JSON object/],
    [
      'bytes that are not UTF-8',
      'latin.jsonl',
      Buffer.concat([Buffer.from('{"a":"b"}\n{"a":"é'), bytes(0xe9), Buffer.from('"}\n')]),
      /NotUtf8Error: .*latin\.jsonl:2: byte 9 of the line \(0xe9\)/,
    ],
    [
      'compressed data cut short',
      'torn.jsonl.gz',
      gzipSync(whole).subarray(0, -200),
      /torn\.jsonl\.gz: .*cut short/,
    ],
    ['what only looks compressed', 'plain.csv.gz', 'id,text\n', /plain\.csv\.gz: it cannot be decompressed/],
    [
      'an unclosed quote',
      'torn.csv',
      'id,text\n1,a\n2,"b\nc',
      /torn\.csv:3: .*opens a quote that nothing closes/,
    ],
    ['a ragged row', 'ragged.csv', 'id,text\n1,a\n2\n', /ragged\.csv:3: the row has 1 fields, the header 2/],
    [
      'Parquet without its footer',
      'torn.parquet',
      'PAR1 and then nothing',
      /MalformedFileError: .*torn\.parquet/,
    ],
    ['an empty file', 'empty.jsonl', '', /EmptySetError: .*empty\.jsonl: the corpus has no documents/],
    ['a header alone', 'header.csv', 'id,text\n', /EmptySetError: .*header\.csv/],
    [
      'no text at all',
      'numbers.jsonl',
      '{"id":1,"n":2}\n',
      /NoTextError: .*numbers\.jsonl: .*there are "id", "n"/,
    ],
    ['a type that is not read', 'corpus.txt', 'text', /UnknownFileTypeError: .*corpus\.txt/],
  ])('%s', async (_, name, content, message) => {
    const { status, stderr, report } = await audit([
      await put('clean.csv', 'text\nnothing here\n'),
      await put(name, content),
    ]);
    expect([status, report]).toEqual([2, null]);
    expect(stderr).toMatch(message);
  });

  test('a field that no document has', async () => {
    const file = await put('fields.jsonl', '{"text":"a"}\n');
    const { status, stderr } = await audit([file], '--field', 'body');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/NoTextError: .*in body; there are "text"/)]);
  });

  test('a line longer than any document', async () => {
    const file = await put('long.jsonl', `{"a":"b"}\n{"a":"${'x'.repeat(65 * 2 ** 20)}"}\n`);
    const { status, stderr } = await audit([file]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/DocumentTooLargeError: .*long\.jsonl:2: .*64 MiB/),
    ]);
  });

  test.each([
    ['no problems', 'id,problem\n', /EmptySetError/],
    ['an id twice', 'id,problem\na,x\na,y\n', /DuplicateIdError/],
  ])('%s', async (_, content, message) => {
    const set = await put('set.csv', content);
    const corpus = await put('clean.csv', 'text\nnothing here\n');
    const { status, stderr } = await runCli(['audit', '--corpus', corpus, '--problems', set]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  test('a missing file, a folder, a wrong option', async () => {
    const corpus = await put('clean.csv', 'text\nnothing here\n');
    expect((await audit([join(folder, 'nowhere.jsonl')])).stderr).toMatch(/FileAccessError: .*ENOENT/);
    expect((await audit([corpus], '--fail-on', 'sometimes')).status).toBe(2);
    expect((await audit([corpus], '--model-date', 'May')).status).toBe(2);
    expect((await runCli(['audit', '--problems', problems])).status).toBe(2);
  });
});

const shared = join(process.cwd(), '..', 'shared', 'problems');
const inShared = existsSync(shared) ? test : test.skip;
inShared(
  'real competitions share boilerplate at most (skipped where ../shared/problems is not there)',
  async () => {
    const names = ['aime24.jsonl', 'aime25.jsonl', 'aimo2-reference.csv', 'aimo3-reference.csv'];
    for (const name of names) {
      const set = await readProblems(join(shared, name));
      const others = names.filter((other) => other !== name).map((other) => join(shared, other));
      const { problems: reports } = await auditCorpora([set], others);
      expect(reports.flatMap(({ finds }) => finds).filter(({ level }) => level !== '13-gram')).toEqual([]);
      const own = await auditCorpora([set], [join(shared, name)]);
      expect(own.problems.filter(({ level }) => level !== 'exact')).toEqual([]);
    }
  },
);
