/**
 * Reads answers out of random and mutated texts under every edition: `node dist/bench/answers.js [COUNT] [SEED]`.
 * Ends with status 1 when a text makes the reader throw, or takes longer than a text may.
 */
import { extractAnswer, firstSpanOfFinalAnswer } from '../src/answers/extract.js';
import { EDITIONS, type Edition } from '../src/problems/editions.js';
import { randomTexts } from '../test/support/randomTexts.js';

const COUNT = Number(process.argv[2] ?? 20_000);
const SEED = Number(process.argv[3] ?? Date.now() % 2 ** 31);
/** The longest that one text may take. */
const LIMIT_MS = 5;
/** The slowest are so many, and each is read so often again. */
const KEPT = 50;
const REPEATS = 50;
const WARM_UP = 2_000;

function readBoth(text: string, edition: Edition): number {
  const start = performance.now();
  extractAnswer(text, edition);
  firstSpanOfFinalAnswer(text, edition);
  return performance.now() - start;
}

const times = new Float64Array(COUNT);
const rules = new Map<string, number>();
/** Texts that seemed slowest; the machine may have been busy, so they are read again at the end. */
const slow: { ms: number; readonly text: string; readonly edition: Edition }[] = [];
let faults = 0;

for (const text of randomTexts(SEED ^ 1, WARM_UP)) for (const edition of EDITIONS) readBoth(text, edition);
let at = 0;
for (const text of randomTexts(SEED, COUNT)) {
  const edition = EDITIONS[at % EDITIONS.length]!;
  try {
    const { rule } = extractAnswer(text, edition);
    rules.set(rule, (rules.get(rule) ?? 0) + 1);
    const ms = readBoth(text, edition);
    times[at] = ms;
    if (slow.length < KEPT || ms > slow.at(-1)!.ms) {
      slow.push({ ms, text, edition });
      slow.sort((a, b) => b.ms - a.ms).splice(KEPT);
    }
  } catch (error) {
    faults++;
    const what = error instanceof Error ? error.stack : String(error);
    process.stderr.write(
      `text ${at} of seed ${SEED}, edition ${edition.name}: ${JSON.stringify(text)}\n${what}\n`,
    );
  }
  at++;
}
for (const candidate of slow)
  for (let repeat = 0; repeat < REPEATS; repeat++)
    candidate.ms = Math.min(candidate.ms, readBoth(candidate.text, candidate.edition));
const slowest = slow.reduce((a, b) => (b.ms > a.ms ? b : a));
times.sort();
const share = (part: number) => `${(times[Math.floor(part * (COUNT - 1))]! * 1000).toFixed(1)} us`;
const counts = [...rules].sort(([, a], [, b]) => b - a).map(([rule, count]) => `${rule} ${count}`);
process.stdout.write(
  `answers: ${COUNT} texts of seed ${SEED}, ${faults} faults; ${counts.join(', ')}\n` +
    `  reading one text and finding where its answer began: median ${share(0.5)}, 99 % ${share(0.99)}, ` +
    `slowest ${slowest.ms.toFixed(2)} ms (${slowest.edition.name}: ${JSON.stringify(slowest.text.slice(0, 200))})\n`,
);
if (faults > 0 || slowest.ms > LIMIT_MS) process.exitCode = 1;
