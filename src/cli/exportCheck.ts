/** `boxed export --check`: how far an export's predictions are from those of the same checkpoint in fp32, on text. */
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { compareScorers, type Fidelity } from '../engine/fidelity.js';
import { UsageError } from '../errors.js';
import type { ExportedModel } from '../export/manifest.js';
import { resolveModel } from '../export/resolve.js';
import { scorerOf } from '../export/scorer.js';
import { readText } from '../files.js';
import { encode, readPrompts, tokenizerFor } from './generateInput.js';
import { ProgressLine } from './progress.js';
import { SAMPLE_TEXT } from './sampleText.js';

export interface CheckOptions {
  /** JSONL in the form of `boxed generate --input`, or any other file as one text; default: a text of our own. */
  readonly texts?: string;
  /** Tokens read at most. */
  readonly tokens: number;
  readonly exportFolder?: string;
}

/** Tokens read from one start. A longer window costs memory: logits of 256 tokens over 151,936 words take 156 MB. */
const WINDOW_TOKENS = 256;

/**
 * Compares `model`, an export of `checkpoint`, with its fp32 export, which is made for the time of the check where there is
 * none. @throws UsageError where there is no text of two tokens, and the errors of `resolveModel` and `scorerOf`
 */
export async function checkExport(
  checkpoint: string,
  model: ExportedModel,
  options: CheckOptions,
): Promise<Fidelity> {
  const windows = await readWindows(model, options);
  let made = false;
  const reference = await resolveModel(checkpoint, {
    device: 'cpu',
    dtype: 'fp32',
    ...(options.exportFolder !== undefined && { exportFolder: options.exportFolder }),
    onExport: (_, target) => {
      made = true;
      process.stderr.write(`exporting the fp32 reference to ${target}; it is removed after the check\n`);
    },
  });
  const line = new ProgressLine({ label: 'checking', unit: 'windows', rateUnit: 'tokens/s' });
  const update = (done: number) => line.update({ done, total: windows.length, amount: done * WINDOW_TOKENS });
  try {
    update(0);
    return await compareScorers(
      { model: await scorerOf(checkpoint, reference), folder: reference.folder },
      { model: await scorerOf(checkpoint, model), folder: model.folder },
      windows,
      { threads: availableParallelism(), onProgress: update },
    );
  } finally {
    line.stop();
    if (made) await rm(reference.folder, { recursive: true, force: true });
  }
}

/** Windows of the texts, each text from its start. */
async function readWindows(model: ExportedModel, options: CheckOptions): Promise<number[][]> {
  const windows: number[][] = [];
  let left = options.tokens;
  for (const tokens of await readTexts(model, options.texts)) {
    const width = Math.min(WINDOW_TOKENS, model.manifest.config.maxPositions);
    for (let start = 0; start + 1 < tokens.length && left > 1; start += width) {
      const window = tokens.slice(start, start + Math.min(width, left));
      if (window.length > 1) windows.push(window);
      left -= window.length;
    }
  }
  if (windows.length > 0) return windows;
  throw new UsageError('no text has two tokens', 'Give longer texts by --texts, or a larger --check-tokens.');
}

async function readTexts(model: ExportedModel, file: string | undefined): Promise<(readonly number[])[]> {
  if (file?.endsWith('.jsonl')) {
    const lines = await readPrompts(file);
    const tokenizer = await tokenizerFor(model, lines);
    return lines.map((line) => encode(line, tokenizer));
  }
  const text = file === undefined ? SAMPLE_TEXT : await readText(file);
  return [(await ChatTokenizer.open(model.folder)).encode(text)];
}
