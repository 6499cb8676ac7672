/** The scores of several run folders, for the commands that set them side by side. */
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { type Comparison, compareScores } from '../score/comparison.js';
import type { Score } from '../score/score.js';
import { requireSameProblemFolders, scoreFolder, storedScore } from '../score/scoreFolder.js';
import { withKeyProgress } from './keyProgress.js';

export interface RunScoresFlags {
  answers?: string;
  budgets?: number[];
  differences?: number[];
}

export function addRunScoresOptions(command: Command): Command {
  return command
    .option(
      '--answers <path>',
      'score every run by this first: problem set folder, or a file with id and answer',
    )
    .option(
      '--budgets <list>',
      "token budgets of the table; default: steps up to each run's limit",
      budgetList,
    )
    .option(
      '--differences <list>',
      'differences of accuracy, in points, whose price in problems is told; default: 1,5',
      differenceList,
    );
}

/** Compares the runs in `folders` by the scores they hold, or scores them first when there are answers. */
export async function compareFolders(
  folders: readonly string[],
  { answers, budgets }: RunScoresFlags,
): Promise<Comparison> {
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
  return compareScores(scores);
}

/** What the flags ask of the tables. */
export function tableOptions({ budgets, differences }: RunScoresFlags) {
  return { ...(budgets ? { budgets } : {}), ...(differences ? { differences } : {}) };
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

/** Points as shares: a hundredth of a point to all of the hundred. */
function differenceList(text: string): number[] {
  const shares = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part) / 100));
  if (shares.every((share) => share >= 1e-4 && share <= 1)) return [...new Set(shares)].sort((a, b) => a - b);
  throw new InvalidArgumentError('Write points with commas between them: 1,2.5,5.');
}
