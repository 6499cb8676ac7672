/**
 * node-llama-cpp as one of those compared: a context with a sequence for each row, whose evaluations it batches.
 *   node llamaCpp.mjs MODEL.gguf
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { serveLines } from './lines.mjs';

/** A context's size is that of all its sequences; llama.cpp rounds up to this. */
const SIZE_STEP = 256;

const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  maxThreads: 0,
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath: process.argv[2] });
let context = null;
let sequences = [];
let openFor = '';

/** Opens a context whose sequences all hold the prompt but its last token, computed once. */
async function openContext(prompt, rows, tokens, { threads, flashAttention, batchSize }) {
  await context?.dispose();
  const contextSize = Math.ceil((prompt.length + tokens) / SIZE_STEP) * SIZE_STEP;
  context = await model.createContext({
    sequences: rows,
    contextSize,
    threads,
    flashAttention,
    batchSize,
    ignoreMemorySafetyChecks: true,
  });
  sequences = Array.from({ length: rows }, () => context.getSequence());
  const past = prompt.slice(0, -1);
  await sequences[0].evaluateWithoutGeneratingNewTokens(past);
  const file = join(tmpdir(), `boxed-peers-${process.pid}.state`);
  await sequences[0].saveStateToFile(file);
  for (const sequence of sequences.slice(1)) await sequence.loadStateFromFile(file, { acceptRisk: true });
  await rm(file);
}

/** Draws `tokens` after the prompt in every sequence at once. */
async function draw(prompt, tokens, warmUp) {
  const total = warmUp + tokens;
  let drawn = 0;
  let startedAt = 0;
  const rows = await Promise.all(
    sequences.map(async (sequence) => {
      const row = [];
      for await (const token of sequence.evaluate([prompt.at(-1)], { temperature: 0, yieldEogToken: true })) {
        row.push(token);
        drawn += 1;
        if (drawn === warmUp * sequences.length) startedAt = performance.now();
        if (row.length === total) break;
      }
      return row;
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const sequence of sequences)
    await sequence.eraseContextTokenRanges([{ start: prompt.length - 1, end: sequence.nextTokenIndex }]);
  return { seconds, tokens: rows };
}

await serveLines(async ({ prompt, rows, tokens, warmUp, setting }) => {
  const key = JSON.stringify([prompt, rows, tokens, setting]);
  if (key !== openFor) {
    await openContext(prompt, rows, warmUp + tokens, setting);
    openFor = key;
  }
  return draw(prompt, tokens, warmUp);
});
