/** `boxed revote`: what other votes would have made of a run, from its journal alone. */
import { Command, Option } from 'commander';
import { VOTE_RULES, type VoteRule, voteRuleOf } from '../answers/vote.js';
import { renderRevote } from '../report/revote.js';
import { revoteFolder } from '../score/revoteFolder.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { withKeyProgress } from './keyProgress.js';
import { integerFrom } from './options.js';

interface RevoteFlags {
  rule: string;
  answers?: string;
  seed: number;
  json?: boolean;
}

const ALL = 'all';

export function revoteCommand(): Command {
  return new Command('revote')
    .summary('Replay the votes of a run by other rules')
    .description(
      'Count the votes in a run again, by one rule or by all: the answers that would have been handed in and, with the\n' +
        'answers, how many are right and how right a vote over k samples is. Needs no model and changes nothing.',
    )
    .argument('<run>', 'run folder, as `boxed evaluate` prints it')
    .addOption(new Option('--rule <name>', 'how to vote').choices([...VOTE_RULES, ALL]).default(ALL))
    .option(
      '--answers <path>',
      'problem set folder with answers.csv, or a file with id and answer; the run must be sealed',
    )
    .option('--seed <number>', 'of the subsets drawn where there are too many', integerFrom(0), 0)
    .option('--json', 'print the replay, with every answer, as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed revote submissions/example --rule all --answers problems/pebble\n',
    )
    .action(revote);
}

async function revote(folder: string, { rule, answers, seed, json }: RevoteFlags): Promise<void> {
  const rules: readonly VoteRule[] = rule === ALL ? VOTE_RULES : [voteRuleOf(rule)];
  process.stderr.write(
    `boxed ${VERSION} · voting again in ${folder} by ${rules.join(', ')}${answers ? `, scored by ${answers}` : ''}\n`,
  );
  const replay = await withKeyProgress((onProgress) =>
    revoteFolder(folder, rules, answers ?? null, seed, onProgress),
  );
  process.stdout.write(
    json ? `${JSON.stringify(replay)}\n` : renderRevote(replay, { colors: wantsColours(process.stdout) }),
  );
}
