/**
 * A key at rest that nobody reads by accident: a salted, slow digest of each answer in place of the answer. It says
 * whether a given answer is the right one, and costs as much for each guess.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { AnswerValue } from '../core.js';
import { readText, writeAtomically } from '../files.js';
import { BadSealedKeyError } from './errors.js';

export const SEALED_KEY_FILE = 'answers.sealed.json';
export const SEALED_KEY_FORMAT = 1;

/**
 * scrypt (C. Percival: Stronger Key Derivation via Sequential Memory-Hard Functions, 2009; RFC 7914) with 8 MiB and about
 * 20 ms for each guess: the 1,000 answers that a problem of AIMO1 or AIME can have take 20 s of one core, the 100,000 of
 * AIMO3 half an hour, and scoring 256 problems takes seconds, since it asks about the answers alone that were given.
 */
export const SEALING_COST = { name: 'scrypt', N: 8_192, r: 8, p: 1 } as const;

const SALT_BYTES = 16;
const DIGEST_BYTES = 32;

/** A file that asks for more is no key of ours, and would stop the machine. */
const MAX_MEMORY_BYTES = 2 ** 28;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${bytes} bytes in hexadecimal`);

const CostShape = z.strictObject({
  name: z.literal('scrypt'),
  N: z.int().refine((value) => value > 1 && Number.isInteger(Math.log2(value)), 'expected a power of two'),
  r: z.int().positive(),
  p: z.int().positive().max(16),
});
type Cost = z.infer<typeof CostShape>;

const KeyShape = z.strictObject({
  format: z.literal(SEALED_KEY_FORMAT),
  /** Edition by whose rules the answers were read. */
  edition: z.string(),
  /** Digest of the problem set, as in `run.json`; `null` where there were no problems beside the answers. */
  problems: hex(32).nullable(),
  cost: CostShape.refine(({ N, r }) => 128 * N * r <= MAX_MEMORY_BYTES, 'it asks for too much memory'),
  answers: z
    .array(z.strictObject({ id: z.string().min(1), salt: hex(SALT_BYTES), digest: hex(DIGEST_BYTES) }))
    .min(1),
});

export type SealedKey = z.infer<typeof KeyShape>;
export type SealedAnswer = SealedKey['answers'][number];

/** Seals one answer under a salt of its own: equal answers of two problems have nothing in common. */
export async function sealAnswer(id: string, value: AnswerValue): Promise<SealedAnswer> {
  const salt = randomBytes(SALT_BYTES).toString('hex');
  return { id, salt, digest: (await digestOf(id, value, salt, SEALING_COST)).toString('hex') };
}

/** Whether `value` is the answer that was sealed. */
export async function isSealedAnswer(
  { id, salt, digest }: SealedAnswer,
  value: AnswerValue,
  cost: Cost,
): Promise<boolean> {
  return timingSafeEqual(await digestOf(id, value, salt, cost), Buffer.from(digest, 'hex'));
}

/** Of the id, too: an entry cannot be moved to another problem. Two answers are equal if their canonical texts are. */
function digestOf(id: string, value: AnswerValue, salt: string, { N, r, p }: Cost): Promise<Buffer> {
  const secret = JSON.stringify([id, String(value)]);
  // Node's default bound is below what these parameters take.
  const options = { N, r, p, maxmem: 2 * 128 * N * r + 2 ** 20 };
  return new Promise((resolve, reject) => {
    scrypt(secret, Buffer.from(salt, 'hex'), DIGEST_BYTES, options, (error, digest) => {
      if (error) reject(error);
      else resolve(digest);
    });
  });
}

/** @throws BadSealedKeyError, FileAccessError */
export async function readSealedKey(file: string): Promise<SealedKey> {
  const hint = 'Give the file as `boxed seal` wrote it, or seal the answers again.';
  let value: unknown;
  const text = await readText(file);
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadSealedKeyError('not JSON', hint, { file });
  }
  const parsed = KeyShape.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BadSealedKeyError(issue?.message ?? 'not a sealed key', hint, {
      file,
      field: issue?.path.join('.'),
    });
  }
  const ids = parsed.data.answers.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined)
    throw new BadSealedKeyError(`two answers to "${twice}"`, hint, { file, field: 'answers' });
  return parsed.data;
}

/** @throws FileAccessError */
export async function writeSealedKey(file: string, key: SealedKey): Promise<void> {
  await writeAtomically(file, `${JSON.stringify(key, null, 1)}\n`);
}
