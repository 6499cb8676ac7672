/** `boxed train data`: the generated problems that the bundled checkpoints are trained and measured on. */
import { join } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { makeWritableFolder, writeAtomically } from '../files.js';
import { readProblems } from '../problems/problemSet.js';
import type { Example } from '../train/examples.js';
import { Choice } from '../train/tasks/choice.js';
import { drill } from '../train/tasks/drill.js';
import type { Level } from '../train/tasks/task.js';
import { makeTaskSet, type SetProblem } from '../train/tasks/taskSet.js';
import { integerFrom } from './options.js';

interface DataFlags {
  out: string;
  avoid?: string[];
  seed: number;
  base: number;
  sft: number;
  grpo: number;
}

/** Part of the base model's examples that are drills. */
const DRILL_SHARE = 0.55;
const EASY: readonly Level[] = [1, 2];
const HARD: readonly Level[] = [3, 4, 5];
/** Weights of concise, medium and verbose traces. */
const BASE_STYLES = [0.75, 0.25, 0];
const SFT_STYLES = [0.2, 0.4, 0.4];

export function trainDataCommand(): Command {
  return new Command('data')
    .summary('Generate problems with worked solutions')
    .description(
      'Write base.jsonl and sft.jsonl (problem, completion) and grpo.csv (id, problem, answer). No problem of sft.jsonl and grpo.csv\n' +
        'is in another file, nor in a set given by --avoid, in whatever wording.',
    )
    .requiredOption('--out <folder>', 'where the files go')
    .option('--avoid <problems...>', 'sets whose problems must not come')
    .option('--base <count>', 'easy problems and drills for the base model', integerFrom(0), 56_000)
    .option('--sft <count>', 'problems with traces', integerFrom(0), 4800)
    .option('--grpo <count>', 'problems with answers only', integerFrom(0), 2400)
    .option('--seed <number>', 'decides everything', integerFrom(0), 1)
    .addHelpText('after', '\nExample:\n  $ boxed train data --out data --avoid problems/pebble\n')
    .action(data);
}

async function data({ out, avoid = [], seed, base, sft, grpo }: DataFlags): Promise<void> {
  const taken = new Set<string>();
  for (const path of avoid) for (const { text } of (await readProblems(path)).problems) taken.add(text);
  const hard = { levels: HARD, taken };
  const grpoSet = makeTaskSet({ ...hard, seed: 3 * seed, count: grpo, styles: null });
  const sftSet = makeTaskSet({ ...hard, seed: 3 * seed + 1, count: sft, styles: SFT_STYLES });
  const drills = Math.round(base * DRILL_SHARE);
  const choice = new Choice(3 * seed + 2);
  // Easy problems are few, so they may come again; those of other levels are none of them.
  const easy = makeTaskSet({
    seed: 3 * seed + 2,
    count: base - drills,
    levels: EASY,
    taken: null,
    styles: BASE_STYLES,
  });
  const baseSet = [...easy.map(exampleOf), ...Array.from({ length: drills }, () => drill(choice))];
  await makeWritableFolder(out);
  await writeAtomically(join(out, 'base.jsonl'), lines(baseSet));
  await writeAtomically(join(out, 'sft.jsonl'), lines(sftSet.map(exampleOf)));
  const rows = grpoSet.map(({ family, text, answer }, at) => [`${family}-${at}`, text, answer]);
  await writeAtomically(join(out, 'grpo.csv'), stringify([['id', 'problem', 'answer'], ...rows]));
  process.stdout.write(`${out}: ${baseSet.length} base, ${sftSet.length} sft, ${grpoSet.length} grpo\n`);
}

function exampleOf({ text, completion }: SetProblem): Example {
  return { problem: text, completion: completion! };
}

function lines(examples: readonly Example[]): string {
  return examples.map((example) => `${JSON.stringify(example)}\n`).join('');
}
