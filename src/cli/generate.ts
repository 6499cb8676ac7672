/** `boxed generate`: continuations of prompts, without problems or answers. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Command } from 'commander';
import pLimit from 'p-limit';
import { type GenerationDefaults, readGenerationDefaults, stopTokensOf } from '../checkpoint/generation.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { DEFAULT_ROWS, Engine } from '../engine/engine.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import { accessError } from '../files.js';
import { stopTextOf } from '../solve/answerStop.js';
import { encode, readPrompts, tokenizerFor } from './generateInput.js';
import {
  addEngineOptions,
  addModelOptions,
  type EngineFlags,
  kvMemoryOf,
  type ModelFlags,
  openModelToRun,
} from './modelOptions.js';
import { formatBytes, integerFrom } from './options.js';
import { ProgressLine } from './progress.js';
import {
  addSamplingOptions,
  describeSampling,
  resolveSampling,
  type SamplingFlags,
} from './samplingOptions.js';
import { addStopOptions, describeStops, resolveStops, type StopFlags } from './stopOptions.js';

interface GenerateFlags extends ModelFlags, EngineFlags, SamplingFlags, StopFlags {
  input: string;
  output: string;
  samples: number;
  maxTokens?: number;
  seed: number;
  ignoreEos?: boolean;
}

/** Tokens drawn where neither `--max-tokens` nor the checkpoint says how many. */
const DEFAULT_MAX_TOKENS = 512;

export function generateCommand(): Command {
  const command = new Command('generate')
    .summary('Draw continuations of prompts')
    .description(
      'Draw continuations. Input lines: {"id", "tokens": [ids]}, {"id", "text"} or {"id", "messages": [{"role", "content"}]}.\n' +
        'Output lines, in the order of the input: {"id", "index", "tokens", "text", "finish", "logprobs", "seconds"};\n' +
        'tokens include the stop token, text does not and is null where the model folder has no tokenizer. A text that\n' +
        'ends a sample (--stop-text, --stop-at-answer) stays part of both.',
    )
    .argument('<model>', 'checkpoint folder (exported on demand), or an export')
    .requiredOption('--input <file>', 'JSON lines')
    .requiredOption('--output <file>', 'JSON lines')
    .option('--samples <count>', 'continuations of each prompt', integerFrom(1), 1)
    .option('--max-tokens <count>', "tokens at most; default: the checkpoint's, or 512", integerFrom(1))
    .option('--seed <number>', 'decides every draw', integerFrom(0), 0)
    .option('--ignore-eos', 'go on past the end-of-sequence token');
  addSamplingOptions(command);
  addStopOptions(command);
  addModelOptions(command);
  addEngineOptions(command, DEFAULT_ROWS);
  return command
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed generate models/pebble-grpo --input prompts.jsonl --output out.jsonl --samples 4 --top-p 0.9\n',
    )
    .action(generate);
}

async function generate(path: string, flags: GenerateFlags): Promise<void> {
  const prompts = await readPrompts(flags.input);
  const model = await openModelToRun(path, flags);
  const defaults = await readGenerationDefaults(model.folder);
  const template = requestTemplate(flags, defaults, stopTokensOf(model.manifest.config, defaults));
  const tokenizer = await tokenizerFor(model, prompts, template.stopText !== undefined);
  // The id of a line need not be unique; its number is.
  const requests = prompts.map((prompt) => ({
    ...template,
    id: prompt.key,
    promptTokens: encode(prompt, tokenizer),
  }));
  const kvMemoryBytes = kvMemoryOf(flags, model);
  const write = await lineWriter(flags.output);
  process.stderr.write(
    `${prompts.length} prompts × ${flags.samples} samples, at most ${template.maxTokens} tokens, ` +
      `${describeSampling(template.sampling)}${describeStops(resolveStops(flags))}, seed ${flags.seed}, ${formatBytes(kvMemoryBytes)} for keys and values\n`,
  );

  const engine = await Engine.open(model, {
    rows: flags.rows,
    readsText: template.stopText !== undefined,
    kvMemoryBytes,
    draftTokens: flags.draftTokens,
    batchInvariant: flags.batchInvariant ?? false,
    ...(flags.threads !== undefined && { threads: flags.threads }),
  });
  const line = new ProgressLine({ label: 'generating', unit: 'samples', rateUnit: 'tokens/s' });
  const total = requests.length * flags.samples;
  let done = 0;
  const progress = () => line.update({ done, total, amount: engine.stats.drawnTokens });
  const redraw = setInterval(progress, 250);
  // Enough open requests that the batch never runs dry, few enough that memory does not grow with the input.
  const limit = pLimit(2 * Math.ceil(flags.rows / flags.samples) + 2);
  const draw = async (request: GenerateRequest) => {
    const completions: Completion[] = [];
    await engine.generate([request], {
      onSample: (completion) => {
        completions.push(completion);
        done += 1;
      },
    });
    return completions.sort((a, b) => a.index - b.index);
  };
  try {
    progress();
    const drawn = requests.map((request) => limit(draw, request));
    for (const promise of drawn) promise.catch(() => undefined);
    for (const [at, promise] of drawn.entries()) {
      for (const completion of await promise) {
        await write(outputLine(prompts[at]!.id, completion, tokenizer, template.stopTokens));
      }
    }
    progress();
  } finally {
    clearInterval(redraw);
    line.stop();
    limit.clearQueue();
    await engine.close();
    await write(null);
  }
}

function requestTemplate(
  flags: GenerateFlags,
  defaults: GenerationDefaults,
  stopTokens: readonly number[],
): Omit<GenerateRequest, 'id' | 'promptTokens'> {
  const stops = resolveStops(flags);
  const stopText = stopTextOf(stops, null);
  return {
    samples: flags.samples,
    sampling: resolveSampling(flags, defaults.sampling),
    stopTokens: flags.ignoreEos ? [] : stopTokens,
    ...(stopText && { stopText }),
    stopLoops: stops.stopLoops,
    maxTokens: flags.maxTokens ?? defaults.maxNewTokens ?? DEFAULT_MAX_TOKENS,
    seed: flags.seed,
  };
}

function outputLine(
  id: string | number,
  completion: Completion,
  tokenizer: ChatTokenizer | null,
  stopTokens: readonly number[],
): string {
  const tokens = Array.from(completion.tokens);
  const spoken = stopTokens.includes(tokens.at(-1) ?? -1) ? tokens.slice(0, -1) : tokens;
  return JSON.stringify({
    id,
    index: completion.index,
    tokens,
    text: tokenizer ? tokenizer.decode(spoken) : null,
    finish: completion.finish,
    logprobs: Array.from(completion.logprobs),
    seconds: completion.seconds,
  });
}

/** Opens a file for lines; `null` closes it. @throws FileAccessError before anything is drawn. */
async function lineWriter(file: string): Promise<(line: string | null) => Promise<void>> {
  const stream = createWriteStream(file);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw accessError('write', file, error);
  }
  let failure: unknown = null;
  stream.on('error', (error) => {
    failure = error;
  });
  return async (line) => {
    if (line === null) {
      // A stream that failed has closed already; what went wrong is in `failure`.
      await finished(stream.end()).catch(() => undefined);
    } else if (!stream.write(`${line}\n`) && failure === null) {
      await once(stream, 'drain').catch(() => undefined);
    }
    if (failure !== null) throw accessError('write', file, failure);
  };
}
