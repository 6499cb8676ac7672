import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Run, RunSettings, Sample } from '../core.js';
import { editionOf } from '../problems/editions.js';
import { Journal } from './journal.js';
import { readRun } from './readRun.js';
import { sealRun } from './seal.js';
import { SubmissionWriter } from './submission.js';
import { RUN, sampleOf } from './testRun.fixture.js';

let folder: string;
let samplesFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-journal-'));
  samplesFile = join(folder, 'samples.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

async function write(samples: readonly Sample[]): Promise<void> {
  const journal = await Journal.create(folder, RUN);
  await Promise.all(samples.map((sample) => journal.append(sample)));
  await journal.close();
}

/** Opens, closes, and gives what was there in the order of the lines. */
async function resumed(run: Run = RUN): Promise<Sample[]> {
  const journal = await Journal.resume(folder, run);
  await journal.close();
  return [...journal.done.values()].flatMap((samples) => [...samples.values()]);
}

async function stored(): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of (await readRun(folder)).samples) samples.push(sample);
  return samples;
}

const caughtFrom = (promise: Promise<unknown>) => promise.then(() => null).catch((error) => error);

describe('create, append, resume', () => {
  test('every field of every sample comes back, answers of any size included', async () => {
    const none = { value: null, rule: 'none', span: null, warning: 'no box' };
    const samples = [
      sampleOf('192e23', 0),
      { ...sampleOf('a', 3, '\ud800 half a pair'), answer: none, answerEnd: null, finish: 'length' as const },
      { ...sampleOf('b', 1), answer: { ...none, value: -5n } },
    ];
    await write(samples);
    expect(await resumed()).toEqual(samples);
    expect(await stored()).toEqual(samples);
    expect((await readRun(folder)).run).toEqual(RUN);
  });

  test('the folder holds the two files and no lock once closed', async () => {
    await write([]);
    expect((await readdir(folder)).sort()).toEqual(['run.json', 'samples.jsonl']);
  });

  test('what a writer left that was killed in the middle of a file is cleared away, and nothing else', async () => {
    await write([sampleOf('192e23', 0)]);
    for (const name of ['.0123456789ab.tmp', '.notes.tmp', '0123456789ab.tmp'])
      await writeFile(join(folder, name), 'half');
    await resumed();
    expect((await readdir(folder)).sort()).toEqual([
      ...['.notes.tmp', '0123456789ab.tmp', 'run.json', 'samples.jsonl'],
    ]);
  });

  test('a resumed journal goes on behind what is there', async () => {
    await write([sampleOf('a', 0)]);
    const journal = await Journal.open(folder, RUN);
    await journal.append(sampleOf('a', 1));
    await journal.close();
    await journal.close();
    expect(await resumed()).toEqual([sampleOf('a', 0), sampleOf('a', 1)]);
  });

  test('of two samples with one problem and index the first counts', async () => {
    await write([sampleOf('a', 0, 'first'), sampleOf('b', 0), sampleOf('a', 0, 'second')]);
    expect((await resumed()).map(({ text }) => text)).not.toContain('second');
    expect(await stored()).toEqual([sampleOf('a', 0, 'first'), sampleOf('b', 0)]);
  });

  test('a second run in one folder is refused, whatever of the first is left', async () => {
    await write([sampleOf('a', 0)]);
    await expect(Journal.create(folder, RUN)).rejects.toMatchObject({ name: 'RunExistsError' });
    await rm(join(folder, 'run.json'));
    await expect(Journal.open(folder, RUN)).rejects.toMatchObject({ name: 'RunExistsError' });
  });

  test.each([
    ['an unknown problem', sampleOf('z', 0), 'problemId'],
    ['an index beyond the samples', sampleOf('a', 4), 'index'],
    ['a log-probability that JSON does not have', { ...sampleOf('a', 0), logprob: Number.NaN }, 'logprob'],
    ['tokens that are no ids', { ...sampleOf('a', 0), tokens: [1.5] }, 'tokens'],
  ])('append refuses %s', async (_, sample, field) => {
    const journal = await Journal.create(folder, RUN);
    await expect(journal.append(sample)).rejects.toMatchObject({ name: 'BadSampleError', place: { field } });
    await journal.append(sampleOf('a', 1));
    await journal.close();
    expect(await resumed()).toEqual([sampleOf('a', 1)]);
  });

  test('a folder below a file is refused by name', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const below = join(file, 'run');
    await expect(Journal.open(below, RUN)).rejects.toMatchObject({
      name: 'FileAccessError',
      place: { file: below },
    });
  });

  test('a run that could not be read again is never written', async () => {
    const bad = { ...RUN, digests: { ...RUN.digests, model: 'short' } };
    const place = { field: 'digests.model' };
    await expect(Journal.create(folder, bad)).rejects.toMatchObject({ name: 'NotARunError', place });
    await write([sampleOf('a', 0)]);
    expect(await resumed()).toHaveLength(1);
  });
});

