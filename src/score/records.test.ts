import { describe, expect, test } from '@jest/globals';
import { BASE, sampleOf, syntheticRun, syntheticSamples } from '../../test/support/syntheticRuns.js';
import { collectRecords, digestOfRecords } from './records.js';

const size = { problems: 3, samples: 2 };
const run = syntheticRun(BASE, size);

describe('collectRecords', () => {
  test('keeps the counts and lets the text go', async () => {
    const [record] = await collectRecords(run, [
      sampleOf('p001', 0, { value: 42n, tokens: 30, answerEnd: 12 }),
    ]);
    expect(record).toEqual({
      problemId: 'p001',
      index: 0,
      answer: '42',
      tokens: 30,
      answerEnd: 12,
      forced: null,
      finish: 'stop',
      logprob: -7.5,
      tailLogprob: -7.5,
      startedAt: 0,
      seconds: 0.03,
    });
  });

  test('refuses samples of other problems, doubles, and answers without an end', async () => {
    const sample = sampleOf('p000', 0, { value: 1n, tokens: 5 });
    const attempts = [
      [sampleOf('p900', 0, { value: 1n, tokens: 5 })],
      [sample, sample],
      // Of another run on the same problems.
      [sampleOf('p000', 0, { value: 1n, tokens: 5, seed: 4 })],
      [{ ...sample, answerEnd: null }],
      [{ ...sample, answer: { ...sample.answer, value: null } }],
    ];
    for (const samples of attempts)
      await expect(collectRecords(run, samples, { file: 'a/samples.jsonl' })).rejects.toMatchObject({
        name: 'JournalContentError',
        message: expect.stringMatching(/^a\/samples\.jsonl: sample 0 of problem p[09]00 /),
      });
  });
});

describe('digestOfRecords', () => {
  test('ignores the order of the journal and sees every change', async () => {
    const records = await collectRecords(run, syntheticSamples(BASE, size));
    const digest = digestOfRecords(records);
    expect(digestOfRecords([...records].reverse())).toBe(digest);
    expect(digestOfRecords(records.slice(1))).not.toBe(digest);
    expect(digestOfRecords([{ ...records[0]!, answer: '123456' }, ...records.slice(1)])).not.toBe(digest);
  });
});
