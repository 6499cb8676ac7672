/** `boxed train sft`: epochs over worked solutions. */
import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { digestOf } from '../files.js';
import { ADAM_W } from '../train/adamW.js';
import { type Example, encodeExamples, readExamples, type TooLong } from '../train/examples.js';
import { readJournalExamples } from '../train/journalExamples.js';
import { newTensors, readModel, writeModelFolder } from '../train/modelFolder.js';
import { trainSft } from '../train/sft.js';
import { Trainer } from '../train/trainer.js';
import { VERSION } from '../version.js';
import { integerFrom, numberBetween } from './options.js';
import { ProgressLine } from './progress.js';
import {
  addTrainOptions,
  describeValidation,
  openTools,
  type TrainFlags,
  trainingFolder,
  withKeptState,
} from './trainOptions.js';

interface SftFlags extends TrainFlags {
  data?: string;
  journal?: string;
  answers?: string;
  perProblem: number;
  epochs: number;
  accumulate: number;
  weightDecay: number;
  tooLong: TooLong;
  fromScratch?: boolean;
}

/** Part of the learning rate that is left at the end. */
const FLOOR = 0.05;

export function trainSftCommand(): Command {
  const command = new Command('sft')
    .summary('Supervised fine-tuning on worked solutions')
    .description(
      'Train on problems with worked solutions, a number of epochs; after each the checkpoint is written and, with --validate, tried.\n' +
        'A training that was stopped goes on from its last saved state, to the same numbers. `boxed report --training` draws its log.',
    )
    .option('--data <file>', 'CSV, JSONL or Parquet with the columns problem and completion')
    .option('--journal <run>', 'or a run folder: its right samples, the shortest of each problem first')
    .option('--answers <problems>', 'with --journal: the set that the run was made on, with its answers')
    .option('--per-problem <count>', 'with --journal: samples of a problem at most', integerFrom(1), 4)
    .option('--epochs <count>', 'times through the data', integerFrom(1), 10)
    .option('--accumulate <count>', 'batches whose gradients make one step', integerFrom(1), 1)
    .option('--weight-decay <share>', 'decay of the matrices', numberBetween(0, 1), ADAM_W.weightDecay)
    .addOption(
      new Option('--too-long <what>', 'examples longer than the model: drop or truncate')
        .choices(['drop', 'truncate'])
        .default('drop'),
    )
    .option('--from-scratch', 'take shape and tokenizer of --model, and new weights');
  return addTrainOptions(command, { learningRate: 1.2e-3, warmUp: 50 })
    .addHelpText(
      'after',
      '\nExamples:\n  $ boxed train sft --model models/pebble-base --data sft.jsonl --epochs 10 --out models/mine --validate problems/pebble\n' +
        '  $ boxed train sft --model models/mine --journal submissions/RUN --answers problems/pebble --epochs 2 --out models/better\n',
    )
    .action(sft);
}

async function sft(flags: SftFlags): Promise<void> {
  const { config, tensors: read } = await readModel(flags.model);
  const tensors = flags.fromScratch ? newTensors(config, flags.seed) : read;
  const tools = await openTools(flags, config);
  const examples = await examplesOf(flags);
  const { tooLong, prompt } = flags;
  const encoded = encodeExamples(examples, tools.tokenizer, {
    prompt,
    tooLong,
    maxTokens: config.maxPositions,
  });
  if (encoded.texts.length === 0) {
    throw new UsageError('no example fits the model', 'Use --too-long truncate, or shorter examples.', {
      file: flags.data,
    });
  }
  const settings = {
    epochs: flags.epochs,
    learningRate: flags.learningRate,
    warmUpSteps: flags.warmUp,
    floor: FLOOR,
    batchTokens: flags.batchTokens,
    accumulate: flags.accumulate,
    seed: flags.seed,
  };
  const optimizer = { ...ADAM_W, weightDecay: flags.weightDecay };
  process.stderr.write(
    `boxed ${VERSION} · ${flags.model}${flags.fromScratch ? ' from scratch' : ''} · ${encoded.texts.length} examples` +
      ` (${encoded.dropped} dropped, ${encoded.truncated} truncated) · ${JSON.stringify(settings)}\n`,
  );
  const trainer = new Trainer(config, tensors, { threads: tools.threads, optimizer });
  const line = new ProgressLine({
    label: 'sft',
    unit: 'steps',
    rateUnit: 'steps/s',
    onInterrupt: 'Interrupted. The same command goes on from the last saved state.',
  });
  try {
    await withKeptState(flags.out, () =>
      trainSft({
        trainer,
        texts: encoded.texts,
        maxPositions: config.maxPositions,
        settings,
        identity: {
          stage: 'sft',
          settings,
          optimizer,
          prompt,
          tooLong,
          data: digestOf(JSON.stringify(examples)),
          weights: digestOf(Buffer.concat([...tensors.values()].map(({ data }) => Buffer.from(data.buffer)))),
        },
        folder: trainingFolder(flags.out),
        onStep: ({ step, totalSteps, epoch, loss, tokensPerSecond }) =>
          line.update({
            done: step,
            total: totalSteps,
            amount: step,
            note: `epoch ${epoch} · loss ${loss.toFixed(4)} · ${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`,
          }),
        onEpoch: async (epoch, trained) => {
          await writeModelFolder(flags.out, trained, flags.model);
          const result = await tools.validation(trained);
          if (result !== null) process.stderr.write(`\nepoch ${epoch}: ${describeValidation(result)}\n`);
          return result;
        },
      }),
    );
  } finally {
    line.stop();
    await trainer.close();
  }
  process.stdout.write(`${flags.out}\n`);
}

/** Examples of the file or the run that the flags name. @throws UsageError */
async function examplesOf({ data, journal, answers, perProblem }: SftFlags): Promise<Example[]> {
  if (data !== undefined && journal === undefined) return readExamples(data);
  if (data === undefined && journal !== undefined && answers !== undefined)
    return readJournalExamples(journal, { problems: answers, perProblem });
  throw new UsageError(
    'it is not clear what to learn from',
    'Give --data FILE, or --journal RUN with --answers PROBLEMS.',
  );
}
