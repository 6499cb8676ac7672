/**
 * transformers.js as one of those compared: a batch of rows, by `generate` or by its `forward` in a plain greedy loop.
 *   node transformersJs.mjs FOLDER
 */
import { resolve } from 'node:path';
import { AutoModelForCausalLM, DynamicCache, env, Tensor } from '@huggingface/transformers';
import { serveLines } from './lines.mjs';

env.allowRemoteModels = false;
env.localModelPath = '';
let model = null;
let threadsOfModel = 0;
let past = null;
let openFor = '';

async function openModel(threads) {
  await model?.dispose();
  model = await AutoModelForCausalLM.from_pretrained(resolve(process.argv[2]), {
    // The name of the file alone: the folder says what its weights are.
    dtype: 'fp32',
    device: 'cpu',
    local_files_only: true,
    session_options: {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableMemPattern: false,
      logSeverityLevel: 3,
    },
  });
  threadsOfModel = threads;
}

const int64 = (values, dims) => new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
const ones = (rows, width) => new Tensor('int64', new BigInt64Array(rows * width).fill(1n), [rows, width]);

/** What transformers.js makes up for a missing past has no rows, which GroupQueryAttention refuses. */
function emptyPast() {
  const { num_hidden_layers, num_key_value_heads, num_attention_heads, hidden_size } = model.config;
  const dims = [1, num_key_value_heads, 0, hidden_size / num_attention_heads];
  const names = Array.from({ length: num_hidden_layers }, (_, layer) => `past_key_values.${layer}`);
  return new DynamicCache(
    Object.fromEntries(
      names.flatMap((name) =>
        ['key', 'value'].map((part) => [`${name}.${part}`, new Tensor('float32', new Float32Array(0), dims)]),
      ),
    ),
  );
}

/** Keys and values of the prompt but its last token, computed once and repeated for each row. */
async function openPast(prompt, rows) {
  const width = prompt.length - 1;
  const outputs = await model.forward({
    input_ids: int64(prompt.slice(0, -1), [1, width]),
    attention_mask: ones(1, width),
    past_key_values: emptyPast(),
  });
  const entries = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    if (!name.startsWith('present.')) continue;
    const data = new Float32Array(rows * tensor.data.length);
    for (let row = 0; row < rows; row += 1) data.set(tensor.data, row * tensor.data.length);
    entries[name.replace('present', 'past_key_values')] = new Tensor('float32', data, [
      rows,
      ...tensor.dims.slice(1),
    ]);
  }
  return entries;
}

function likeliest(logits) {
  const [rows, , size] = logits.dims;
  const { data } = logits;
  return Array.from({ length: rows }, (_, row) => {
    let best = row * size;
    for (let at = best + 1; at < (row + 1) * size; at += 1) if (data[at] > data[best]) best = at;
    return best - row * size;
  });
}

async function drawByForward(prompt, rows, tokens, warmUp) {
  let cache = new DynamicCache(past);
  let next = new Array(rows).fill(prompt.at(-1));
  const drawn = next.map(() => []);
  let startedAt = 0;
  for (let step = 0; step < warmUp + tokens; step += 1) {
    if (step === warmUp) startedAt = performance.now();
    const outputs = await model.forward({
      input_ids: int64(next, [rows, 1]),
      attention_mask: ones(rows, prompt.length + step),
      past_key_values: cache,
    });
    next = likeliest(outputs.logits);
    for (const [row, token] of next.entries()) drawn[row].push(token);
    cache = new DynamicCache(
      Object.fromEntries(
        Object.entries(outputs)
          .filter(([name]) => name.startsWith('present.'))
          .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
      ),
    );
  }
  return { seconds: (performance.now() - startedAt) / 1000, tokens: drawn };
}

async function drawByGenerate(prompt, rows, tokens, warmUp) {
  let step = 0;
  let startedAt = 0;
  const prompts = Array.from({ length: rows }, () => prompt).flat();
  const sequences = await model.generate({
    inputs: int64(prompts, [rows, prompt.length]),
    attention_mask: ones(rows, prompt.length),
    past_key_values: new DynamicCache(past),
    max_new_tokens: warmUp + tokens,
    do_sample: false,
    eos_token_id: null,
    streamer: {
      // Called with the prompts first.
      put() {
        if (step === warmUp) startedAt = performance.now();
        step += 1;
      },
      end() {},
    },
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, tokens: sequences.tolist().map((row) => row.slice(prompt.length).map(Number)) };
}

await serveLines(async ({ prompt, rows, tokens, warmUp, setting }) => {
  if (setting.threads !== threadsOfModel) await openModel(setting.threads);
  const key = JSON.stringify([prompt, rows, setting.threads]);
  if (key !== openFor) {
    past = await openPast(prompt, rows);
    openFor = key;
  }
  const draw = setting.loop === 'generate' ? drawByGenerate : drawByForward;
  return draw(prompt, rows, tokens, warmUp);
});
