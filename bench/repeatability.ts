/**
 * How much samples depend on what is computed beside them: draws the same samples under other batch sizes, orders and chunk
 * lengths, and compares tokens and log-probabilities with the first way.
 * `node dist/bench/repeatability.js [MODEL] [PROBLEMS] [--dtype fp32] [--batch-invariant]`
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChatTokenizer } from '../src/checkpoint/tokenizer.js';
import { Engine, type EngineOptions } from '../src/engine/engine.js';
import type { Completion } from '../src/engine/types.js';
import { resolveModel } from '../src/export/resolve.js';
import { parseTarget } from '../src/export/target.js';
import { readProblems } from '../src/problems/problemSet.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dtype: { type: 'string', default: 'fp32' },
    'batch-invariant': { type: 'boolean', default: false },
  },
});
const MODEL = positionals[0] ?? 'models/pebble-sft';
const PROBLEMS = Number(positionals[1] ?? 64);
const SAMPLES = 8;
const MAX_TOKENS = 512;

interface Way extends EngineOptions {
  readonly name: string;
  /** The last problem first. */
  readonly reversed?: boolean;
  /** Each problem in a call of its own, one after another. */
  readonly alone?: boolean;
}

const WAYS: readonly Way[] = [
  { name: '64 rows', rows: 64 },
  { name: '64 rows again', rows: 64 },
  { name: '64 rows, reversed', rows: 64, reversed: true },
  { name: '7 rows', rows: 7 },
  { name: '8 rows, a problem at a time', rows: 8, alone: true },
  { name: '1 row', rows: 1 },
  { name: '64 rows, chunks of 16', rows: 64, chunkSteps: 16 },
  { name: '64 rows, chunks of 200', rows: 64, chunkSteps: 200 },
  { name: '64 rows, 1 thread', rows: 64, threads: 1 },
];

const model = await resolveModel(MODEL, parseTarget('cpu', flags.dtype));
const tokenizer = await ChatTokenizer.open(MODEL);
const { problems } = await readProblems(join('problems', 'pebble'));
const requests = problems.slice(0, PROBLEMS).map(({ id, text }) => ({
  ...{ id, samples: SAMPLES, stopTokens: [0], maxTokens: MAX_TOKENS, seed: 3 },
  promptTokens: tokenizer.encodeChat([{ role: 'user', content: text }]),
  sampling: { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0.05, repetitionPenalty: 1 },
}));

async function draw({ reversed, alone, name, ...options }: Way): Promise<Map<string, Completion>> {
  const engine = await Engine.open(model, { ...options, batchInvariant: flags['batch-invariant'] });
  const drawn = new Map<string, Completion>();
  const onSample = (completion: Completion) => drawn.set(`${completion.id}/${completion.index}`, completion);
  const order = reversed ? requests.toReversed() : requests;
  if (alone) for (const request of order) await engine.generate([request], { onSample });
  else await engine.generate(order, { onSample });
  await engine.close();
  return drawn;
}

const [first, ...others] = WAYS;
const expected = await draw(first!);
const total = [...expected.values()].reduce((sum, { tokens }) => sum + tokens.length, 0);
process.stdout.write(
  `${expected.size} samples, ${total} tokens of ${MODEL} in ${flags.dtype}, against ${first!.name}\n`,
);
for (const way of others) {
  const start = performance.now();
  const drawn = await draw(way);
  let [otherTokens, otherBits, largest, compared] = [0, 0, 0, 0];
  for (const [key, { tokens, logprobs }] of drawn) {
    const reference = expected.get(key)!;
    const split = tokens.findIndex((token, at) => token !== reference.tokens[at]);
    const common = split < 0 ? tokens.length : split;
    if (split >= 0 || tokens.length !== reference.tokens.length) otherTokens += 1;
    for (let at = 0; at < common; at += 1) {
      const difference = Math.abs(logprobs[at]! - reference.logprobs[at]!);
      if (difference > 0) otherBits += 1;
      largest = Math.max(largest, difference);
    }
    compared += common;
  }
  process.stdout.write(
    `${way.name.padEnd(28)} ${otherTokens} samples with other tokens; ${((100 * otherBits) / compared).toFixed(2)} % of ` +
      `log-probabilities differ, by ${largest.toExponential(1)} at most; ${((performance.now() - start) / 1000).toFixed(0)} s\n`,
  );
}
