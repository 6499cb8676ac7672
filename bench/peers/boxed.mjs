/**
 * This program as one of those compared: decodes by the engine, greedily.
 *   node boxed.mjs CHECKPOINT DTYPE
 */
import { Engine } from '../../dist/src/engine/engine.js';
import { resolveModel } from '../../dist/src/export/resolve.js';
import { parseTarget } from '../../dist/src/export/target.js';
import { serveLines } from './lines.mjs';

const SAMPLING = { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

const [checkpoint, dtype] = process.argv.slice(2);
const model = await resolveModel(checkpoint, parseTarget('cpu', dtype));
let engine = null;
let openFor = '';
let count = 0;

/** Draws `tokens` for each row; returns them with the seconds it took, prompt included. */
async function draw(prompt, rows, tokens) {
  const drawn = [];
  count += 1;
  const startedAt = performance.now();
  await engine.generate(
    [
      {
        id: `bench-${count}`,
        promptTokens: prompt,
        samples: rows,
        sampling: SAMPLING,
        stopTokens: [],
        maxTokens: tokens,
        seed: 1,
      },
    ],
    { onSample: ({ index, tokens }) => drawn.push([index, Array.from(tokens)]) },
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, tokens: drawn.sort((a, b) => a[0] - b[0]).map(([, row]) => row) };
}

await serveLines(async ({ prompt, rows, tokens, warmUp, setting }) => {
  const key = JSON.stringify([rows, setting]);
  if (key !== openFor) {
    await engine?.close();
    engine = await Engine.open(model, { rows, threads: setting.threads });
    openFor = key;
    // Buffers grow to their size once.
    await draw(prompt, rows, warmUp + tokens);
  }
  // The prompt, and what happens once a request, is in both and goes away in the difference.
  const short = await draw(prompt, rows, warmUp);
  const long = await draw(prompt, rows, warmUp + tokens);
  return { seconds: long.seconds - short.seconds, tokens: long.tokens };
});
