/**
 * Measures what a run costs that verifies guesses, in turns with runs that guess nothing:
 *   node dist/bench/guesses.js MODEL [--dtype int8] [--rows 1,2,4] [--guesses 0,1,2,4,8] [--context 200] [--runs 24] [--threads 2]
 * MODEL is a checkpoint or an export for the CPU. All guesses are wrong, so each run comes to one token: guessing pays where
 * more tokens come of a run than its cost in runs without guesses.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { openSession, sessionSetup } from '../src/engine/openSession.js';
import type { DecoderSession, Lookup, RowInput } from '../src/engine/types.js';
import { resolveModel } from '../src/export/resolve.js';
import { parseTarget } from '../src/export/target.js';

const SAMPLING = { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };
/** Tokens that prompts are made of and guesses are not. */
const PROMPT_TOKENS = 100;

/** Guesses the same token, which random weights hardly draw. */
const wrong = (count: number): Lookup => ({
  guess: () => new Array<number>(count).fill(PROMPT_TOKENS + 7),
  push: () => undefined,
  saw: () => undefined,
});

async function seatRows(session: DecoderSession, rows: number, context: number): Promise<number[]> {
  const prompt = Array.from({ length: context }, (_, at) => (at * 7) % PROMPT_TOKENS);
  const cache = session.begin(prompt)!;
  // All but the first time its beginning is known.
  const tokens = cache.length - cache.computed;
  if (tokens > 0) await session.prefill([{ prompt: cache, tokens }]);
  for (let row = 0; row < rows; row += 1) session.seat(row, cache);
  session.forget(cache);
  return prompt;
}

/** Milliseconds of a run, the median of `runs`, by number of guesses. */
async function measure(
  session: DecoderSession,
  rows: number,
  guesses: readonly number[],
  { context, runs }: { context: number; runs: number },
): Promise<number[]> {
  const times = guesses.map((): number[] => []);
  // The first turn writes to buffers for the first time.
  for (let turn = -1; turn < runs; turn += 1) {
    for (const [at, count] of guesses.entries()) {
      const prompt = await seatRows(session, rows, context);
      const input: RowInput = {
        nextToken: prompt.at(-1)!,
        position: context - 1,
        history: prompt,
        sampling: SAMPLING,
        stopTokens: [],
        remaining: count + 1,
        lookup: wrong(count),
      };
      const startedAt = performance.now();
      const options = { steps: count + 1, minActive: rows + 1, candidates: 64 };
      await session.decode(new Array<RowInput>(rows).fill(input), {
        ...options,
        uniform: new Float32Array((count + 1) * rows),
      });
      if (turn >= 0) times[at]!.push(performance.now() - startedAt);
    }
  }
  for (let row = rows - 1; row >= 0; row -= 1) session.release(row);
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(each.length / 2)]!);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dtype: { type: 'string' },
    rows: { type: 'string', default: '1,2,4' },
    guesses: { type: 'string', default: '0,1,2,4,8' },
    context: { type: 'string', default: '200' },
    runs: { type: 'string', default: '24' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const numbers = (list: string) => list.split(',').map(Number);
const model = await resolveModel(positionals[0]!, parseTarget('cpu', values.dtype));
const guesses = numbers(values.guesses);
process.stdout.write(`rows  ${guesses.map((count) => `${count} guesses`.padStart(18)).join('')}\n`);
const maxRows = Math.max(...numbers(values.rows));
const limits = { maxRows, threads: Number(values.threads), kvMemoryBytes: 2 ** 30 };
const session = await openSession(sessionSetup(model, limits));
for (const rows of numbers(values.rows)) {
  const settings = { context: Number(values.context), runs: Number(values.runs) };
  const times = await measure(session, rows, guesses, settings);
  const cells = times.map((ms) => `${ms.toFixed(2)} ms (${(ms / times[0]!).toFixed(2)})`.padStart(18));
  process.stdout.write(`${String(rows).padStart(4)}  ${cells.join('')}\n`);
}
await session.close();
