import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FileAccessError } from '../files.js';
import { editionOf } from '../problems/editions.js';
import { extractCommand, extractFile, extractLines, MalformedLineError } from './extract.js';

const aimo3 = editionOf('aimo3');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-extract-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function extractText(content: string, chunkSize = content.length) {
  const bytes = Buffer.from(content);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkSize) chunks.push(bytes.subarray(at, at + chunkSize));
  const written: string[] = [];
  const destination = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      setImmediate(done);
    },
  });
  const counts = await extractLines(
    Readable.from(chunks, { objectMode: false }),
    destination,
    aimo3,
    'test.jsonl',
  );
  return {
    counts,
    lines: written
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown),
  };
}

describe('extracting line by line', () => {
  const content = [
    '{"id":"192e23","text":"é \\\\boxed{1{,}234}","seed":3}',
    '',
    '{"text":"\\\\boxed{1/3}","id":"a"}\r',
    '{"id":"b","text":"nothing"}',
  ].join('\n');
  const expected = [
    { id: '192e23', value: 1234, rule: 'boxed', warning: null },
    { id: 'a', value: null, rule: 'boxed-refused', warning: 'refused: its value is not an integer' },
    { id: 'b', value: null, rule: 'none', warning: null },
  ];

  test.each([1, 2, 7, 1000])('in chunks of %d bytes', async (chunkSize) => {
    const { counts, lines } = await extractText(content, chunkSize);
    expect(lines).toEqual(expected);
    expect(counts).toEqual({ texts: 3, answers: 1, refused: 1 });
  });

  test('a byte-order mark and a last line break change nothing', async () => {
    expect((await extractText(`\ufeff${content}\n`)).lines).toEqual(expected);
  });

  test('an id that is a number is given back as one', async () => {
    expect((await extractText('{"id":7,"text":"\\\\boxed{1}"}')).lines).toMatchObject([{ id: 7, value: 1 }]);
  });

  test('the edition free gives texts for what is no integer', async () => {
    const written: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        written.push(String(chunk));
        done();
      },
    });
    const lines = ['\\\\boxed{\\\\frac{2}{4}}', '\\\\boxed{4}', '\\\\boxed{\\\\text{Yes}}'];
    const input = lines.map((text, id) => `{"id":${id},"text":"${text}"}\n`).join('');
    const free = editionOf('free');
    await extractLines(Readable.from([input], { objectMode: false }), destination, free, 'test.jsonl');
    const values = written
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value);
    expect(values).toEqual(['1/2', 4, 'yes']);
  });

  test('no line, no answer', async () => {
    expect(await extractText('')).toEqual({ counts: { texts: 0, answers: 0, refused: 0 }, lines: [] });
  });

  test('a pipe that its reader closes ends the work, and the counts say how far it came', async () => {
    let lines = 0;
    const closing = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) =>
        done(++lines === 3 ? Object.assign(new Error(), { code: 'EPIPE' }) : null),
    });
    const texts = Array.from({ length: 1000 }, (_, i) => `{"id":"${i}","text":"x"}\n`);
    const { texts: read } = await extractLines(
      Readable.from(texts, { objectMode: false }),
      closing,
      aimo3,
      'x',
    );
    expect(read).toBeGreaterThanOrEqual(3);
    expect(read).toBeLessThan(1000);
  });

  test.each([
    ['{"id":"a","text":"\\\\boxed', 'not JSON', undefined],
    ['[]', 'id: there is none', 'id'],
    ['null', 'no JSON object', undefined],
    ['"x"', 'no JSON object', undefined],
    ['{"id":"a"}', 'text: there is none', 'text'],
    ['{"id":[7],"text":"x"}', 'id: it is neither', 'id'],
    ['{"id":1e300,"text":"x"}', 'id: it is neither', 'id'],
    ['{"id":"a","text":null}', 'text: it is not a text', 'text'],
  ])('a malformed line is named: %s', async (line, message, field) => {
    const failure = extractText(`{"id":"a","text":"x"}\n${line}\n`);
    await expect(failure).rejects.toThrow(MalformedLineError);
    await expect(failure).rejects.toThrow(message);
    const place = { file: 'test.jsonl', line: 2, ...(field === undefined ? {} : { field }) };
    await expect(failure).rejects.toMatchObject({ place });
  });
});

describe('files', () => {
  test('the output holds one line for each text', async () => {
    const [input, output] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
    const texts = Array.from({ length: 5_000 }, (_, i) =>
      JSON.stringify({ id: `${i}`, text: `\\boxed{${i}}` }),
    );
    await writeFile(input, texts.join('\n'));
    await extractCommand().parseAsync(['--edition', 'aimo3', '--input', input, '--output', output], {
      from: 'user',
    });
    const values = (await readFile(output, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value);
    expect(values).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  });

  test('a failure leaves the old output as it was, and no temporary file', async () => {
    const [input, output] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
    await writeFile(input, '{"id":"a","text":"x"}\n{');
    await writeFile(output, 'old');
    await expect(extractFile(aimo3, input, output)).rejects.toThrow(MalformedLineError);
    expect(await readFile(output, 'utf8')).toBe('old');
    expect((await readdir(folder)).sort()).toEqual(['in.jsonl', 'out.jsonl']);
  });

  test('a missing input and a missing output folder are named', async () => {
    const [missing, input] = [join(folder, 'none', 'x.jsonl'), join(folder, 'in.jsonl')];
    await writeFile(input, '');
    await expect(extractFile(aimo3, missing, input)).rejects.toThrow(`${missing}: cannot read it (ENOENT)`);
    await expect(extractFile(aimo3, input, missing)).rejects.toThrow(`${missing}: cannot write it (ENOENT)`);
    await expect(extractFile(aimo3, missing, input)).rejects.toThrow(FileAccessError);
    await expect(extractFile(aimo3, folder, input)).rejects.toThrow(`${folder}: cannot read it (EISDIR)`);
  });
});

test('the help names every option, the editions and an example', () => {
  const command = extractCommand();
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  for (const part of ['--edition', 'aimo1', 'aimo3', 'aime', '--input', '--output', 'Example:', '"value":42'])
    expect(help).toContain(part);
});
