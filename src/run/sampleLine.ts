/** A sample as one line of `samples.jsonl`: checked on the way out and on the way in. */
import { z } from 'zod';
import { answerValueOf } from '../answers/policy.js';
import { FINISHES, type Sample } from '../core.js';

/** JSON has no integers beyond 2^53: answers travel as text, integers as decimal digits, which no other value is. */
const AnswerText = z.codec(z.string().min(1), z.union([z.bigint(), z.string()]), {
  decode: answerValueOf,
  encode: String,
});

// A schema of the elements would take most of the time of reading a journal: a sample holds thousands of them.
const TokenIds = z.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every((token) => Number.isSafeInteger(token) && token >= 0),
  'expected token ids',
);

const Count = z.int().nonnegative();

const AnswerShape = z.strictObject({
  value: AnswerText.nullable(),
  rule: z.string(),
  span: z.tuple([Count, Count]).nullable(),
  warning: z.string().nullable(),
});

const SampleShape = z.strictObject({
  problemId: z.string(),
  index: Count,
  seed: z.int(),
  promptTokens: Count,
  tokens: TokenIds,
  text: z.string(),
  finish: z.enum(FINISHES),
  answer: AnswerShape,
  answerEnd: Count.nullable(),
  // Journals from before answers were forced lack it.
  forced: z
    .strictObject({ tokens: TokenIds, text: z.string(), answer: AnswerShape })
    .nullable()
    .default(null),
  logprob: z.number(),
  tailLogprob: z.number(),
  startedAt: z.number(),
  seconds: z.number().nonnegative(),
}) satisfies z.ZodType<Sample>;

const LineShape = SampleShape.extend({ run: z.string().optional() });

/** What is wrong with a line or sample, and in which field. */
export interface SampleFault {
  readonly what: string;
  readonly field: string | undefined;
}

export type Checked<Value> = { readonly value: Value } | { readonly fault: SampleFault };

/**
 * The line of a sample, with its newline. NaN and infinities have no place in JSON and are a fault.
 * @param runId marks the line as one of this run; `undefined` for runs that have no id
 */
export function encodeSample(sample: Sample, runId: string | undefined): Checked<string> {
  const encoded = z.safeEncode(SampleShape, sample as z.output<typeof SampleShape>);
  if (!encoded.success) return faultOf(encoded.error);
  const marked = runId === undefined ? encoded.data : { run: runId, ...encoded.data };
  return { value: `${JSON.stringify(marked)}\n` };
}

/** A sample, and the id of the run that its line is marked with; lines from before there were marks have none. */
export interface MarkedSample {
  readonly sample: Sample;
  readonly runId: string | undefined;
}

/** The sample of a line. */
export function decodeSample(line: string): Checked<MarkedSample> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { fault: { what: error instanceof Error ? error.message : String(error), field: undefined } };
  }
  const decoded = LineShape.safeParse(value);
  if (!decoded.success) return faultOf(decoded.error);
  const { run, ...sample } = decoded.data;
  return { value: { sample, runId: run } };
}

function faultOf(error: z.ZodError): { fault: SampleFault } {
  const issue = error.issues[0];
  return { fault: { what: issue?.message ?? 'not a sample', field: issue?.path.join('.') || undefined } };
}
