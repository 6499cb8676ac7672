/** Predicts the tokens that a problem needs from its text. A file made by `boxed difficulty train`. */
import { z } from 'zod';
import { BoxedError } from '../../errors.js';
import { readText } from '../../files.js';
import { type Row, times } from './ridge.js';
import { BUCKETS, COUNTS, countsOf, wordsOf } from './words.js';

/** The file is no predictor, or one of another version. */
export class BadPredictorError extends BoxedError {
  override readonly name = 'BadPredictorError';
}

/** Raised when features or their meaning change. */
export const PREDICTOR_FORMAT = 1;

/** What is known of token counts beside the forecasts; all in natural logarithms. */
const LengthLawShape = z.object({
  /** Mean over problems of the mean over samples of log tokens. */
  typicalLog: z.number(),
  /** Standard deviation of a problem's mean about its forecast, on held-out problems. */
  forecastSd: z.number().positive(),
  /** Standard deviation of a problem's samples about its mean. */
  sampleSd: z.number().positive(),
});
export type LengthLaw = z.output<typeof LengthLawShape>;

const PredictorShape = LengthLawShape.extend({
  format: z.literal(PREDICTOR_FORMAT),
  /** Means and standard deviations of the counts over the training problems. */
  countMeans: z.array(z.number()).length(COUNTS.length),
  countSds: z.array(z.number().positive()).length(COUNTS.length),
  /** Of the counts, then of the buckets. */
  weights: z.array(z.number()).length(COUNTS.length + BUCKETS),
  /** How it was made: for people. */
  training: z.object({
    problems: z.int(),
    runs: z.array(z.string()),
    /** Rank correlation of forecast and truth on held-out problems. */
    heldOutSpearman: z.number(),
  }),
});
export type Predictor = z.output<typeof PredictorShape>;

/** Standardised counts and hashed words of a text. */
export function featuresOf(text: string, scale: Pick<Predictor, 'countMeans' | 'countSds'>): Row {
  const counts = countsOf(text).map(
    (count, at) => [at, (count - scale.countMeans[at]!) / scale.countSds[at]!] as const,
  );
  return [...counts, ...wordsOf(text).map(([bucket, value]) => [COUNTS.length + bucket, value] as const)];
}

/** Forecast of the mean log tokens of a problem. */
export function forecast(predictor: Predictor, text: string): number {
  return predictor.typicalLog + times(featuresOf(text, predictor), predictor.weights);
}

/** Reads a predictor file. @throws BadPredictorError, FileAccessError */
export async function readPredictor(file: string): Promise<Predictor> {
  const text = await readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badPredictor(error instanceof Error ? error.message : String(error), file);
  }
  const parsed = PredictorShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badPredictor(issue?.message ?? 'not as described', file, issue?.path.join('.'));
}

function badPredictor(what: string, file: string, field?: string): BadPredictorError {
  const hint = 'Make one of this version with `boxed difficulty train`.';
  return new BadPredictorError(`not a predictor: ${what}`, hint, { file, field });
}