describe('damage', () => {
  test('a last line torn at any byte costs that line alone, and the next sample is whole', async () => {
    await write([sampleOf('a', 0), sampleOf('b', 1)]);
    const bytes = await readFile(samplesFile);
    const lastLine = bytes.indexOf('\n') + 1;
    const whole = join(folder, 'whole');
    await copyFile(samplesFile, whole);
    for (let length = lastLine; length < bytes.length; length += 1) {
      await copyFile(whole, samplesFile);
      await truncate(samplesFile, length);
      expect(await stored()).toEqual([sampleOf('a', 0)]);
      const journal = await Journal.resume(folder, RUN);
      expect(journal.droppedBytes).toBe(length - lastLine);
      await journal.append(sampleOf('b', 1));
      await journal.close();
      expect((await readFile(samplesFile)).equals(bytes)).toBe(true);
    }
  });

  test.each([
    ['cut short', (line: string) => line.slice(0, -5)],
    ['of zeros', (line: string) => '\0'.repeat(line.length)],
    ['with a number for an answer', (line: string) => line.replace(/"value":"\d+"/, '"value":5')],
    ['with a field too many', (line: string) => line.replace('{', '{"extra":1,')],
    ['that is empty', () => ''],
  ])('a line %s is an error in the middle and is cut off at the end', async (_, damage) => {
    await write([sampleOf('a', 0), sampleOf('a', 1), sampleOf('a', 2)]);
    const [first, second, third] = (await readFile(samplesFile, 'utf8')).split('\n') as [
      string,
      string,
      string,
    ];
    const place = { file: samplesFile, line: 2 };
    for (const rest of [`${third}\n`, third.slice(0, 9)]) {
      await writeFile(samplesFile, `${first}\n${damage(second)}\n${rest}`);
      await expect(resumed()).rejects.toMatchObject({ name: 'CorruptJournalError', place });
      await expect(stored()).rejects.toMatchObject({ name: 'CorruptJournalError', place });
    }
    await writeFile(samplesFile, `${first}\n${second}\n${damage(third)}\n`);
    expect(await resumed()).toEqual([sampleOf('a', 0), sampleOf('a', 1)]);
    expect(await readFile(samplesFile, 'utf8')).toBe(`${first}\n${second}\n`);
  });

  test('bytes that are not UTF-8 are damage, not replacement characters', async () => {
    await write([sampleOf('a', 0, 'caf_'), sampleOf('a', 1)]);
    const bytes = await readFile(samplesFile);
    bytes[bytes.indexOf('caf_') + 3] = 0xe9;
    await writeFile(samplesFile, bytes);
    await expect(resumed()).rejects.toMatchObject({ name: 'CorruptJournalError', place: { line: 1 } });
  });

  test('a sample of another run is refused even in the last line', async () => {
    await write([sampleOf('a', 0), sampleOf('a', 1)]);
    const text = await readFile(samplesFile, 'utf8');
    await writeFile(samplesFile, text.replace(/"index":1/, '"index":9'));
    const place = { line: 2, field: 'index' };
    await expect(resumed()).rejects.toMatchObject({ name: 'CorruptJournalError', place });
  });

  test('lines longer than a read are put together', async () => {
    const long = sampleOf('a', 0, 'é'.repeat(1_200_000));
    await write([long, sampleOf('a', 1)]);
    expect(await resumed()).toEqual([long, sampleOf('a', 1)]);
  });

  test('a missing journal is an error, not an empty run', async () => {
    await write([sampleOf('a', 0)]);
    await rm(samplesFile);
    await expect(resumed()).rejects.toMatchObject({ name: 'FileAccessError', place: { file: samplesFile } });
  });
});

