/** `boxed report`: one HTML file about one run or several, and the same numbers on the terminal. */
import { join } from 'node:path';
import { Command } from 'commander';
import { renderReport } from '../report/terminal.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { addRunScoresOptions, compareFolders, type RunScoresFlags, tableOptions } from './runScores.js';

interface ReportFlags extends RunScoresFlags {
  problems?: string;
  html?: string;
  json?: boolean;
}

const REPORT_FILE = 'report.html';

export function reportCommand(): Command {
  const command = new Command('report')
    .summary('Write the report of runs: plots, tables, every sample')
    .description(
      'Write one HTML file that opens offline: accuracy against tokens, votes and time, differences between runs, a map of\n' +
        'problems, every sample with its answer marked, settings and digests. Prints the same numbers.\n' +
        'Reads the scores that `boxed score` left, or scores the runs first when --answers is given.',
    )
    .argument('<runs...>', 'run folders');
  return addRunScoresOptions(command)
    .option('--problems <path>', 'show the texts of these problems: the set that the runs were made on')
    .option(
      '--html <file>',
      `where to write it; default: ${REPORT_FILE} in the run's folder, or beside the folder of the first run`,
    )
    .option('--json', 'print the numbers as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed report submissions/example --answers problems/pebble --problems problems/pebble --html report.html\n',
    )
    .action(report);
}

async function report(folders: string[], flags: ReportFlags): Promise<void> {
  const file = flags.html ?? join(folders[0]!, folders.length === 1 ? '.' : '..', REPORT_FILE);
  const runs = folders.length === 1 ? folders[0] : `${folders.length} runs`;
  process.stderr.write(
    `boxed ${VERSION} · report on ${runs} by ${flags.answers ?? 'the scores there are'}\n`,
  );
  const comparison = await compareFolders(folders, flags);
  const options = tableOptions(flags);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ file, ...comparison })}\n`
      : renderReport(comparison, { colors: wantsColours(process.stdout), ...options }),
  );
  const { writeReport } = await import('../report/writeReport.js');
  const problems = flags.problems === undefined ? {} : { problems: flags.problems };
  await writeReport(file, comparison, folders, { ...options, ...problems });
  process.stderr.write(`\nReport with plots and samples: ${file}\n`);
}
