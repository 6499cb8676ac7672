/** `boxed score`: holds a finished run against the answer key. */
import { Command } from 'commander';
import { renderScore } from '../report/terminal.js';
import { SCORE_FILE } from '../score/scoreFile.js';
import { scoreFolder } from '../score/scoreFolder.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { withKeyProgress } from './keyProgress.js';

interface ScoreFlags {
  answers: string;
  countForced?: boolean;
  json?: boolean;
}

export function scoreCommand(): Command {
  return new Command('score')
    .summary('Score a finished run')
    .description(
      'Score a finished run: accuracy with intervals, votes, tokens, accuracy at token budgets.\n' +
        `Checks the seal of the submission before the answers are opened, and leaves ${SCORE_FILE} in the run folder.`,
    )
    .argument('<run>', 'run folder, as `boxed evaluate` prints it')
    .requiredOption(
      '--answers <path>',
      'problem set folder with its answers, a CSV, JSONL or Parquet file with id and answer, or a sealed key',
    )
    .option('--count-forced', 'count the answers of budget forcing as those of their samples')
    .option('--json', 'print the score as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed score submissions/RUN --answers problems/pebble/answers.csv\n',
    )
    .action(score);
}

async function score(folder: string, { answers, countForced = false, json }: ScoreFlags): Promise<void> {
  process.stderr.write(`boxed ${VERSION} · scoring ${folder} by ${answers}\n`);
  const result = await withKeyProgress((onProgress) =>
    scoreFolder(folder, answers, { countForced }, onProgress),
  );
  process.stdout.write(
    json ? `${JSON.stringify(result)}\n` : renderScore(result, { colors: wantsColours(process.stdout) }),
  );
}