describe('another run', () => {
  const settings = (change: Partial<RunSettings>): Run => ({
    ...RUN,
    settings: { ...RUN.settings, ...change },
  });

  test.each([
    [
      'settings.sampling.topP',
      settings({ sampling: { ...RUN.settings.sampling, topP: 0.9 } }),
      '0.95',
      '0.9',
    ],
    ['settings.vote', settings({ vote: 'entropy' }), '"plurality"', '"entropy"'],
    ['settings.samples', settings({ samples: 5 }), '4', '5'],
    ['settings.timeBudgetMs', settings({ timeBudgetMs: 1_000 }), 'null', '1000'],
    ['settings.device', settings({ device: 'cuda' }), '"cpu"', '"cuda"'],
    ['digests.prompt', { ...RUN, digests: { ...RUN.digests, prompt: 'd'.repeat(64) } }, '"ccc', '"ddd'],
    ['order[0]', { ...RUN, order: ['a', '192e23', 'b'] }, '"b"', '"a"'],
    ['order[3]', { ...RUN, order: [...RUN.order, 'd'] }, 'nothing', '"d"'],
    ['format', { ...RUN, format: RUN.format + 1 }, `${RUN.format}`, `${RUN.format + 1}`],
  ])('resume refuses another %s by name, with both values', async (field, run, was, is) => {
    await write([sampleOf('a', 0)]);
    const error = await caughtFrom(Journal.resume(folder, run));
    expect(error).toMatchObject({ name: 'RunMismatchError', place: { field } });
    expect(error.message).toContain(`begun with ${was}`);
    expect(error.message).toContain(`now it is ${is}`);
    expect(error.hint).toContain(field);
    expect(await resumed()).toHaveLength(1);
  });

  test('answers that are no integers come back as they were', async () => {
    const texts = ['sqrt(2)/2', '{1, 2}', 'yes', '-1/2', '"'].map((value, index) => {
      const sample = sampleOf('a', index % 4);
      return { ...sample, problemId: index < 4 ? 'a' : 'b', answer: { ...sample.answer, value } };
    });
    await write(texts);
    expect((await resumed()).map(({ answer }) => answer.value)).toEqual(
      texts.map(({ answer }) => answer.value),
    );
  });

  test('program and library versions may differ', async () => {
    await write([sampleOf('a', 0)]);
    expect(await resumed({ ...RUN, program: '9', versions: { node: '99' } })).toHaveLength(1);
  });

  test('folders that are no run, or of another format, are refused by name', async () => {
    const runFile = join(folder, 'run.json');
    await expect(readRun(folder)).rejects.toMatchObject({ name: 'NotARunError' });
    for (const content of ['{', '[]', '{}', JSON.stringify({ ...RUN, settings: {} })]) {
      await writeFile(runFile, content);
      await expect(readRun(folder)).rejects.toMatchObject({ name: 'NotARunError', place: { file: runFile } });
    }
    await writeFile(runFile, JSON.stringify({ ...RUN, format: RUN.format - 1 }));
    await expect(readRun(folder)).rejects.toMatchObject({
      name: 'RunFormatError',
      place: { field: 'format' },
    });
  });

  test('a sealed run takes no more samples, and is not resumed once its journal was changed', async () => {
    await write([sampleOf('a', 0)]);
    await new SubmissionWriter(folder, RUN.order, 0n, editionOf('aime')).start();
    await sealRun(folder, RUN);
    const journal = await Journal.resume(folder, RUN);
    await expect(journal.append(sampleOf('a', 1))).rejects.toMatchObject({ name: 'RunSealedError' });
    await journal.close();
    await writeFile(samplesFile, '');
    await expect(resumed()).rejects.toMatchObject({ name: 'SealBrokenError', place: { file: samplesFile } });
  });
});

describe('processes', () => {
  const program = fileURLToPath(new URL('./appendForever.fixture.js', import.meta.url));
  const SAMPLES = 1_000_000;
  const run: Run = { ...RUN, settings: { ...RUN.settings, samples: SAMPLES } };

  /** Starts a writer and gives what it has acknowledged; `until` resolves at so many more acknowledgements. */
  function startWriter(acknowledged: Set<number>): {
    child: ChildProcess;
    until: (count: number) => Promise<void>;
  } {
    const child = spawn(process.execPath, [program, folder, String(SAMPLES)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => acknowledged.add(Number(line)));
    const until = async (count: number) => {
      const target = acknowledged.size + count;
      while (acknowledged.size < target) await once(lines, 'line');
    };
    return { child, until };
  }

  test('kill -9 loses no acknowledged sample, and the folder can be written again at once', async () => {
    const acknowledged = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const { child, until } = startWriter(acknowledged);
      await until(40);
      const refused = await caughtFrom(Journal.resume(folder, run));
      expect(refused).toMatchObject({
        name: 'RunLockedError',
        message: expect.stringContaining(`${child.pid}`),
      });
      child.kill('SIGKILL');
      await once(child, 'close');
      const done = await resumed(run);
      const indices = new Set(done.map(({ index }) => index));
      expect([...acknowledged].filter((index) => !indices.has(index))).toEqual([]);
      expect(done.every(({ text }) => text === 'x'.repeat(3_000))).toBe(true);
    }
    expect((await readdir(folder)).sort()).toEqual(['run.json', 'samples.jsonl']);
  });
});
