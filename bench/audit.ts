/**
 * Audits a made-up corpus for problems/pebble and 200 made-up problems: `node dist/bench/audit.js [MEGABYTES] [THREADS]`. Documents
 * and problems are mathematical prose of the same words, with LaTeX; nine documents in ten have characters beyond ASCII; every
 * 20,000th holds a problem. Prints seconds, MB/s, processor time and peak memory, and
 * ends with status 1 when a planted problem is missed or another one is found.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCorpora } from '../src/audit/audit.js';
import { readProblems } from '../src/problems/problemSet.js';

const MEGABYTES = Number(process.argv[2] ?? 1000);
const THREADS = Number(process.argv[3] ?? availableParallelism());
const PROBLEMS = 'problems/pebble';
const PLANT_EVERY = 20_000;
const MADE_UP = 200;
const SAMPLE_MS = 50;

const WORDS = (
  'the of and to in a is that we it for let be as number with sum integer prime positive such find all real function then ' +
  'where by which are this if hence since each triangle circle point line angle area side length ratio root polynomial ' +
  'sequence term remainder divisor multiple set subset element probability expected value minimum maximum proof solution ' +
  'obtain follows therefore because suppose given denote consider equation identity inequality graph vertex edge path cycle'
).split(' ');
const FORMULAS = [
  '$x^2+1$',
  '$\\frac{a}{b}$',
  '\\(n \\le 100\\)',
  '$\\sqrt{2}$',
  '$a_{n+1} = 2a_n + 3$',
  '$p \\mid q$',
];
const BEYOND_ASCII = ['naïve', 'x ≤ 5', '“quoted”', 'π/2', 'Poincaré', '数学'];

let state = 7;
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}
/** Rarer words, so that there are as many as in a language. */
const RARE = Array.from({ length: 8000 }, () =>
  Array.from({ length: 4 + below(7) }, () => String.fromCharCode(97 + below(26))).join(''),
);
/** By Zipf's law the word of rank r has a probability of about 1/r. */
function word(): string {
  const rank = Math.floor((WORDS.length + RARE.length) ** (below(1_000_000) / 1_000_000)) - 1;
  return WORDS[rank] ?? RARE[rank - WORDS.length]!;
}

function prose(words: number, isPlain: boolean): string {
  const parts: string[] = [];
  for (let at = 0; at < words; at += 1) {
    const kind = below(20);
    if (kind === 0) parts.push(FORMULAS[below(FORMULAS.length)]!);
    else if (kind === 1) parts.push(String(below(1000)));
    else if (kind === 2) parts.push(`${word()}.\n`);
    else if (kind === 3 && !isPlain) parts.push(BEYOND_ASCII[below(BEYOND_ASCII.length)]!);
    else parts.push(word());
  }
  return parts.join(' ');
}

const folder = await mkdtemp(join(tmpdir(), 'boxed-audit-'));
try {
  const pebble = await readProblems(PROBLEMS);
  const madeUp = Array.from({ length: MADE_UP }, (_, at) => ({
    id: `made-up-${at}`,
    text: prose(30 + below(90), true),
  }));
  const sets = [pebble, { name: 'made-up', date: null, problems: madeUp }];
  const problems = sets.flatMap((set) => set.problems);
  const file = join(folder, 'corpus.jsonl');
  const output = createWriteStream(file);
  const planted = new Set<string>();
  let [written, documents] = [0, 0];
  // Documents are drawn from a pool: making each anew would take longer than the audit.
  const pool = Array.from({ length: 4000 }, (_, at) => prose(40 + below(400), at % 10 !== 0));
  while (written < MEGABYTES * 1e6) {
    documents += 1;
    const isPlanted = documents % PLANT_EVERY === 0;
    const problem = problems[below(problems.length)]!;
    if (isPlanted) planted.add(problem.id);
    const text = `${pool[below(pool.length)]}${isPlanted ? `\n${problem.text}\n` : ' '}${pool[below(pool.length)]}`;
    const line = `${JSON.stringify({ id: documents, source: 'made up', text })}\n`;
    written += Buffer.byteLength(line);
    if (!output.write(line)) await once(output, 'drain');
  }
  await new Promise<void>((resolve) => output.end(resolve));

  let peakBytes = 0;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const processor = process.cpuUsage();
  const report = await auditCorpora(sets, [file], { threads: THREADS });
  clearInterval(sampler);
  const { user, system } = process.cpuUsage(processor);
  const found = new Set(report.problems.filter(({ level }) => level === 'exact').map(({ id }) => id));
  process.stdout.write(
    `${(report.bytes / 1e6).toFixed(0)} MB, ${report.documents} documents, ${THREADS} threads: ` +
      `${report.seconds.toFixed(1)} s, ${(report.bytes / 1e6 / report.seconds).toFixed(0)} MB/s, ${((user + system) / 1e6).toFixed(1)} s of processor time, ` +
      `peak memory ${Math.round(peakBytes / 1e6)} MB; ${found.size} of ${planted.size} planted problems found, ` +
      `${report.problems.filter(({ level }) => level !== null && level !== 'exact').length} others in other ways\n`,
  );
  if (found.size !== planted.size || [...found].some((id) => !planted.has(id))) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
