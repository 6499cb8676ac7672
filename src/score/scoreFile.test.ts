import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SFT, syntheticRun, syntheticSamples, syntheticScore } from '../../test/support/syntheticRuns.js';
import { ScoreFileError } from './errors.js';
import { collectRecords } from './records.js';
import { readScore, SCORE_FILE, writeScore } from './scoreFile.js';

const size = { problems: 4, samples: 3 };
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boxed-score-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('score.json', () => {
  test('reads back what was written', async () => {
    const score = await syntheticScore(SFT, size);
    await writeScore(folder, score);
    const records = await collectRecords(syntheticRun(SFT, size), syntheticSamples(SFT, size));
    expect(await readScore(folder, records)).toEqual(score);
  });

  test('is refused, with what to do, when it is missing, damaged, of another version, or of other samples', async () => {
    const score = await syntheticScore(SFT, size);
    const records = await collectRecords(syntheticRun(SFT, size), syntheticSamples(SFT, size));
    const file = join(folder, SCORE_FILE);
    const refusal = async (content: string, samples = records): Promise<ScoreFileError> => {
      await writeFile(file, content);
      const error = await readScore(folder, samples).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ScoreFileError);
      return error as ScoreFileError;
    };
    const json = JSON.stringify(score);
    expect((await refusal(json.slice(0, -9))).message).toContain('not JSON');
    expect((await refusal(JSON.stringify({ ...score, format: 0 }))).place.field).toBe('format');
    expect((await refusal(JSON.stringify({ ...score, noAnswerRate: 1.6 }))).place.field).toBe('noAnswerRate');
    const stale = await refusal(json, records.slice(1));
    expect(stale.message).toContain('made from 12 samples; the journal holds 11');
    expect(stale.hint).toContain(`boxed score ${folder} --answers FILE`);
    await rm(file);
    await expect(readScore(folder, records)).rejects.toThrow(ScoreFileError);
  });
});
