/** `score.json`: writing it, and reading it back as long as it is about the samples that are there now. */
import { join } from 'node:path';
import { z } from 'zod';
import { FINISHES, type RunDigests, type RunSettings } from '../core.js';
import { FileAccessError, readText, writeAtomically } from '../files.js';
import { ScoreFileError } from './errors.js';
import { type Estimate, INTERVAL_METHODS } from './intervals.js';
import { digestOfRecords, type SampleRecord } from './records.js';
import { SCORE_FORMAT, type Score } from './score.js';

export const SCORE_FILE = 'score.json';

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const estimate: z.ZodType<Estimate> = z.object({
  value: z.number(),
  interval: z.object({ low: z.number(), high: z.number(), method: z.enum(INTERVAL_METHODS) }).nullable(),
});
/** What is read of the settings; the others are shown as they stand, since the run that wrote them has checked them. */
const settingsRead = z.object({ maxTokens: count, seed: z.number(), samples: count });
const settings = z.custom<RunSettings>(
  (value) => settingsRead.safeParse(value).success,
  'not the settings of a run',
);
const digests: z.ZodType<RunDigests> = z.object({
  model: z.string(),
  problems: z.string(),
  prompt: z.string(),
});

const tokenSpread = z
  .object({
    samples: count,
    mean: z.number(),
    p5: z.number(),
    p25: z.number(),
    median: z.number(),
    p75: z.number(),
    p95: z.number(),
  })
  .nullable();

const scoreSchema: z.ZodType<Score> = z.object({
  format: z.literal(SCORE_FORMAT),
  name: z.string(),
  program: z.string(),
  modelName: z.string(),
  problemSet: z.string(),
  settings,
  digests,
  versions: z.record(z.string(), z.string()),
  source: z.object({ samples: count, samplesDigest: z.string(), answersDigest: z.string() }),
  problems: count,
  problemsSampled: count,
  samples: count,
  fewestSamples: count,
  mostSamples: count,
  finishes: z.record(z.enum(FINISHES), count),
  forced: z.object({ samples: count, counted: z.boolean() }),
  average: estimate,
  majority: estimate,
  pass: estimate,
  byVotes: z.array(z.object({ k: count, pass: estimate, majority: estimate, lost: estimate })),
  submission: z.object({ right: count, accuracy: estimate, rightIds: z.array(z.string()) }),
  meanTokens: estimate,
  tokensByOutcome: z.object({ right: tokenSpread, wrong: tokenSpread, silent: tokenSpread }),
  drawnTokens: count,
  truncationRate: share,
  noAnswerRate: share,
  accuracyOfStopped: share.nullable(),
  spread: z
    .object({
      standardError: z.number(),
      samplingShare: share,
      correlation: share,
      effectiveSamples: z.number(),
    })
    .nullable(),
  busySeconds: z.number(),
  wallCurve: z.array(z.object({ seconds: z.number(), samples: count, majority: estimate })),
  curve: z.array(z.object({ budget: count, accuracy: estimate, meanTokens: z.number() })),
  byProblem: z.array(
    z.object({
      id: z.string(),
      samples: count,
      right: count,
      rightIndices: z.array(count),
      majority: share,
      meanTokens: z.number(),
      answers: count,
    }),
  ),
});

/** Writes `score.json` into the run's folder, replacing an older one at once. @throws FileAccessError */
export async function writeScore(folder: string, score: Score): Promise<void> {
  await writeAtomically(join(folder, SCORE_FILE), `${JSON.stringify(score, null, 2)}\n`);
}

/**
 * Reads the score of a run and checks that it was made from `records`, the samples of its journal.
 * @throws ScoreFileError when there is none, it is damaged or of another version, or the samples have changed since.
 */
export async function readScore(folder: string, records: readonly SampleRecord[]): Promise<Score> {
  const file = join(folder, SCORE_FILE);
  const hint = `Run \`boxed score ${folder} --answers FILE\`, or give --answers here.`;
  const parsed = scoreSchema.safeParse(await readJson(file, hint));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ScoreFileError(`not a score of this version: ${issue?.message ?? 'unknown reason'}`, hint, {
      file,
      field: issue?.path.join('.'),
    });
  }
  if (parsed.data.source.samplesDigest !== digestOfRecords(records))
    throw new ScoreFileError(
      `made from ${parsed.data.source.samples} samples; the journal holds ${records.length}, and they are not the same ones`,
      hint,
      { file },
    );
  return parsed.data;
}

async function readJson(file: string, hint: string): Promise<unknown> {
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    if (error instanceof FileAccessError)
      throw new ScoreFileError('the run has no readable score', hint, { file });
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ScoreFileError('not JSON', hint, { file });
  }
}
