/**
 * What `--batch-invariant` costs: two engines, one with it, draw the same samples of unequal lengths in turns.
 * `node dist/bench/batchInvariance.js MODEL [--dtype fp32] [--rows 1,8,32] [--tokens 128] [--turns 3]`
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Engine } from '../src/engine/engine.js';
import type { GenerateRequest } from '../src/engine/types.js';
import { resolveModel } from '../src/export/resolve.js';
import { parseTarget } from '../src/export/target.js';

/** Samples for each row: rows are refilled, and the last ones run out. */
const WAVES = 3;
const PROMPT_TOKENS = 64;
/** Thread pools go on spinning for a while after their last work. */
const REST_MS = 300;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dtype: { type: 'string', default: 'fp32' },
    rows: { type: 'string', default: '1,8,32' },
    tokens: { type: 'string', default: '128' },
    turns: { type: 'string', default: '3' },
  },
});
const model = await resolveModel(positionals[0] ?? 'models/pebble-sft', parseTarget('cpu', flags.dtype));
const { vocabSize } = model.manifest.config;

function requestsFor(rows: number, turn: number): GenerateRequest[] {
  return Array.from({ length: WAVES * rows }, (_, at) => ({
    ...{ id: `${turn}/${at}`, samples: 1, stopTokens: [], seed: 1 },
    promptTokens: Array.from({ length: PROMPT_TOKENS }, (_, token) => (20 + 7 * token + turn) % vocabSize),
    sampling: { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0.05, repetitionPenalty: 1 },
    // From half to one and a half of the average.
    maxTokens: Math.round(Number(flags.tokens) * (0.5 + ((at * 0.618) % 1))),
  }));
}

/** Tokens a second. */
async function rate(engine: Engine, requests: readonly GenerateRequest[]): Promise<number> {
  await setTimeout(REST_MS);
  const start = performance.now();
  await engine.generate(requests);
  return requests.reduce((sum, { maxTokens }) => sum + maxTokens, 0) / ((performance.now() - start) / 1000);
}

const middle = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

for (const rows of flags.rows.split(',').map(Number)) {
  const plain = await Engine.open(model, { rows });
  const openedAt = performance.now();
  const invariant = await Engine.open(model, { rows, batchInvariant: true });
  const openMs = performance.now() - openedAt;
  const [rates, invariantRates]: [number[], number[]] = [[], []];
  // The first turn is a warm-up.
  for (let turn = 0; turn <= Number(flags.turns); turn += 1) {
    rates.push(await rate(plain, requestsFor(rows, turn)));
    invariantRates.push(await rate(invariant, requestsFor(rows, turn)));
  }
  await plain.close();
  await invariant.close();
  const [before, after] = [middle(rates.slice(1)), middle(invariantRates.slice(1))];
  process.stdout.write(
    `${rows} rows: ${before.toFixed(0)} tokens/s, batch-invariant ${after.toFixed(0)} (${(100 * (after / before - 1)).toFixed(0)} %), ` +
      `opened in ${openMs.toFixed(0)} ms\n`,
  );
}
