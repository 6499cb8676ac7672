/** The options that say how a time budget is shared and when a problem stops early, and the settings they come to. */
import type { Command } from 'commander';
import type { RunSettings } from '../core.js';
import { UsageError } from '../errors.js';
import { digestOf } from '../files.js';
import type { Edition } from '../problems/editions.js';
import { defaultPace } from '../solve/defaults.js';
import { type Predictor, readPredictor } from '../solve/difficulty/predictor.js';
import { difficulty } from '../solve/policies/difficulty.js';
import { POLICIES, policyOf } from '../solve/policies/named.js';
import { NO_STOP, stopNames, stopRulesOf } from '../solve/stops/named.js';
import { durationMs } from './options.js';

export interface BudgetFlags {
  timeBudget?: number;
  budgetPolicy?: string;
  stop?: string;
  /** False after `--no-early-stop`. */
  earlyStop: boolean;
  budgetForcing?: boolean;
  difficulty?: string;
}

type BudgetSettings = Pick<
  RunSettings,
  'timeBudgetMs' | 'budgetPolicy' | 'stop' | 'budgetForcing' | 'difficulty'
>;

/** Adds `--time-budget --budget-policy --stop --no-early-stop --budget-forcing --difficulty`. */
export function addBudgetOptions(command: Command): Command {
  const policies = POLICIES.map(({ name }) => name).join(', ');
  return command
    .option('--time-budget <duration>', 'for the whole command, such as 5h or 90s; default: none', durationMs)
    .option(
      '--budget-policy <name>',
      `how problems share it: ${policies}; default: clamp with the default stop rule of an AIMO edition, else equal`,
    )
    .option(
      '--stop <rules>',
      `when a problem's other samples are cancelled: ${NO_STOP}, or agree:K, leader, arbitration with + between them; default: agree:4 in an AIMO edition under a time budget, else ${NO_STOP}`,
    )
    .option('--no-early-stop', `the same as --stop ${NO_STOP}: an honest average needs all samples`)
    .option(
      '--budget-forcing',
      'where a problem would end without an answer, open a box for samples that were cut; default: in an AIMO edition under a time budget',
    )
    .option('--no-budget-forcing', 'do not')
    .option('--difficulty <file>', 'predictor of `boxed difficulty train`, for the policy difficulty');
}

/**
 * The settings, and the predictor that they name.
 * @param edition the one that was named, by option or problem set; `null` when none was
 * @throws UsageError for unknown names and options that contradict each other, BadPredictorError, FileAccessError
 */
export async function resolveBudget(
  flags: BudgetFlags,
  edition: Edition | null,
): Promise<{ settings: BudgetSettings; predictor: Predictor | null }> {
  const timeBudgetMs = flags.timeBudget ?? null;
  const asked = flags.earlyStop ? (flags.stop ?? null) : NO_STOP;
  const pace = defaultPace(edition, timeBudgetMs, asked);
  const policy = policyOf(flags.budgetPolicy ?? pace.budgetPolicy);
  requireConsistent(flags, policy.name);
  const predictor = flags.difficulty === undefined ? null : await readPredictor(flags.difficulty);
  return {
    settings: {
      timeBudgetMs,
      budgetPolicy: policy.name,
      stop: stopNames(stopRulesOf(pace.stop)),
      budgetForcing: flags.budgetForcing ?? pace.budgetForcing,
      difficulty: predictor && digestOf(JSON.stringify(predictor)),
    },
    predictor,
  };
}

function requireConsistent(flags: BudgetFlags, policy: string): void {
  if (!flags.earlyStop && flags.stop !== undefined && flags.stop !== NO_STOP)
    throw new UsageError(`it contradicts --stop ${flags.stop}`, 'Give one of the two.', {
      field: '--no-early-stop',
    });
  const needsPredictor = policy === difficulty.name;
  if (needsPredictor && flags.difficulty === undefined)
    throw new UsageError(
      'the policy difficulty needs a predictor',
      'Make one with `boxed difficulty train` and give it as --difficulty FILE.',
      { field: '--budget-policy' },
    );
  if (!needsPredictor && flags.difficulty !== undefined)
    throw new UsageError(
      `the policy ${policy} does not use a predictor`,
      'Add --budget-policy difficulty, or leave the file out.',
      { field: '--difficulty' },
    );
}

/** Part of the line that shows a run's settings. */
export function describePace({ budgetPolicy, stop, budgetForcing, timeBudgetMs }: RunSettings): string {
  const parts = [stop === NO_STOP ? 'no early stop' : `stop by ${stop}`];
  if (timeBudgetMs !== null) parts.unshift(`shared by ${budgetPolicy}`);
  if (budgetForcing) parts.push('budget forcing');
  return parts.join(', ');
}
