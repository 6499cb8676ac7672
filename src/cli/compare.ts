/** `boxed compare`: several runs on the same problems, side by side. */
import { Command } from 'commander';
import { renderComparison } from '../report/terminal.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { addRunScoresOptions, compareFolders, type RunScoresFlags, tableOptions } from './runScores.js';

interface CompareFlags extends RunScoresFlags {
  html?: string;
  json?: boolean;
}

export function compareCommand(): Command {
  const command = new Command('compare')
    .summary('Compare runs: accuracy against tokens')
    .description(
      'Compare runs on the same problems: accuracy against tokens, paired differences with intervals and p-values, which of\n' +
        'them are beyond noise, how many problems others would take, and what voting loses against a perfect choice.\n' +
        'Reads the scores that `boxed score` left, or scores the runs first when --answers is given.',
    )
    .argument('<runs...>', 'run folders');
  return addRunScoresOptions(command)
    .option('--html <file>', 'write the whole report as one HTML file, as `boxed report` does')
    .option('--json', 'print the comparison as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed compare submissions/SFT submissions/GRPO --answers problems/pebble --html report.html\n',
    )
    .action(compare);
}

async function compare(folders: string[], flags: CompareFlags): Promise<void> {
  process.stderr.write(
    `boxed ${VERSION} · comparing ${folders.length} runs by ${flags.answers ?? 'the scores they hold'}\n`,
  );
  const comparison = await compareFolders(folders, flags);
  const options = tableOptions(flags);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(comparison)}\n`
      : renderComparison(comparison, { colors: wantsColours(process.stdout), ...options }),
  );
  if (flags.html === undefined) return;
  // The plotting library takes a while to load, which no other command should wait for.
  const { writeReport } = await import('../report/writeReport.js');
  await writeReport(flags.html, comparison, folders, options);
  process.stderr.write(`\nReport with plots and samples: ${flags.html}\n`);
}
