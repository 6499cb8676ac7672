/** `boxed evaluate`: the main job for one model. Leaves a run folder with submission files and a journal. */
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { VOTE_RULES } from '../answers/vote.js';
import { readGenerationDefaults } from '../checkpoint/generation.js';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { checkVocabulary } from '../checkpoint/vocabularyMatch.js';
import type { Run, RunSettings } from '../core.js';
import { DEFAULT_ROWS } from '../engine/engine.js';
import { requireFixedShapes } from '../engine/invarianceCheck.js';
import { describeDtype } from '../export/manifest.js';
import { digestOf } from '../files.js';
import { EDITIONS, editionOf } from '../problems/editions.js';
import { type ProblemSet, readProblems } from '../problems/problemSet.js';
import { type EvaluateResult, evaluateRun } from '../run/evaluate.js';
import { describeRun } from '../run/manifest.js';
import { checkBudget } from '../solve/budget.js';
import { defaultInFlight } from '../solve/defaults.js';
import { checkPrompt, DEFAULT_PROMPT } from '../solve/prompt.js';
import { VERSION } from '../version.js';
import { addBudgetOptions, type BudgetFlags, describePace, resolveBudget } from './budgetOptions.js';
import {
  addEngineOptions,
  addModelOptions,
  type EngineFlags,
  kvMemoryOf,
  type ModelFlags,
  openModelToRun,
} from './modelOptions.js';
import { formatBytes, formatMs, integerFrom } from './options.js';
import { ProgressLine } from './progress.js';
import {
  addSamplingOptions,
  describeSampling,
  resolveSampling,
  type SamplingFlags,
} from './samplingOptions.js';
import { addStopOptions, describeStops, resolveStops, type StopFlags } from './stopOptions.js';

interface EvaluateFlags extends ModelFlags, EngineFlags, SamplingFlags, StopFlags, BudgetFlags {
  model: string;
  problems: string;
  samples: number;
  maxTokens?: number;
  seed: number;
  edition?: string;
  vote: string;
  inFlight?: number;
  prompt?: string;
  out?: string;
  json?: boolean;
}

/** Tokens drawn where neither `--max-tokens` nor the checkpoint says how many. */
const DEFAULT_MAX_TOKENS = 8192;
const DEFAULT_EDITION = 'aimo3';
/** Hexadecimal digits of the settings' digest in a run's default name. */
const NAME_DIGEST_LENGTH = 8;

export function evaluateCommand(): Command {
  const editions = EDITIONS.map(({ name }) => name).join(', ');
  const command = new Command('evaluate')
    .summary('Solve a problem set with a model and write the submission')
    .description(
      'Draw samples for each problem, read the answers, vote, and write submission.csv and submission.parquet.\n' +
        'Prints the run folder. The same command again goes on with an interrupted run, or finds it complete.',
    )
    .requiredOption('--model <folder>', 'checkpoint (exported on demand), or an export')
    .requiredOption(
      '--problems <path>',
      'problem set folder, or a CSV, JSONL or Parquet file with id and problem',
    )
    .option('--samples <count>', 'samples of each problem', integerFrom(1), 16)
    .option(
      '--max-tokens <count>',
      "tokens of a sample at most; default: the checkpoint's, or 8192",
      integerFrom(1),
    )
    .option('--seed <number>', 'decides every draw and the order of the problems', integerFrom(0), 0)
    .option(
      '--edition <name>',
      `rules of answers: ${editions}; default: the problem set's, or ${DEFAULT_EDITION}`,
    )
    .option(
      '--in-flight <count>',
      'problems shown to the solver and not yet answered; default: 1 where an AIMO edition is named, else enough to fill the batch',
      integerFrom(1),
    )
    .addOption(
      new Option('--vote <rule>', 'how the answers of a problem become one')
        .choices(VOTE_RULES)
        .default('plurality'),
    )
    .option(
      '--prompt <template>',
      "user message with {problem} in it; default: the problem set's, or a request for \\boxed{}",
    )
    .option(
      '--out <folder>',
      'run folder; default: submissions/ and a name made of model, problems and settings',
    )
    .option('--json', 'print the result as JSON');
  addBudgetOptions(command);
  addSamplingOptions(command);
  addStopOptions(command);
  addModelOptions(command);
  addEngineOptions(command, DEFAULT_ROWS);
  return command
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed evaluate --model models/pebble-grpo --problems problems/pebble --samples 8 --time-budget 2m\n',
    )
    .action(evaluate);
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const startedAt = performance.timeOrigin;
  const problems = await readProblems(flags.problems);
  const editionName = flags.edition ?? problems.edition;
  const edition = editionOf(editionName ?? DEFAULT_EDITION);
  const named = editionName === null ? null : edition;
  const { settings: pace, predictor } = await resolveBudget(flags, named);
  const { timeBudgetMs } = pace;
  const inFlight = flags.inFlight ?? defaultInFlight(named, { ...flags, timeBudgetMs });
  if (timeBudgetMs !== null) checkBudget(timeBudgetMs, problems.problems.length, { ...flags, inFlight });
  const prompt = checkPrompt(flags.prompt ?? problems.prompt ?? DEFAULT_PROMPT);
  const model = await openModelToRun(flags.model, flags);
  const tokenizer = await ChatTokenizer.open(model.folder);
  checkVocabulary(model.folder, tokenizer.vocabSize, model.manifest.config.vocabSize);
  const defaults = await readGenerationDefaults(model.folder);
  const { config, digest, device } = model.manifest;

  const settings: RunSettings = {
    samples: flags.samples,
    maxTokens: flags.maxTokens ?? defaults.maxNewTokens ?? Math.min(DEFAULT_MAX_TOKENS, config.maxPositions),
    seed: flags.seed,
    sampling: resolveSampling(flags, defaults.sampling),
    edition: edition.name,
    vote: flags.vote,
    inFlight,
    ...pace,
    ...resolveStops(flags),
    dtype: describeDtype(model.manifest),
    device,
    batchInvariant: flags.batchInvariant ?? false,
  };
  if (settings.batchInvariant) requireFixedShapes(device, flags.draftTokens);
  const run = describeRun({
    modelName: basename(resolve(flags.model)),
    problems,
    settings,
    modelDigest: digest,
    promptDigest: digestOf(JSON.stringify([prompt, tokenizer.promptDigest])),
  });
  const folder = flags.out ?? join('submissions', defaultName(run));
  const kvMemoryBytes = kvMemoryOf(flags, model);
  printSettings(run, problems, folder, kvMemoryBytes);

  const line = new ProgressLine({
    label: run.modelName,
    unit: 'samples',
    rateUnit: 'tokens/s',
    onInterrupt: 'Interrupted. What was drawn is in the journal: the same command goes on from there.',
  });
  let result: EvaluateResult;
  try {
    result = await evaluateRun({
      folder,
      run,
      problems,
      modelFolder: resolve(model.folder),
      prompt,
      rows: flags.rows,
      threads: flags.threads ?? null,
      kvMemoryBytes,
      draftTokens: flags.draftTokens,
      predictor,
      startedAt,
      onProgress: ({ samples, solved, stats }) =>
        line.update({
          done: samples,
          total: problems.problems.length * settings.samples,
          amount: stats?.drawnTokens ?? 0,
          note: `${solved} answered`,
        }),
    });
  } finally {
    line.stop();
  }
  printResult(folder, result, performance.timeOrigin + performance.now() - startedAt, flags.json ?? false);
}

