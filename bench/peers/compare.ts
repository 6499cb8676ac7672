/**
 * Decode tokens/s of this program beside its peers, from the same weights, in turns, each at its best setting:
 *   node dist/bench/peers/compare.js --shapes tiny --rows 32 --contexts 128
 * Cases are added to the report in --json, so that they can be measured one by one; --print only shows it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readDecoderConfig } from '../../src/checkpoint/config.js';
import { integerFrom, integersFrom } from '../../src/cli/options.js';
import { BoxedError, UsageError } from '../../src/errors.js';
import { readText } from '../../src/files.js';
import { BENCH_SHAPES, type BenchShape, benchPrompt, CONTEXTS, makeCase, ROWS } from './cases.js';
import { agreement } from './check.js';
import { Arena, bestOf, type Figure, measureCase, type Trial } from './measure.js';
import { type Participant, participantsFor } from './participants.js';
import { PEER_DTYPES, preparePeers } from './prepare.js';
import { addCase, caseKey, formatReport, type Report, readReport } from './report.js';

interface Flags {
  shapes: string;
  rows: number[];
  contexts: number[];
  participants?: string;
  threads: number;
  turns: number;
  work: string;
  json: string;
  quick?: boolean;
  knownSettings?: boolean;
  prepare?: boolean;
  print?: boolean;
  check?: string;
}

const PEERS_FOLDER = fileURLToPath(new URL('../../../bench/peers', import.meta.url));
/** Least agreement of --check: a different model agrees by chance, near neighbours flip a token and what follows it. */
const LEAST_AGREEMENT = 0.95;

const command = new Command('compare')
  .option('--shapes <names>', 'of tiny, small, qwen2.5-0.5b', BENCH_SHAPES.map(({ name }) => name).join(','))
  .option('--rows <counts>', 'rows to measure at', integersFrom(1), [...ROWS])
  .option('--contexts <counts>', 'tokens of the prompts', integersFrom(2), [...CONTEXTS])
  .option('--participants <names>', 'some alone, such as boxed,node-llama-cpp')
  .option('--threads <count>', 'threads given to each', integerFrom(1), cpus().length)
  .option(
    '--turns <count>',
    'measurements of each; the best counts. 0 only tries settings',
    integerFrom(0),
    3,
  )
  .option('--work <folder>', 'where checkpoints and the files of the peers are made', 'bench/.synthetic')
  .option('--json <file>', 'report that cases are added to', 'bench/.synthetic/peers.json')
  .option('--quick', 'a quarter of the tokens, one turn, 1 and 32 rows of the small shapes at 128 tokens')
  .option('--known-settings', 'take the settings that were best in the report, where it has the case')
  .option('--prepare', 'only make the files')
  .option('--print', 'only print the report')
  .option('--check <checkpoint>', 'only see that all draw the same greedy tokens from a checkpoint')
  .action(main);

async function main(flags: Flags): Promise<void> {
  if (!existsSync(join(PEERS_FOLDER, 'node_modules')))
    throw new UsageError('the peers are not installed', 'Use make bench-peers, which installs them.');
  if (flags.print) {
    const report = await readReport(flags.json);
    process.stdout.write(report === null ? 'There is no report yet.\n' : formatReport(report));
  } else if (flags.check !== undefined) await check(flags.check, flags);
  else await compare(flags.quick ? quickly(flags) : flags);
}

function quickly(flags: Flags): Flags {
  return { ...flags, shapes: 'tiny,small', rows: [1, 32], contexts: [128], turns: 1 };
}

