/**
 * Time and memory to open a real tokenizer, and to encode and decode 100,000 characters of several kinds:
 * `node --expose-gc dist/bench/tokenizer.js FOLDER` with a folder that holds tokenizer.json and tokenizer_config.json.
 */
import { readFile } from 'node:fs/promises';
import { ChatTokenizer } from '../src/checkpoint/tokenizer.js';

const LENGTH = 100_000;
/** Tokens of a long sample. */
const TOKENS = 32_000;
const REPEATS = 5;

function fill(text: string): string {
  return text.repeat(Math.ceil(LENGTH / text.length)).slice(0, LENGTH);
}

/** Draws characters with Knuth's linear congruential generator, so that every run sees the same text. */
function drawn(first: number, count: number): string {
  let state = 1;
  return Array.from({ length: LENGTH }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(first + Math.floor((state / 2 ** 32) * count));
  }).join('');
}

/** Milliseconds, the best of several. */
function best(work: () => unknown): number {
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('Give the folder of a tokenizer.');
const prose = fill(await readFile('README.md', 'utf8'));
const texts: Readonly<Record<string, string>> = {
  'prose (README.md)': prose,
  'prose without spaces': fill(prose.replace(/\s/g, '')),
  'random letters': drawn(0x61, 26),
  'random digits': drawn(0x30, 10),
  'one letter': fill('a'),
  spaces: fill(' '),
  'line breaks': fill('\n'),
  'random Chinese characters': drawn(0x4e00, 20_000),
  emoji: fill('👨‍👩‍👧😀'),
};

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const start = performance.now();
const tokenizer = await ChatTokenizer.open(folder);
const openMs = performance.now() - start;
globalThis.gc?.();
const heapMb = (process.memoryUsage().heapUsed - before) / 1e6;
console.log(`open ${openMs.toFixed(0)} ms, ${heapMb.toFixed(0)} MB of heap, ${tokenizer.vocabSize} tokens`);
for (const [name, text] of Object.entries(texts)) {
  const ids = tokenizer.encodeContinuation(text);
  const encodeMs = best(() => tokenizer.encodeContinuation(text));
  const decodeMs = best(() => tokenizer.decode(ids));
  console.log(
    `${name}: ${ids.length} tokens, encode ${encodeMs.toFixed(0)} ms, decode ${decodeMs.toFixed(0)} ms`,
  );
}
const sample = tokenizer.encodeContinuation(prose + prose).slice(0, TOKENS);
const characters = Math.floor(0.9 * tokenizer.decode(sample).length);
const coveringMs = best(() => tokenizer.tokensCovering(sample, characters));
console.log(`tokensCovering of ${sample.length} tokens: ${coveringMs.toFixed(0)} ms`);