/** A name that two runs share only if everything that decides their tokens is equal. */
function defaultName(run: Run): string {
  const digest = digestOf(JSON.stringify([run.settings, run.digests])).slice(0, NAME_DIGEST_LENGTH);
  return `${run.modelName}.${run.problemSet}.x${run.settings.samples}.${digest}`;
}

function printSettings(
  { settings, modelName }: Run,
  problems: ProblemSet,
  folder: string,
  kvMemoryBytes: number,
): void {
  const budget =
    settings.timeBudgetMs === null ? 'no time budget' : `time budget ${formatMs(settings.timeBudgetMs)}`;
  process.stderr.write(
    `boxed ${VERSION} · ${modelName} on ${problems.name} (${problems.problems.length} problems, edition ${settings.edition})\n` +
      `  ${settings.samples} samples, at most ${settings.maxTokens} tokens, ${describeSampling(settings.sampling)}${describeStops(settings)}, ` +
      `seed ${settings.seed}, vote ${settings.vote}, ${budget}, ${describePace(settings)}, ${settings.inFlight} in flight, ${settings.dtype} on ${settings.device}${settings.batchInvariant ? ', batch-invariant' : ''}, ` +
      `${formatBytes(kvMemoryBytes)} for keys and values\n` +
      `  ${folder}\n`,
  );
}

function printResult(folder: string, result: EvaluateResult, ms: number, json: boolean): void {
  const predictions = [...result.predictions.values()];
  const fallbacks = predictions.filter(({ fallback }) => fallback).length;
  const tokens = result.stats?.drawnTokens ?? 0;
  if (json) {
    const { resumedSamples } = result;
    const summary = {
      folder,
      problems: predictions.length,
      fallbacks,
      resumedSamples,
      drawnTokens: tokens,
      promptTokens: result.stats?.promptTokens ?? 0,
      sharedPromptTokens: result.stats?.sharedPromptTokens ?? 0,
      mostRows: result.stats?.mostRows ?? 0,
      seconds: ms / 1000,
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const drawn = tokens > 0 ? `${tokens.toLocaleString('en-US')} tokens drawn` : 'nothing left to draw';
  const resumed = result.resumedSamples > 0 ? `, ${result.resumedSamples} samples from the journal` : '';
  process.stderr.write(
    `  ${predictions.length} problems answered (${fallbacks} without a vote), ${drawn}${resumed}, ${formatMs(ms)}; sealed\n`,
  );
  process.stdout.write(`${folder}\n`);
}