async function compare(flags: Flags): Promise<void> {
  const head = { machine: machine(), versions: await versions() };
  for (const name of flags.shapes.split(',')) {
    const shape = BENCH_SHAPES.find((known) => known.name === name);
    if (shape === undefined) throw new UsageError(`there is no shape ${name}`, 'See --help.');
    const checkpoint = join(flags.work, shape.name);
    makeCheckpoint(shape.name, checkpoint);
    const files = await preparePeers(checkpoint, shape.peerDtype);
    if (flags.prepare) continue;
    const { vocabSize } = await readDecoderConfig(checkpoint);
    const participants = chosen(
      participantsFor(shape, checkpoint, files, flags.threads, process.env.PEER_PYTHON),
      flags.participants,
    );
    const arena = new Arena();
    try {
      for (const context of flags.contexts)
        for (const rows of flags.rows) {
          const measured = makeCase(shape, rows, context, flags.quick ?? false);
          process.stderr.write(`${shape.name}, ${rows} rows, ${context} tokens of context\n`);
          const key = { shape: shape.name, rows, context };
          const save = (figures: readonly Figure[]) => {
            const measuredAt = new Date().toISOString();
            return addCase(flags.json, head, { ...key, tokens: measured.tokens, measuredAt, figures });
          };
          const figures = await measureCase(arena, participants, measured, benchPrompt(context, vocabSize), {
            turns: flags.turns,
            known: flags.knownSettings ? await knownSettings(flags.json, caseKey(key)) : new Map(),
            onNews: (text) => process.stderr.write(`  ${text}\n`),
            onTried: save,
          });
          await save(figures);
          process.stdout.write(`${caseKey(key)}: ${figures.map(summary).join(', ')}\n`);
        }
    } finally {
      arena.close();
    }
  }
}

async function check(checkpoint: string, flags: Flags): Promise<void> {
  const { vocabSize } = await readDecoderConfig(checkpoint);
  for (const dtype of PEER_DTYPES) {
    const files = await preparePeers(checkpoint, dtype);
    const shape: BenchShape = { ...BENCH_SHAPES[0]!, dtypes: [dtype], torchDtypes: ['float32'] };
    const all = participantsFor(shape, checkpoint, files, flags.threads, process.env.PEER_PYTHON);
    const participants = chosen(all, flags.participants);
    process.stdout.write(`${dtype}: greedy tokens equal to those of ${participants[0]!.name}\n`);
    for (const { name, equal, total } of await agreement(participants, vocabSize)) {
      process.stdout.write(`  ${equal} of ${total}: ${name}\n`);
      // Quantized differently, models differ.
      if (dtype === 'fp32' && equal < LEAST_AGREEMENT * total) process.exitCode = 1;
    }
  }
}

function chosen(participants: readonly Participant[], names: string | undefined): Participant[] {
  const wanted = names?.split(',');
  const found = participants.filter(({ name }) => wanted?.some((start) => name.startsWith(start)) ?? true);
  if (found.length > 0) return found;
  throw new UsageError(
    `none of them is called ${names}`,
    `There are: ${participants.map(({ name }) => name).join(', ')}.`,
  );
}

function makeCheckpoint(shape: string, folder: string): void {
  const script = fileURLToPath(new URL('../syntheticCheckpoint.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [script, shape, folder], { stdio: 'inherit' });
  if (status !== 0)
    throw new UsageError('the checkpoint was not made', 'Choose another --work folder.', { file: folder });
}

async function knownSettings(file: string, key: string): Promise<ReadonlyMap<string, readonly Trial[]>> {
  const known = (await readReport(file))?.cases.find((measured) => caseKey(measured) === key);
  const tried = known?.figures.filter(({ trials }) => trials.length > 0) ?? [];
  return new Map(tried.map(({ participant, trials }) => [participant, trials]));
}

function summary({ participant, tokensPerSecond, why }: Figure): string {
  if (why !== undefined) return `${participant} left out`;
  return tokensPerSecond.length === 0
    ? `${participant} tried`
    : `${participant} ${bestOf(tokensPerSecond).toFixed(1)}`;
}

function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
}

async function versions(): Promise<Report['versions']> {
  const versionOf = async (name: string): Promise<[string, string]> => {
    const manifest = await readText(join(PEERS_FOLDER, 'node_modules', name, 'package.json'));
    return [name, (JSON.parse(manifest) as { version: string }).version];
  };
  const found = Object.fromEntries([
    await versionOf('node-llama-cpp'),
    await versionOf('@huggingface/transformers'),
  ]);
  const python = process.env.PEER_PYTHON;
  if (python === undefined) return found;
  const code = 'import torch, transformers; print(torch.__version__, transformers.__version__)';
  const { stdout, status } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  if (status !== 0)
    throw new UsageError(
      `${python} cannot import torch and transformers`,
      'Set PEER_PYTHON to one that can.',
    );
  const [torch, transformers] = stdout.trim().split(' ');
  return { ...found, PyTorch: torch!, 'transformers (Python)': transformers! };
}

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof BoxedError)) throw error;
  process.stderr.write(`${error.name}: ${error.message}\n  ${error.hint}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
