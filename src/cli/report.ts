/** `boxed report`: one HTML file about runs and trainings, and the same numbers on the terminal. */
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { renderReport } from '../report/terminal.js';
import { readTrainingLog, type TrainingLog } from '../report/training/log.js';
import type { Comparison } from '../score/comparison.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { addRunScoresOptions, compareFolders, type RunScoresFlags, tableOptions } from './runScores.js';

interface ReportFlags extends RunScoresFlags {
  training?: string[];
  problems?: string;
  html?: string;
  json?: boolean;
}

const REPORT_FILE = 'report.html';
const NO_RUNS: Comparison = { scores: [], pairs: [] };

export function reportCommand(): Command {
  const command = new Command('report')
    .summary('Write the report of runs and trainings: plots, tables, every sample')
    .description(
      'Write one HTML file that opens offline: accuracy against tokens, votes and time, differences between runs, a map of\n' +
        'problems, every sample with its answer marked, settings and digests; of trainings the loss, rewards, validations and\n' +
        'what they wrote. Prints the same numbers.\n' +
        'Reads the scores that `boxed score` left, or scores the runs first when --answers is given.',
    )
    .argument('[runs...]', 'run folders');
  return addRunScoresOptions(command)
    .option('--training <folders...>', 'trained checkpoints, or logs of trainings (log.jsonl)')
    .option('--problems <path>', 'show the texts of these problems: the set that the runs were made on')
    .option(
      '--html <file>',
      `where to write it; default: ${REPORT_FILE} in the folder, or beside the first of several`,
    )
    .option('--json', 'print the numbers as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ boxed report submissions/example --answers problems/pebble --problems problems/pebble --html report.html\n' +
        '  $ boxed report --training training/pebble-sft training/pebble-grpo --html training.html\n',
    )
    .action(report);
}

async function report(folders: string[], flags: ReportFlags): Promise<void> {
  const places = flags.training ?? [];
  if (folders.length + places.length === 0)
    throw new UsageError('there is nothing to report on', 'Give run folders, or --training FOLDER.');
  const file = flags.html ?? defaultFile([...folders, ...places]);
  process.stderr.write(
    `boxed ${VERSION} · report on ${subjects(folders, places)}${scoring(folders, flags)}\n`,
  );
  const trainings: TrainingLog[] = [];
  for (const place of places) trainings.push(await readTrainingLog(place));
  const comparison = folders.length === 0 ? NO_RUNS : await compareFolders(folders, flags);
  const options = { ...tableOptions(flags), trainings };
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ file, ...comparison, ...(places.length > 0 ? { trainings } : {}) }, plainMaps)}\n`
      : renderReport(comparison, { colors: wantsColours(process.stdout), ...options }),
  );
  const { writeReport } = await import('../report/writeReport.js');
  const problems = flags.problems === undefined ? {} : { problems: flags.problems };
  await writeReport(file, comparison, folders, { ...options, ...problems });
  process.stderr.write(`\nReport with plots and samples: ${file}\n`);
}

/** In the only folder, or beside the first of several; beside a log that was named itself. */
function defaultFile(places: readonly string[]): string {
  const [first] = places as [string];
  return join(
    first.endsWith('.jsonl') ? dirname(first) : first,
    places.length === 1 ? '.' : '..',
    REPORT_FILE,
  );
}

function subjects(runs: readonly string[], trainings: readonly string[]): string {
  const name = (places: readonly string[], what: string) =>
    places.length === 0 ? [] : [places.length === 1 ? places[0]! : `${places.length} ${what}`];
  return [...name(runs, 'runs'), ...name(trainings, 'trainings')].join(' and ');
}

function scoring(runs: readonly string[], { answers }: ReportFlags): string {
  return runs.length === 0 ? '' : ` by ${answers ?? 'the scores there are'}`;
}

/** JSON has no maps. */
function plainMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
