/** `boxed compare`: several runs on the same problems, side by side. */
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { writeAtomically } from '../files.js';
import { renderComparison } from '../report/terminal.js';
import { type Comparison, compareScores } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { requireSameProblemFolders, scoreFolder, storedScore } from '../score/scoreFolder.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { withKeyProgress } from './keyProgress.js';

interface CompareFlags {
  answers?: string;
  budgets?: number[];
  html?: string;
  json?: boolean;
}

export function compareCommand(): Command {
  return new Command('compare')
    .summary('Compare runs: accuracy against tokens')
    .description(
      'Compare runs on the same problems: accuracy against tokens, and paired differences with intervals and p-values.\n' +
        'Reads the scores that `boxed score` left, or scores the runs first when --answers is given.',
    )
    .argument('<runs...>', 'run folders')
    .option(
      '--answers <path>',
      'score every run by this first: problem set folder, or a file with id and answer',
    )
    .option(
      '--budgets <list>',
      "token budgets of the table; default: steps up to each run's limit",
      budgetList,
    )
    .option('--html <file>', 'write the comparison with plots as one HTML file')
    .option('--json', 'print the comparison as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed compare submissions/SFT submissions/GRPO --answers problems/pebble --html report.html\n',
    )
    .action(compare);
}

async function compare(folders: string[], { answers, budgets, html, json }: CompareFlags): Promise<void> {
  process.stderr.write(
    `boxed ${VERSION} · comparing ${folders.length} runs by ${answers ?? 'the scores they hold'}\n`,
  );
  await requireSameProblemFolders(folders);
  // One after another: each journal may be large.
  const scores: Score[] = [];
  for (const folder of folders)
    scores.push(
      answers === undefined
        ? await storedScore(folder)
        : await withKeyProgress((onProgress) =>
            scoreFolder(folder, answers, budgets ? { budgets } : {}, onProgress),
          ),
    );
  if (budgets) requireBudgets(scores, budgets);
  const comparison = compareScores(scores);
  process.stdout.write(
    json
      ? `${JSON.stringify(comparison)}\n`
      : renderComparison(comparison, {
          colors: wantsColours(process.stdout),
          ...(budgets ? { budgets } : {}),
        }),
  );
  if (html !== undefined) await writeHtml(html, comparison, budgets);
}

async function writeHtml(file: string, comparison: Comparison, budgets?: readonly number[]): Promise<void> {
  // The plotting library takes a while to load, which no other command should wait for.
  const { renderHtml } = await import('../report/html.js');
  await writeAtomically(file, await renderHtml(comparison, budgets ? { budgets } : {}));
  process.stderr.write(`\nReport with plots: ${file}\n`);
}

/** A stored score holds the usual budgets; others need the answers again. */
function requireBudgets(scores: readonly Score[], budgets: readonly number[]): void {
  for (const { name, curve, settings } of scores) {
    const missing = budgets.filter(
      (budget) => budget <= settings.maxTokens && !curve.some((point) => point.budget === budget),
    );
    if (missing.length > 0)
      throw new UsageError(
        `the score of ${name} does not hold the budgets ${missing.join(', ')}`,
        'Give --answers, so that they can be computed.',
        { field: '--budgets' },
      );
  }
}

function budgetList(text: string): number[] {
  const budgets = text.split(',').map(Number);
  if (budgets.every((budget) => Number.isSafeInteger(budget) && budget >= 1))
    return [...new Set(budgets)].sort((a, b) => a - b);
  throw new InvalidArgumentError('Write whole numbers of tokens with commas between them: 64,128,256.');
}
