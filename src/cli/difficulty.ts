/** `boxed difficulty`: a predictor of the tokens that problems need, trained on journals. */
import { basename, resolve } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { writeAtomically } from '../files.js';
import { readProblems } from '../problems/problemSet.js';
import { readRun } from '../run/readRun.js';
import { type LengthExample, trainPredictor } from '../solve/difficulty/training.js';
import { VERSION } from '../version.js';

interface TrainFlags {
  problems: string[];
  out: string;
  json?: boolean;
}

export function difficultyCommand(): Command {
  const train = new Command('train')
    .summary('Train a predictor on journals')
    .description(
      'Learn from journals how many tokens a problem needs, from its text: ridge regression on hashed words and counts.\n' +
        'Says how well problems that were held out are ranked. No answer key is involved.',
    )
    .argument('<runs...>', 'run folders; those without a time budget tell most')
    .requiredOption('--problems <paths...>', 'the problem sets of the runs, for their texts')
    .requiredOption('--out <file>', 'predictor, for `evaluate --budget-policy difficulty --difficulty FILE`')
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed difficulty train submissions/RUN --problems problems/pebble --out difficulty.json\n',
    )
    .action(trainAction);
  return new Command('difficulty').summary('Predict the tokens that problems need').addCommand(train);
}

async function trainAction(folders: string[], { problems, out, json }: TrainFlags): Promise<void> {
  const sets = await Promise.all(problems.map(readProblems));
  const examples: LengthExample[] = [];
  for (const folder of folders) {
    const { run, samples } = await readRun(folder);
    const set = sets.find(({ digest }) => digest === run.digests.problems);
    if (set === undefined)
      throw new UsageError('none of the problem sets is the one of this run', 'Give it by --problems.', {
        file: folder,
        field: '--problems',
      });
    // Samples that were cut by a deadline or cancelled say only that the problem needed more.
    const tokens = new Map<string, number[]>(set.problems.map(({ id }) => [id, []]));
    for await (const sample of samples)
      if (sample.finish === 'stop' || sample.finish === 'length' || sample.finish === 'loop')
        tokens.get(sample.problemId)?.push(sample.tokens.length);
    const name = basename(resolve(folder));
    for (const { id, text } of set.problems) {
      const seen = tokens.get(id)!;
      if (seen.length > 0) examples.push({ run: name, problemId: id, text, tokens: seen });
    }
  }
  process.stderr.write(
    `boxed ${VERSION} · learning from ${examples.length} problems of ${folders.length} runs\n`,
  );
  const predictor = trainPredictor(examples);
  await writeAtomically(out, `${JSON.stringify(predictor)}\n`);
  const { training, forecastSd, sampleSd, typicalLog } = predictor;
  const figures = { ...training, typicalTokens: Math.exp(typicalLog), forecastSd, sampleSd };
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else
    process.stdout.write(
      `Rank correlation of forecast and tokens on held-out problems (Spearman, 10 folds): ${training.heldOutSpearman.toFixed(3)}\n` +
        `A forecast is off by a factor of ${Math.exp(forecastSd).toFixed(2)}, a sample of its problem's mean by ${Math.exp(sampleSd).toFixed(2)} (one standard deviation).\n` +
        `${out}\n`,
    );
}
